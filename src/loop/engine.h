/* SPDX-License-Identifier: MIT */
/*
 * engine.h - the event loop of a worker: accepts, reads, hands requests to
 * Python, writes, closes.
 *
 * One epoll instance for all threads of the worker, edge-triggered, so that a
 * connection costs no further epoll call for its whole life. Whichever thread
 * is free takes the next ready connection and owns it until the response is on
 * its way.
 */
#ifndef UPP_LOOP_ENGINE_H
#define UPP_LOOP_ENGINE_H

#include "../contract.h"
#include "../front.h"
#include "../names.h"
#include "conn.h"

#define UPP_EVENTS 64
/* variables of one request: fixed ones and headers */
#define UPP_NAME_IDS (UPP_HEADERS_MAX + UPP_NAME_FIXED)
#define UPP_ARENA 65536

enum upp_protocol { UPP_PROTOCOL_HTTP, UPP_PROTOCOL_UWSGI };

/* A listening socket. */
struct upp_listener {
    int fd;
    enum upp_protocol protocol;
    int is_unix;
    int listening;    /* in the epoll set */
    const char *port; /* text for SERVER_PORT */
    void *host;       /* uWSGI's socket */
};

/* Bounds and times; see docs/options.md for each. */
struct upp_limits {
    struct upp_head_limits head;
    uint64_t body;        /* bytes of a request body, 0: no bound */
    size_t body_buffer;   /* bytes of a body that are read before the application runs */
    size_t output;        /* bytes of a response that wait for a slow client */
    size_t discard;       /* bytes of an unread body that are read to keep a connection */
    unsigned requests;    /* per connection, 0: no bound */
    unsigned connections; /* per worker */
    int chunked_packets;  /* bodies behind packets of the uwsgi protocol may be chunked */
    uint64_t durations[UPP_TIMER_KINDS]; /* milliseconds */
};

/* What one thread works with. */
struct upp_core {
    int id;
    struct upp_conn *conn; /* of the request that Python serves; NULL: none */
    struct upp_request request;
    struct upp_head head;
    struct upp_spares spares;
    struct upp_conn *ready; /* connections with more to do, before new events */
    struct upp_conn **ready_tail;
    int woken;     /* knows that the worker stops */
    uint64_t tick; /* when timers were looked at */

    /* of the current request */
    struct iovec vector[2 * UPP_NAME_IDS];
    int16_t name_ids[UPP_NAME_IDS];
    char *arena; /* UPP_ARENA bytes: decoded path, joined values, unknown names */
    size_t arena_used;
    char *head_buffer; /* of the response */
    size_t head_capacity;
    int head_sent;
    int bodyless;
    int chunked;      /* the response is */
    int64_t promised; /* bytes of the body that a head of uWSGI's still promises; -1: none said */
    int overrun;      /* there were more than promised; they were dropped */
    int broken;       /* the client is gone or was cut off */
    int input_failed; /* UPP_GONE or UPP_TIMEOUT: no more of the body will come */
    int raw;          /* the connection carries another protocol now */
    int disconnected; /* by the application, before the end of its request */
    uint64_t sent;    /* bytes of body and head, for the log */
    int events_count;
    int events_next;
    struct upp_event_slot {
        void *pointer;
        uint32_t events;
        int accepts; /* of a source of connections: how many more it may bring */
    } events[UPP_EVENTS];
};

/* Makes what the threads work with, unless it is there from before the fork. Returns 0, or -1 after
 * logging. */
int upp_engine_prepare(const struct upp_limits *limits, int threads);

/* Starts the engine, which is prepared, in a worker. Returns 0, or -1 after logging. */
int upp_engine_start(struct upp_listener *listeners, int count);

/* The core of a thread. */
struct upp_core *upp_engine_core(int id);

/* Ends the request of `core` and returns the next one that is ready for Python; NULL: stop. */
struct upp_request *upp_engine_next(struct upp_core *core, int outcome);

/* Puts a connection that the caller owns behind those that are next, before new events. */
void upp_engine_later(struct upp_core *core, struct upp_conn *conn);

/* No more events of this connection: somebody else has its descriptor now. */
void upp_engine_forget(const struct upp_conn *conn);

/* Wakes all threads; safe in a signal handler. */
void upp_engine_wake(void);

/* Sends the vector, or queues it behind what waits; waits for a slow client when too much does.
 * Returns UPP_OK or UPP_GONE. */
int upp_engine_send(struct upp_core *core, struct iovec *vector, int count);

/* Waits, while the application runs, until the socket is ready (`what`: POLLIN or POLLOUT), for as
 * long as the timers of that kind allow. UPP_OK, UPP_TIMEOUT, or UPP_GONE: an error, or the worker
 * has to stop. */
int upp_engine_wait(const struct upp_conn *conn, short what, enum upp_timer_kind kind);

/* For a thread that is none of the worker's, while those are busy (handover.h): finds at most so
 * many connections that have a request of which nothing was read. The caller owns them. */
int upp_engine_take_idle(struct upp_conn **conns, int most);
/* Gives one of these up again; its event is not lost. */
void upp_engine_put_back(struct upp_conn *conn);
/* Another process has the descriptor of one of these now: it ends here. */
void upp_engine_give_away(struct upp_conn *conn);

const struct upp_limits *upp_engine_limits(void);

/* Milliseconds of a monotonic clock. */
uint64_t upp_engine_clock(void);

#endif
