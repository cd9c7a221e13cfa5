/* SPDX-License-Identifier: MIT */
/*
 * conn.h - a connection: its place in the exchange, its buffers, its memory.
 *
 * The input buffer during a request:
 *
 *     data     start        head end    body_start   body_end        end
 *      |         |              |            |            |            |
 *      |  done   |     head     |   taken    | body, here | next ones  |
 *
 * `body_end == end` until the body is complete: nothing can follow an
 * incomplete body. An idle connection has no buffer.
 *
 * Memory of connections is never given back to malloc, only reused: an event
 * that was fetched for a connection that is gone finds either a free one, which
 * nobody can own, or another one, for which it means one look too many.
 */
#ifndef UPP_LOOP_CONN_H
#define UPP_LOOP_CONN_H

#include "../http/chunked.h"
#include "../http/head.h"
#include "output.h"
#include "timers.h"

#include <netinet/in.h>
#include <stdatomic.h>

struct upp_listener;

enum upp_conn_state {
    UPP_CONN_FREE,
    UPP_CONN_HEAD,    /* waits for a request, or the rest of its head */
    UPP_CONN_BODY,    /* collects the body that the application shall find ready */
    UPP_CONN_REQUEST, /* the application runs */
    UPP_CONN_FLUSH,   /* the response goes out */
    UPP_CONN_DISCARD, /* reads what the application left of the body */
    UPP_CONN_LINGER   /* has closed its side; reads until the client has */
};

/* Bits of `ownership`. A thread works on a connection only while it owns it; who fetches an event
 * for an owned one leaves the event's bit for the owner. */
#define UPP_CONN_OWNED 1U
#define UPP_CONN_EVENT 2U

struct upp_conn {
    struct upp_timer timer; /* first member: the timer lists give back its address */
    atomic_uint ownership;
    int fd;
    enum upp_conn_state state;
    int unconfirmed; /* UPP_CONN_FLUSH: bytes, when the timer was set */
    const struct upp_listener *listener;

    /* input */
    char *data;
    size_t capacity;
    size_t start;
    size_t end;
    size_t head_seen;   /* how far the end of the head was looked for */
    size_t head_length; /* of the current request */
    size_t body_start;
    size_t body_end;
    uint64_t body_left; /* UPP_BODY_LENGTH: bytes that did not come yet */
    uint64_t discarded; /* bytes of an unread body that were thrown away */
    struct upp_chunked chunked;
    enum upp_body_kind body;
    unsigned readable : 1;  /* the socket may have more than was read */
    unsigned hangup : 1;    /* its end may be near: a short read does not mean that it is empty */
    unsigned watched : 1;   /* it is in the epoll set */
    unsigned keep_open : 1; /* another request may follow this one */
    unsigned close_after : 1;
    unsigned reset_after : 1;
    unsigned lingers : 1; /* close so that the client can read the answer first */
    unsigned held : 1; /* the kernel keeps the end of the answer back until the connection ends */
    unsigned served;   /* requests on this connection */
    enum upp_timer_kind waits_for;
    uint64_t waits_since; /* when the timer was set, milliseconds */

    struct upp_output output;

    /* the client: text for REMOTE_ADDR and REMOTE_PORT */
    unsigned char address_length;
    unsigned char port_length;
    char address[INET6_ADDRSTRLEN];
    char port[6];

    struct upp_conn *next_free;
};

/* Size of a fresh input buffer. */
#define UPP_CONN_BUFFER 16384
#define UPP_CONN_SPARES 64

/* Buffers that a thread keeps for the next connections; one per thread. */
struct upp_spares {
    char *buffers[UPP_CONN_SPARES];
    int count;
};

/* 1 if the whole body is in the buffer or was taken from it. */
static inline int upp_conn_body_complete(const struct upp_conn *conn)
{
    if (conn->body == UPP_BODY_CHUNKED)
        return conn->chunked.state == UPP_CHUNKED_DONE;
    return !conn->body_left;
}

/* 1 if its body came in chunks and is here as a whole: then it has a length, and is chunked no
 * more.
 */
static inline int upp_conn_is_decoded(const struct upp_conn *conn)
{
    return conn->body == UPP_BODY_CHUNKED && upp_conn_body_complete(conn);
}

/* Begins a new connection; its buffers are empty. */
void upp_conn_open(struct upp_conn *conn, int fd, const struct upp_listener *listener);

/* Makes room for at least `room` bytes behind `end`. Moves the data. Returns 0, -1 without memory.
 */
int upp_conn_reserve(struct upp_conn *conn, struct upp_spares *spares, size_t room);

/* Gives the buffer back if nothing is in it. */
void upp_conn_release_buffer(struct upp_conn *conn, struct upp_spares *spares);

/* Returns 1 if the caller owns the connection now; else its owner will see the event (a bit, or 0:
 * none). */
static inline int upp_conn_own(struct upp_conn *conn, unsigned event)
{
    return !(atomic_fetch_or(&conn->ownership, UPP_CONN_OWNED | event) & UPP_CONN_OWNED);
}

/* Gives the connection up. Returns 0 if an event came meanwhile and the caller still owns it. */
static inline int upp_conn_disown(struct upp_conn *conn)
{
    unsigned owned = UPP_CONN_OWNED;
    if (atomic_compare_exchange_strong(&conn->ownership, &owned, 0))
        return 1;
    atomic_fetch_and(&conn->ownership, ~UPP_CONN_EVENT);
    return 0;
}

enum upp_receive { UPP_RECEIVED, UPP_RECEIVE_AGAIN, UPP_RECEIVE_END };

/* Reads once into the room behind `end`, which must be there. */
enum upp_receive upp_conn_receive(struct upp_conn *conn);

/* Starts the body of a request whose head was parsed: what stands behind the head is absorbed.
 * Returns 0, -1 when the chunked coding is broken. */
int upp_conn_begin_body(struct upp_conn *conn, size_t head_length, enum upp_body_kind kind,
                        uint64_t length);

/* Takes the bytes from body_end to end, which just came, as body. Returns 0, -1: broken coding. */
int upp_conn_absorb(struct upp_conn *conn);

/* Steps over the request whose body is complete, to the bytes of the next one. */
void upp_conn_next(struct upp_conn *conn);

#endif
