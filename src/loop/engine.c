/* SPDX-License-Identifier: MIT */
#include "engine.h"

#include "../http/packet.h"
#include "front.h"
#include "host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* New connections taken per event, when nobody else could take them. */
#define ACCEPTS_PER_EVENT 8
/* Milliseconds without new connections after the process ran out of descriptors. */
#define ACCEPT_PAUSE 500
/* On a graceful stop a connection that was quiet for so long is idle; others may have a request
 * under way. */
#define STOP_GRACE 1000
/* Milliseconds between looks at the order to stop, for an application that waits for its client. */
#define WAIT_SLICE 500
/* Room for one read of a body that is streamed to the application. */
#define STREAM_ROOM 65536

enum step {
    STEP_READY, /* a request for Python */
    STEP_AGAIN, /* something changed, look again */
    STEP_WAIT,  /* nothing to do until an event or a deadline */
    STEP_CLOSE
};

static struct {
    int epoll;
    int wake; /* eventfd: stays readable once the worker stops */
    int threads;
    struct upp_limits limits;
    struct upp_listener *listeners;
    int listeners_count;
    struct upp_core *cores;
    atomic_int woken;          /* threads that know of the stop */
    uint64_t resume_accepting; /* when listeners that were taken out come back; 0: they are in */

    pthread_mutex_t lock; /* of all below, taken with more than one thread */
    struct upp_timers timers;
    struct upp_conn **conns;
    unsigned conns_made;
    unsigned conns_open;
    struct upp_conn *free;
    uint64_t stopping_since; /* 0: not stopping */
} engine;

uint64_t upp_engine_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

const struct upp_limits *upp_engine_limits(void)
{
    return &engine.limits;
}

struct upp_core *upp_engine_core(int id)
{
    return &engine.cores[id];
}

static void lock(void)
{
    if (engine.threads > 1)
        pthread_mutex_lock(&engine.lock);
}

static void unlock(void)
{
    if (engine.threads > 1)
        pthread_mutex_unlock(&engine.lock);
}

void upp_engine_wake(void)
{
    uint64_t one = 1;
    ssize_t written = write(engine.wake, &one, sizeof one);
    (void)written;
}

static void set_timer(struct upp_conn *conn, enum upp_timer_kind kind)
{
    uint64_t now = upp_engine_clock();
    lock();
    upp_timers_set(&engine.timers, &conn->timer, kind, now);
    unlock();
    conn->waits_for = kind;
    conn->waits_since = now;
}

/* A deadline for the whole of something: what comes of it meanwhile does not move it. */
static void set_timer_once(struct upp_conn *conn, enum upp_timer_kind kind)
{
    if (!conn->timer.previous || conn->waits_for != kind)
        set_timer(conn, kind);
}

static void clear_timer(struct upp_conn *conn)
{
    if (!conn->timer.previous)
        return;
    lock();
    upp_timers_clear(&conn->timer);
    unlock();
}

/* ---- owning ------------------------------------------------------------- */

/* Returns 1 if the caller owns the connection now; else its owner will see the event. */
static int own(struct upp_conn *conn, unsigned event)
{
    return !(atomic_fetch_or(&conn->ownership, UPP_CONN_OWNED | event) & UPP_CONN_OWNED);
}

/* Gives the connection up. Returns 0 if an event came meanwhile and the caller still owns it. */
static int disown(struct upp_conn *conn)
{
    unsigned owned = UPP_CONN_OWNED;
    if (atomic_compare_exchange_strong(&conn->ownership, &owned, 0))
        return 1;
    atomic_fetch_and(&conn->ownership, ~UPP_CONN_EVENT);
    return 0;
}

/* An event came of which nothing is known but that it came. */
static void look_again(struct upp_conn *conn)
{
    conn->readable = 1;
    conn->hangup = 1;
}

/* ---- opening and closing ------------------------------------------------ */

static struct upp_conn *take_conn(void)
{
    struct upp_conn *conn = NULL;
    lock();
    if (engine.free) {
        conn = engine.free;
        engine.free = conn->next_free;
    } else if (engine.conns_made < engine.limits.connections) {
        conn = calloc(1, sizeof *conn);
        if (conn) {
            atomic_init(&conn->ownership, UPP_CONN_OWNED);
            engine.conns[engine.conns_made++] = conn;
        }
    }
    if (conn)
        engine.conns_open++;
    unlock();
    return conn;
}

static void set_peer(struct upp_conn *conn, const struct sockaddr_storage *peer)
{
    conn->address_length = conn->port_length = 0;
    const void *address = NULL;
    unsigned port = 0;
    if (peer->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)peer;
        address = &in->sin_addr;
        port = ntohs(in->sin_port);
    } else if (peer->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)peer;
        address = &in6->sin6_addr;
        port = ntohs(in6->sin6_port);
    }
    if (!address || !inet_ntop(peer->ss_family, address, conn->address, sizeof conn->address))
        return;
    /* an IPv4 client of an IPv6 socket */
    if (!strncmp(conn->address, "::ffff:", 7) && strchr(conn->address, '.'))
        memmove(conn->address, conn->address + 7, strlen(conn->address + 7) + 1);
    conn->address_length = (unsigned char)strlen(conn->address);
    conn->port_length = (unsigned char)snprintf(conn->port, sizeof conn->port, "%u", port & 0xffff);
}

static void reset_conn(struct upp_conn *conn, int fd, const struct upp_listener *listener)
{
    conn->fd = fd;
    conn->listener = listener;
    conn->state = UPP_CONN_HEAD;
    conn->body = UPP_BODY_NONE;
    conn->body_left = conn->discarded = 0;
    conn->head_seen = conn->head_length = 0;
    conn->readable = conn->hangup = conn->keep_open = 0;
    conn->close_after = conn->reset_after = conn->lingers = 0;
    conn->served = 0;
}

static void close_conn(struct upp_core *core, struct upp_conn *conn)
{
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    clear_timer(conn);
    upp_output_clear(&conn->output);
    conn->start = conn->end;
    upp_conn_release_buffer(conn, &core->spares);
    if (conn->reset_after && conn->fd >= 0 && !conn->listener->is_unix)
        setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    if (conn->fd >= 0)
        close(conn->fd);
    conn->fd = -1;
    conn->state = UPP_CONN_FREE;
    lock();
    conn->next_free = engine.free;
    engine.free = conn;
    engine.conns_open--;
    unlock();
}

static void watch_listeners(int on)
{
    for (int i = 0; i < engine.listeners_count; i++) {
        struct upp_listener *listener = &engine.listeners[i];
        struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = listener};
        if (listener->listening == on)
            continue;
        if (!epoll_ctl(engine.epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listener->fd, &event))
            listener->listening = on;
    }
}

/* Out of descriptors or connections: a listener that is always ready would spin. */
static void pause_accepting(const char *why)
{
    if (engine.resume_accepting)
        return;
    upp_host_log("no new connections for a moment: %s", why);
    engine.resume_accepting = upp_engine_clock() + ACCEPT_PAUSE;
    watch_listeners(0);
}

static void later(struct upp_core *core, struct upp_conn *conn)
{
    conn->next_free = NULL;
    *core->ready_tail = conn;
    core->ready_tail = &conn->next_free;
}

/* Returns 0 when there was nothing more to accept. */
static int accept_one(struct upp_core *core, struct upp_listener *listener)
{
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof peer;
    int one = 1;
    if (engine.conns_open >= engine.limits.connections) {
        pause_accepting("the bound on connections is reached");
        return 0;
    }
    int fd = accept4(listener->fd, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            pause_accepting(strerror(errno));
        return errno == ECONNABORTED || errno == EINTR;
    }
    struct upp_conn *conn = take_conn();
    if (!conn) {
        close(fd);
        return 0;
    }
    reset_conn(conn, fd, listener);
    set_peer(conn, &peer);
    if (!listener->is_unix)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = conn};
    if (epoll_ctl(engine.epoll, EPOLL_CTL_ADD, fd, &event)) {
        close_conn(core, conn);
        pause_accepting(strerror(errno));
        return 0;
    }
    /* the first request is usually there already */
    conn->readable = 1;
    later(core, conn);
    return 1;
}

static void accept_some(struct upp_core *core, struct upp_listener *listener)
{
    /* what waits behind a running request could be served by another thread or worker */
    int most = engine.threads > 1 || upp_host_has_siblings() ? 1 : ACCEPTS_PER_EVENT;
    for (int i = 0; i < most; i++) {
        if (!listener->listening || !accept_one(core, listener))
            return;
    }
}

/* ---- sending ------------------------------------------------------------ */

int upp_engine_wait(const struct upp_conn *conn, short what, enum upp_timer_kind kind)
{
    struct pollfd wait = {.fd = conn->fd, .events = what};
    uint64_t most = engine.limits.durations[kind];
    uint64_t start = upp_engine_clock();
    for (;;) {
        /* in slices: only the main thread is interrupted by the signal to stop */
        int ready = poll(&wait, 1, WAIT_SLICE);
        if (ready > 0)
            return UPP_OK;
        if (upp_host_must_stop() || (ready < 0 && errno != EINTR))
            return UPP_GONE;
        if (most && upp_engine_clock() - start >= most)
            return UPP_TIMEOUT;
    }
}

/* Waits until less than the bound waits for the client. */
static int drain_output(struct upp_core *core)
{
    struct upp_conn *conn = core->conn;
    while (conn->output.bytes > engine.limits.output) {
        int result = upp_engine_wait(conn, POLLOUT, UPP_TIMER_WRITE);
        if (result == UPP_TIMEOUT)
            upp_host_log_gone(core, "response", "the client took nothing in time");
        if (result != UPP_OK || upp_output_flush(&conn->output, conn->fd) == UPP_OUTPUT_BROKEN)
            return UPP_GONE;
    }
    return UPP_OK;
}

int upp_engine_send(struct upp_core *core, struct iovec *vector, int count)
{
    struct upp_conn *conn = core->conn;
    enum upp_output_result result;
    if (core->broken)
        return UPP_GONE;
    if (!count)
        result = upp_output_flush(&conn->output, conn->fd);
    else
        result = upp_output_write(&conn->output, conn->fd, vector, count);
    if (result == UPP_OUTPUT_BROKEN) {
        upp_host_log_gone(core, "response", strerror(errno));
        core->broken = 1;
    } else if (result == UPP_OUTPUT_AGAIN) {
        /* in order: something may wait since before the socket had room again */
        result = upp_output_flush(&conn->output, conn->fd);
        if (result == UPP_OUTPUT_BROKEN || drain_output(core) != UPP_OK)
            core->broken = 1;
    }
    return core->broken ? UPP_GONE : UPP_OK;
}

/* ---- requests ----------------------------------------------------------- */

static enum step refuse(struct upp_core *core, struct upp_conn *conn, int status, const char *why)
{
    upp_loop_front_refuse(core, conn, status, why);
    conn->start = conn->end;
    conn->body = UPP_BODY_NONE;
    conn->body_left = 0;
    conn->state = UPP_CONN_FLUSH;
    return STEP_AGAIN;
}

/* Reads more if the socket may have more. */
static enum step receive(struct upp_core *core, struct upp_conn *conn, size_t room)
{
    if (!conn->readable)
        return STEP_WAIT;
    if (upp_conn_reserve(conn, &core->spares, room))
        return STEP_CLOSE;
    switch (upp_conn_receive(conn)) {
    case UPP_RECEIVED:
        return STEP_AGAIN;
    case UPP_RECEIVE_AGAIN:
        return STEP_WAIT;
    default:
        return STEP_CLOSE;
    }
}

static enum step begin_request(struct upp_core *core, struct upp_conn *conn,
                               int (*begin)(struct upp_core *))
{
    /* a body that is read while the application runs must not move the head */
    if (!upp_conn_body_complete(conn)) {
        size_t wanted = conn->start + conn->head_length + STREAM_ROOM;
        if (conn->capacity < wanted && upp_conn_reserve(conn, &core->spares, wanted - conn->end))
            return STEP_CLOSE;
        size_t again = 0;
        const char *why;
        if (conn->listener->protocol == UPP_PROTOCOL_HTTP)
            upp_head_parse(&core->head, conn->data + conn->start, conn->head_length, &again,
                           &engine.limits.head, &why);
    }
    clear_timer(conn);
    conn->state = UPP_CONN_REQUEST;
    conn->served++;
    conn->discarded = conn->body_end - conn->body_start;
    core->conn = conn;
    core->arena_used = 0;
    core->head_sent = core->bodyless = core->chunked = core->broken = core->input_failed = 0;
    core->raw = core->disconnected = 0;
    return begin(core) ? STEP_READY : STEP_AGAIN;
}

/* The body: everything of a small one, the first part of a large one, before the application runs.
 */
static enum step collect_body(struct upp_core *core, struct upp_conn *conn,
                              int (*begin)(struct upp_core *))
{
    size_t here = conn->body_end - conn->body_start;
    if (engine.limits.body && conn->body == UPP_BODY_CHUNKED && here > engine.limits.body)
        return refuse(core, conn, 413, "its body is longer than the bound");
    if (upp_conn_body_complete(conn) || here >= engine.limits.body_buffer)
        return begin_request(core, conn, begin);
    conn->state = UPP_CONN_BODY;
    uint64_t left = conn->body == UPP_BODY_LENGTH ? conn->body_left : UPP_CONN_BUFFER;
    size_t room = left < engine.limits.body_buffer ? (size_t)left : engine.limits.body_buffer;
    enum step step = receive(core, conn, room < 4096 ? 4096 : room);
    if (step == STEP_WAIT)
        set_timer(conn, UPP_TIMER_BODY);
    if (step == STEP_AGAIN && upp_conn_absorb(conn))
        return refuse(core, conn, 400, "its chunked body is not well formed");
    return step;
}

static void send_continue(struct upp_conn *conn)
{
    static char answer[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct iovec vector = {answer, sizeof answer - 1};
    upp_output_write(&conn->output, conn->fd, &vector, 1);
}

static enum step start_http_body(struct upp_core *core, struct upp_conn *conn, int64_t length)
{
    const struct upp_head *head = &core->head;
    int was_waiting = conn->state == UPP_CONN_BODY;
    if (was_waiting)
        return collect_body(core, conn, upp_host_begin);
    if (engine.limits.body && head->body == UPP_BODY_LENGTH &&
        head->content_length > engine.limits.body)
        return refuse(core, conn, 413, "its body is longer than the bound");
    if (upp_conn_begin_body(conn, (size_t)length, head->body, head->content_length))
        return refuse(core, conn, 400, "its chunked body is not well formed");
    conn->keep_open = (unsigned)head->keep_open & 1U;
    if (head->expects_continue && !upp_conn_body_complete(conn) &&
        conn->body_start == conn->body_end)
        send_continue(conn);
    return collect_body(core, conn, upp_host_begin);
}

static enum step read_http(struct upp_core *core, struct upp_conn *conn)
{
    const char *why = NULL;
    size_t length = conn->end - conn->start;
    if (length) {
        int64_t result = upp_head_parse(&core->head, conn->data + conn->start, length,
                                        &conn->head_seen, &engine.limits.head, &why);
        if (result < 0)
            return refuse(core, conn, (int)-result, why);
        if (result > 0)
            return start_http_body(core, conn, result);
    }
    enum step step = receive(core, conn, UPP_CONN_BUFFER / 4);
    if (step == STEP_WAIT)
        set_timer_once(conn, length || !conn->served ? UPP_TIMER_HEAD : UPP_TIMER_IDLE);
    return step;
}

/* CONTENT_LENGTH of a packet, 0 if it has none; -1 if the packet is broken. */
static int64_t packet_body(const char *data, size_t size)
{
    struct upp_slice key;
    struct upp_slice value;
    size_t position = 0;
    int64_t length = 0;
    int result;
    while ((result = upp_packet_next(data, size, &position, &key, &value)) > 0) {
        if (key.length != 14 || memcmp(key.base, "CONTENT_LENGTH", 14) != 0)
            continue;
        length = 0;
        for (size_t i = 0; i < value.length; i++) {
            if (value.base[i] < '0' || value.base[i] > '9' || length > INT64_MAX / 10 - 10)
                return -1;
            length = length * 10 + (value.base[i] - '0');
        }
    }
    return result < 0 ? -1 : length;
}

static enum step read_packet(struct upp_core *core, struct upp_conn *conn)
{
    struct upp_packet packet;
    size_t length = conn->end - conn->start;
    const char *data = conn->data + conn->start;
    if (conn->state == UPP_CONN_BODY)
        return collect_body(core, conn, upp_host_begin_packet);
    int header = length ? upp_packet_header(&packet, data, length) : 0;
    if (header && packet.size > upp_host_packet_max()) {
        upp_host_log_refused(conn, 0, "its packet is larger than --buffer-size");
        return STEP_CLOSE;
    }
    if (header && length >= (size_t)header + packet.size) {
        /* packets of other plugins hold something else */
        int64_t body =
            upp_host_is_ours(packet.modifier1) ? packet_body(data + header, packet.size) : 0;
        if (body < 0) {
            upp_host_log_refused(conn, 0, "its packet is not well formed");
            return STEP_CLOSE;
        }
        if (engine.limits.body && (uint64_t)body > engine.limits.body) {
            upp_host_log_refused(conn, 0, "its body is longer than the bound");
            return STEP_CLOSE;
        }
        upp_conn_begin_body(conn, (size_t)header + packet.size,
                            body ? UPP_BODY_LENGTH : UPP_BODY_NONE, (uint64_t)body);
        conn->keep_open = 0;
        return collect_body(core, conn, upp_host_begin_packet);
    }
    enum step step = receive(core, conn, UPP_CONN_BUFFER / 4);
    if (step == STEP_WAIT)
        set_timer_once(conn, UPP_TIMER_HEAD);
    return step;
}

static enum step read_request(struct upp_core *core, struct upp_conn *conn)
{
    return conn->listener->protocol == UPP_PROTOCOL_HTTP ? read_http(core, conn)
                                                         : read_packet(core, conn);
}

/* The response is queued or gone out; what comes after it. */
static enum step flush(struct upp_conn *conn)
{
    switch (upp_output_flush(&conn->output, conn->fd)) {
    case UPP_OUTPUT_BROKEN:
        return STEP_CLOSE;
    case UPP_OUTPUT_AGAIN:
        set_timer(conn, UPP_TIMER_WRITE);
        return STEP_WAIT;
    default:
        break;
    }
    if (!conn->close_after) {
        conn->state = upp_conn_body_complete(conn) ? UPP_CONN_HEAD : UPP_CONN_DISCARD;
        return STEP_AGAIN;
    }
    if (!conn->lingers)
        return STEP_CLOSE;
    /* unread input would turn our close into a reset, and the client might lose the answer */
    shutdown(conn->fd, SHUT_WR);
    conn->state = UPP_CONN_LINGER;
    conn->discarded = 0;
    set_timer(conn, UPP_TIMER_LINGER);
    return STEP_AGAIN;
}

static enum step linger(struct upp_core *core, struct upp_conn *conn)
{
    conn->start = conn->end = 0;
    conn->discarded += UPP_CONN_BUFFER;
    if (conn->discarded > engine.limits.discard)
        return STEP_CLOSE;
    return receive(core, conn, UPP_CONN_BUFFER / 2);
}

static enum step discard(struct upp_core *core, struct upp_conn *conn)
{
    conn->discarded += conn->body_end - conn->body_start;
    if (conn->discarded > engine.limits.discard)
        return STEP_CLOSE;
    if (upp_conn_body_complete(conn)) {
        upp_conn_next(conn);
        conn->state = UPP_CONN_HEAD;
        return STEP_AGAIN;
    }
    conn->start = conn->end = conn->body_start = conn->body_end = 0;
    enum step step = receive(core, conn, UPP_CONN_BUFFER / 2);
    if (step == STEP_WAIT)
        set_timer(conn, UPP_TIMER_BODY);
    if (step == STEP_AGAIN && upp_conn_absorb(conn))
        return STEP_CLOSE;
    return step;
}

static enum step advance(struct upp_core *core, struct upp_conn *conn)
{
    switch (conn->state) {
    case UPP_CONN_HEAD:
    case UPP_CONN_BODY:
        return read_request(core, conn);
    case UPP_CONN_FLUSH:
        return flush(conn);
    case UPP_CONN_DISCARD:
        return discard(core, conn);
    case UPP_CONN_LINGER:
        return linger(core, conn);
    default:
        return STEP_CLOSE;
    }
}

static void end_request(struct upp_core *core, int outcome)
{
    struct upp_conn *conn = core->conn;
    /* first the host: a transformation may have something to add at the end */
    int taken = upp_host_end(core);
    upp_loop_front_finish(core, outcome);
    core->conn = NULL;
    if (taken) {
        /* somebody else has the descriptor now */
        epoll_ctl(engine.epoll, EPOLL_CTL_DEL, conn->fd, NULL);
        conn->fd = -1;
        core->broken = 1;
    }
    if (core->broken || conn->fd < 0) {
        conn->keep_open = 0;
        upp_output_clear(&conn->output);
    }
    if (outcome != UPP_DONE || !core->head_sent)
        conn->keep_open = 0;
    conn->close_after = !conn->keep_open;
    conn->lingers = !upp_conn_body_complete(conn) || conn->body_end < conn->end;
    if (upp_conn_body_complete(conn))
        upp_conn_next(conn);
    else
        conn->body_start = conn->body_end;
    conn->state = UPP_CONN_FLUSH;
}

/* Continues with a connection that the caller owns. Returns 1 when it has a request for Python. */
static int run(struct upp_core *core, struct upp_conn *conn)
{
    for (;;) {
        enum step step = conn->fd < 0 ? STEP_CLOSE : advance(core, conn);
        if (step == STEP_READY)
            return 1;
        if (step == STEP_AGAIN && core->conn) {
            /* the host answered it */
            end_request(core, UPP_DONE);
            continue;
        }
        if (step == STEP_AGAIN)
            continue;
        if (step == STEP_CLOSE) {
            close_conn(core, conn);
            return 0;
        }
        upp_conn_release_buffer(conn, &core->spares);
        if (disown(conn))
            return 0;
        look_again(conn);
    }
}

/* ---- events ------------------------------------------------------------- */

static void expire(struct upp_core *core, struct upp_conn *conn)
{
    switch (conn->state) {
    case UPP_CONN_HEAD:
        if (conn->start < conn->end && conn->listener->protocol == UPP_PROTOCOL_HTTP) {
            refuse(core, conn, 408, "its head did not come in time");
            run(core, conn);
            return;
        }
        break;
    case UPP_CONN_BODY:
        if (conn->listener->protocol == UPP_PROTOCOL_HTTP) {
            refuse(core, conn, 408, "its body did not come in time");
            run(core, conn);
            return;
        }
        break;
    case UPP_CONN_FLUSH:
        upp_host_log("response to %.*s: the client took nothing in time", conn->address_length,
                     conn->address);
        conn->reset_after = 1;
        break;
    default:
        break;
    }
    close_conn(core, conn);
}

static void look_at_timers(struct upp_core *core, uint64_t now)
{
    for (;;) {
        lock();
        struct upp_timer *timer = upp_timers_expired(&engine.timers, now);
        unlock();
        if (!timer)
            return;
        struct upp_conn *conn = (struct upp_conn *)timer;
        if (own(conn, 0))
            expire(core, conn);
    }
}

/* Told to stop: no new connections, idle ones close at once, a request that is on its way is
 * answered. */
static void close_idle(struct upp_core *core, uint64_t now)
{
    for (unsigned i = 0; i < engine.conns_made; i++) {
        struct upp_conn *conn = engine.conns[i];
        if (!own(conn, 0))
            continue;
        int is_idle = conn->state == UPP_CONN_HEAD && conn->start == conn->end;
        if (is_idle && now - conn->waits_since >= STOP_GRACE)
            close_conn(core, conn);
        else if (!disown(conn)) {
            look_again(conn);
            later(core, conn);
        }
    }
}

static int stopped(struct upp_core *core, uint64_t now)
{
    if (upp_host_accepting())
        return 0;
    lock();
    int first = !engine.stopping_since;
    if (first)
        engine.stopping_since = now;
    unlock();
    if (first) {
        watch_listeners(0);
        upp_engine_wake();
    }
    /* readable for ever: once all threads were woken it has to go */
    if (!core->woken) {
        core->woken = 1;
        if (atomic_fetch_add(&engine.woken, 1) + 1 == engine.threads)
            epoll_ctl(engine.epoll, EPOLL_CTL_DEL, engine.wake, NULL);
    }
    close_idle(core, now);
    return !engine.conns_open;
}

static int timeout_of(uint64_t now)
{
    lock();
    int64_t next = upp_timers_next(&engine.timers, now);
    unlock();
    int64_t most = upp_host_accepting() ? 1000 : 50;
    if (engine.resume_accepting && most > ACCEPT_PAUSE)
        most = ACCEPT_PAUSE;
    return (int)(next >= 0 && next < most ? next : most);
}

static void tick(struct upp_core *core, uint64_t now)
{
    if (now == core->tick)
        return;
    core->tick = now;
    look_at_timers(core, now);
    if (engine.resume_accepting && now >= engine.resume_accepting && upp_host_accepting()) {
        engine.resume_accepting = 0;
        watch_listeners(1);
    }
    upp_host_tick();
}

/* Fetches events. With several threads one at a time, so that a busy thread keeps none from the
 * others. */
static void wait_events(struct upp_core *core, uint64_t now)
{
    struct epoll_event events[UPP_EVENTS];
    int most = engine.threads > 1 ? 1 : UPP_EVENTS;
    int count = epoll_wait(engine.epoll, events, most, timeout_of(now));
    core->events_next = 0;
    core->events_count = count > 0 ? count : 0;
    for (int i = 0; i < core->events_count; i++) {
        core->events[i].pointer = events[i].data.ptr;
        core->events[i].events = events[i].events;
    }
}

static int is_listener(const void *pointer)
{
    const struct upp_listener *listener = pointer;
    return listener >= engine.listeners && listener < engine.listeners + engine.listeners_count;
}

/* Descriptors of uWSGI's signals are known by small numbers instead of addresses. */
#define SIGNAL_POINTER(index) ((void *)(intptr_t)((index) + 1))
#define WAKE_POINTER ((void *)(intptr_t)3)

/* Returns a connection that the caller owns now, or NULL. */
static struct upp_conn *take_event(struct upp_core *core, const struct upp_event_slot *event)
{
    if (event->pointer == SIGNAL_POINTER(0) || event->pointer == SIGNAL_POINTER(1)) {
        upp_host_signal(upp_host_signal_fd(event->pointer == SIGNAL_POINTER(1)));
        return NULL;
    }
    if (event->pointer == WAKE_POINTER)
        return NULL;
    if (is_listener(event->pointer)) {
        accept_some(core, event->pointer);
        return NULL;
    }
    struct upp_conn *conn = event->pointer;
    if (!own(conn, UPP_CONN_EVENT))
        return NULL;
    atomic_fetch_and(&conn->ownership, ~UPP_CONN_EVENT);
    if (event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        conn->readable = 1;
    if (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        conn->hangup = 1;
    return conn;
}

static struct upp_conn *take_ready(struct upp_core *core)
{
    struct upp_conn *conn = core->ready;
    if (conn) {
        core->ready = conn->next_free;
        if (!core->ready)
            core->ready_tail = &core->ready;
    }
    return conn;
}

static struct upp_conn *next_conn(struct upp_core *core)
{
    while (core->events_next < core->events_count) {
        struct upp_conn *conn = take_event(core, &core->events[core->events_next++]);
        if (conn)
            return conn;
    }
    return take_ready(core);
}

struct upp_request *upp_engine_next(struct upp_core *core, int outcome)
{
    struct upp_conn *conn = core->conn;
    if (conn) {
        end_request(core, outcome);
        if (run(core, conn))
            return &core->request;
    }
    for (;;) {
        conn = next_conn(core);
        if (conn) {
            if (run(core, conn))
                return &core->request;
            continue;
        }
        uint64_t now = upp_engine_clock();
        tick(core, now);
        if (core->ready)
            continue;
        if (upp_host_must_stop() || stopped(core, now))
            return NULL;
        if (!core->ready)
            wait_events(core, now);
    }
}

/* ---- start -------------------------------------------------------------- */

static int watch(int fd, void *pointer)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = pointer};
    return fd < 0 ? 0 : epoll_ctl(engine.epoll, EPOLL_CTL_ADD, fd, &event);
}

static int start_core(struct upp_core *core, int id)
{
    core->id = id;
    core->ready_tail = &core->ready;
    core->arena = malloc(UPP_ARENA);
    return core->arena ? 0 : -1;
}

int upp_engine_start(struct upp_listener *listeners, int count, const struct upp_limits *limits,
                     int threads)
{
    engine.limits = *limits;
    engine.threads = threads;
    engine.listeners = listeners;
    engine.listeners_count = count;
    engine.conns = calloc(limits->connections, sizeof(struct upp_conn *));
    engine.cores = calloc((size_t)threads, sizeof(struct upp_core));
    engine.epoll = epoll_create1(EPOLL_CLOEXEC);
    engine.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_mutex_init(&engine.lock, NULL);
    upp_timers_init(&engine.timers, limits->durations);
    if (!engine.conns || !engine.cores || engine.epoll < 0 || engine.wake < 0)
        goto fail;
    for (int i = 0; i < threads; i++) {
        if (start_core(&engine.cores[i], i))
            goto fail;
    }
    if (watch(upp_host_signal_fd(0), SIGNAL_POINTER(0)) ||
        watch(upp_host_signal_fd(1), SIGNAL_POINTER(1)) || watch(engine.wake, WAKE_POINTER))
        goto fail;
    watch_listeners(1);
    return 0;
fail:
    upp_host_log("the request loop cannot start: %s", strerror(errno));
    return -1;
}
