/* SPDX-License-Identifier: MIT */
#include "conn.h"

#include "sock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void upp_conn_open(struct upp_conn *conn, int fd, const struct upp_listener *listener)
{
    conn->fd = fd;
    conn->listener = listener;
    conn->state = UPP_CONN_HEAD;
    conn->body = UPP_BODY_NONE;
    conn->body_left = conn->discarded = 0;
    conn->head_seen = conn->head_length = 0;
    conn->readable = conn->hangup = conn->keep_open = conn->watched = 0;
    conn->close_after = conn->reset_after = conn->lingers = conn->held = 0;
    conn->served = 0;
}

static char *take_spare(struct upp_spares *spares)
{
    return spares->count ? spares->buffers[--spares->count] : malloc(UPP_CONN_BUFFER);
}

static void give_spare(struct upp_spares *spares, char *buffer, size_t capacity)
{
    if (capacity == UPP_CONN_BUFFER && spares->count < UPP_CONN_SPARES)
        spares->buffers[spares->count++] = buffer;
    else
        free(buffer);
}

/* Moves what is in the buffer to its front. */
static void compact(struct upp_conn *conn)
{
    size_t shift = conn->start;
    if (!shift)
        return;
    memmove(conn->data, conn->data + shift, conn->end - shift);
    conn->start = 0;
    conn->end -= shift;
    conn->body_start -= conn->body_start >= shift ? shift : conn->body_start;
    conn->body_end -= conn->body_end >= shift ? shift : conn->body_end;
}

int upp_conn_reserve(struct upp_conn *conn, struct upp_spares *spares, size_t room)
{
    if (!conn->data) {
        conn->data = room <= UPP_CONN_BUFFER ? take_spare(spares) : malloc(room);
        if (!conn->data)
            return -1;
        conn->capacity = room <= UPP_CONN_BUFFER ? UPP_CONN_BUFFER : room;
        conn->start = conn->end = conn->body_start = conn->body_end = 0;
        return 0;
    }
    if (conn->capacity - conn->end >= room)
        return 0;
    compact(conn);
    if (conn->capacity - conn->end >= room)
        return 0;
    char *grown = realloc(conn->data, conn->end + room);
    if (!grown)
        return -1;
    conn->data = grown;
    conn->capacity = conn->end + room;
    return 0;
}

void upp_conn_release_buffer(struct upp_conn *conn, struct upp_spares *spares)
{
    if (!conn->data || conn->start < conn->end)
        return;
    give_spare(spares, conn->data, conn->capacity);
    conn->data = NULL;
    conn->capacity = conn->start = conn->end = conn->body_start = conn->body_end = 0;
    conn->head_seen = 0;
}

enum upp_receive upp_conn_receive(struct upp_conn *conn)
{
    size_t room = conn->capacity - conn->end;
    ssize_t got;
    do {
        got = upp_sock_recv(conn->fd, conn->data + conn->end, room);
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
        conn->end += (size_t)got;
        /* a short read emptied the socket: whatever comes later raises another event */
        conn->readable = (size_t)got == room || conn->hangup;
        return UPP_RECEIVED;
    }
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        conn->readable = conn->hangup = 0;
        return UPP_RECEIVE_AGAIN;
    }
    return UPP_RECEIVE_END;
}

static void absorb_length(struct upp_conn *conn)
{
    size_t came = conn->end - conn->body_end;
    size_t ours = came < conn->body_left ? came : (size_t)conn->body_left;
    conn->body_end += ours;
    conn->body_left -= ours;
}

/* Moves each run of data down behind the body that is there, and at last what follows the body. */
static int absorb_chunked(struct upp_conn *conn)
{
    size_t at = conn->body_end;
    while (at < conn->end && conn->chunked.state != UPP_CHUNKED_DONE) {
        struct upp_slice run = {NULL, 0};
        int64_t used = upp_chunked_feed(&conn->chunked, conn->data + at, conn->end - at, &run);
        if (used < 0)
            return -1;
        if (run.length)
            memmove(conn->data + conn->body_end, run.base, run.length);
        conn->body_end += run.length;
        at += (size_t)used;
    }
    memmove(conn->data + conn->body_end, conn->data + at, conn->end - at);
    conn->end = conn->body_end + (conn->end - at);
    return 0;
}

int upp_conn_absorb(struct upp_conn *conn)
{
    if (conn->body == UPP_BODY_CHUNKED)
        return absorb_chunked(conn);
    absorb_length(conn);
    return 0;
}

int upp_conn_begin_body(struct upp_conn *conn, size_t head_length, enum upp_body_kind kind,
                        uint64_t length)
{
    conn->head_length = head_length;
    conn->body = kind;
    conn->body_left = kind == UPP_BODY_LENGTH ? length : 0;
    conn->body_start = conn->body_end = conn->start + head_length;
    conn->discarded = 0;
    if (kind == UPP_BODY_CHUNKED)
        upp_chunked_init(&conn->chunked);
    return upp_conn_absorb(conn);
}

void upp_conn_next(struct upp_conn *conn)
{
    conn->start = conn->body_end;
    conn->body_start = conn->body_end;
    conn->head_seen = 0;
    conn->head_length = 0;
}
