/* SPDX-License-Identifier: MIT */
#include "engine.h"

#include "../idle.h"
#include "accept.h"
#include "handover.h"
#include "host.h"
#include "life.h"
#include "pool.h"
#include "sock.h"
#include "steps.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* Milliseconds. On a graceful stop a connection that was quiet for so long is idle, and others may
 * have a request under way; on a stop at once a client has so long to take the rest. */
#define STOP_GRACE 1000
/* What a connection is watched for. */
#define CONN_EVENTS (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)
/* Something of these came, and a read will say what. */
#define READ_EVENTS (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)
/* Its end may be near. */
#define END_EVENTS (EPOLLRDHUP | EPOLLHUP | EPOLLERR)
/* Milliseconds between looks at the order to stop, for an application that waits for its client. */
#define WAIT_SLICE 500

static struct {
    int epoll;
    int wake; /* eventfd: stays readable once the worker stops */
    int threads;
    struct upp_limits limits;
    struct upp_core *cores;
    atomic_int woken;    /* threads that know of the stop */
    uint64_t idle_again; /* when an idle thread looks for work; 0: never */
    int may_be_quiet;    /* not for the last look: look again */
    atomic_flag stopping;
    _Atomic(struct upp_conn *) given_away; /* other workers have their descriptors; not ended yet */
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

void upp_engine_forget(const struct upp_conn *conn)
{
    if (conn->watched)
        epoll_ctl(engine.epoll, EPOLL_CTL_DEL, conn->fd, NULL);
}

void upp_engine_wake(void)
{
    uint64_t one = 1;
    ssize_t written = write(engine.wake, &one, sizeof one);
    (void)written;
}

/* ---- connections -------------------------------------------------------- */

/* An event came of which nothing is known but that it came. */
static void look_again(struct upp_conn *conn)
{
    conn->readable = 1;
    conn->hangup = 1;
}

static void close_conn(struct upp_core *core, struct upp_conn *conn)
{
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    upp_pool_clear_timer(conn);
    upp_output_clear(&conn->output);
    conn->start = conn->end;
    upp_conn_release_buffer(conn, &core->spares);
    if (conn->reset_after && conn->fd >= 0 && !conn->listener->is_unix)
        setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    if (conn->fd >= 0)
        upp_sock_close(conn->fd);
    conn->fd = -1;
    conn->state = UPP_CONN_FREE;
    upp_pool_give(conn);
}

void upp_engine_later(struct upp_core *core, struct upp_conn *conn)
{
    conn->next_free = NULL;
    *core->ready_tail = conn;
    core->ready_tail = &conn->next_free;
}

/* ---- sending ------------------------------------------------------------ */

/* What shrinks while the client takes something. */
static int not_taken(const struct upp_conn *conn, short what)
{
    return what == POLLOUT ? upp_output_unconfirmed(conn->fd) : 0;
}

int upp_engine_wait(const struct upp_conn *conn, short what, enum upp_timer_kind kind)
{
    struct pollfd wait = {.fd = conn->fd, .events = what};
    uint64_t most = engine.limits.durations[kind];
    uint64_t start = upp_engine_clock();
    int left = not_taken(conn, what);
    for (;;) {
        /* in slices: only the main thread is interrupted by the signal to stop */
        int ready = poll(&wait, 1, WAIT_SLICE);
        if (ready > 0)
            return UPP_OK;
        if (upp_life_must_stop() || (ready < 0 && errno != EINTR))
            return UPP_GONE;
        if (!most || upp_engine_clock() - start < most)
            continue;
        int before = left;
        left = not_taken(conn, what);
        if (left >= before)
            return UPP_TIMEOUT;
        start = upp_engine_clock();
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

/* ---- events ------------------------------------------------------------- */

/* Not before it has to wait: one that ends with its first request never does. Returns 0, -1. */
static int watch_conn(struct upp_conn *conn)
{
    struct epoll_event event = {.events = CONN_EVENTS, .data.ptr = conn};
    conn->watched = !epoll_ctl(engine.epoll, EPOLL_CTL_ADD, conn->fd, &event);
    if (!conn->watched)
        return -1;
    upp_accept_let_others(conn->listener);
    return 0;
}

/* It is between two requests: nothing of the next one was read. */
static int is_idle(const struct upp_conn *conn)
{
    return conn->state == UPP_CONN_HEAD && conn->start == conn->end &&
           upp_output_empty(&conn->output);
}

/* Returns 1 if another worker has the connection now. */
static int leave_to_others(struct upp_core *core, struct upp_conn *conn)
{
    if (conn->fd < 0 || !is_idle(conn) || upp_handover_give(conn))
        return 0;
    upp_engine_forget(conn);
    close_conn(core, conn);
    return 1;
}

/* Continues with a connection that the caller owns. Returns 1 when it has a request for Python. */
static int run(struct upp_core *core, struct upp_conn *conn)
{
    for (;;) {
        /* a client that always has the next request ready would keep this worker from its end */
        if (!upp_life_accepting() && leave_to_others(core, conn))
            return 0;
        enum upp_step step = conn->fd < 0 ? UPP_STEP_CLOSE : upp_steps_advance(core, conn);
        if (step == UPP_STEP_READY)
            return 1;
        if (step == UPP_STEP_AGAIN && core->conn) {
            /* the host answered it */
            upp_steps_end(core, UPP_DONE);
            continue;
        }
        if (step == UPP_STEP_AGAIN)
            continue;
        if (step == UPP_STEP_CLOSE) {
            close_conn(core, conn);
            return 0;
        }
        if (!conn->watched && watch_conn(conn)) {
            upp_accept_pause(strerror(errno));
            close_conn(core, conn);
            return 0;
        }
        upp_conn_release_buffer(conn, &core->spares);
        if (upp_conn_disown(conn))
            return 0;
        look_again(conn);
    }
}

static void look_at_timers(struct upp_core *core, uint64_t now)
{
    struct upp_conn *conn;
    while ((conn = upp_pool_expired(now))) {
        if (!upp_conn_own(conn, 0))
            continue;
        if (upp_steps_expire(core, conn) == UPP_STEP_CLOSE)
            close_conn(core, conn);
        else
            run(core, conn);
    }
}

/* The worker ends; what of this connection, which nobody works on? */
static int may_close(const struct upp_conn *conn, uint64_t now)
{
    int was_quiet = now >= conn->waits_since + STOP_GRACE;
    return upp_life_must_stop() ? is_idle(conn) || was_quiet : is_idle(conn) && was_quiet;
}

/* Told to stop: no new connections, idle ones go to other workers or close, a request that is on
 * its way is answered. */
static void close_idle(struct upp_core *core, uint64_t now)
{
    struct upp_conn *conn;
    for (unsigned i = 0; (conn = upp_pool_at(i)); i++) {
        if (!upp_conn_own(conn, 0) || leave_to_others(core, conn))
            continue;
        if (may_close(conn, now))
            close_conn(core, conn);
        else if (!upp_conn_disown(conn)) {
            look_again(conn);
            upp_engine_later(core, conn);
        }
    }
}

/* What was handed over, by this worker, too: nobody else is there to take it. */
static void take_what_is_left(struct upp_core *core)
{
    struct upp_conn *conn;
    while (!upp_life_has_takers() && (conn = upp_accept_take_handed_over()))
        upp_engine_later(core, conn);
}

static int stopped(struct upp_core *core, uint64_t now)
{
    if (upp_life_accepting())
        return 0;
    if (!atomic_flag_test_and_set(&engine.stopping)) {
        upp_accept_stop();
        upp_handover_stop();
        upp_engine_wake();
    }
    /* readable for ever: once all threads were woken it has to go */
    if (!core->woken) {
        core->woken = 1;
        if (atomic_fetch_add(&engine.woken, 1) + 1 == engine.threads)
            epoll_ctl(engine.epoll, EPOLL_CTL_DEL, engine.wake, NULL);
    }
    close_idle(core, now);
    take_what_is_left(core);
    return !upp_pool_open();
}

static int timeout_of(uint64_t now)
{
    int64_t next = upp_pool_next_deadline(now);
    int64_t most = upp_life_accepting() ? 1000 : 50;
    if (upp_accept_is_paused() && most > UPP_ACCEPT_PAUSE)
        most = UPP_ACCEPT_PAUSE;
    if (engine.may_be_quiet && most > UPP_IDLE_EVERY)
        most = UPP_IDLE_EVERY;
    return (int)(next >= 0 && next < most ? next : most);
}

static void tick(struct upp_core *core, uint64_t now)
{
    if (now == core->tick)
        return;
    core->tick = now;
    look_at_timers(core, now);
    upp_accept_resume(now);
    upp_host_tick();
}

/* No event waits. With several threads, another one may be busy and need the interpreter. */
static void use_idle_time(uint64_t now)
{
    enum upp_quiet quiet = upp_idle_look();
    int more = !upp_life_is_busy() && upp_idle_step(quiet);
    engine.may_be_quiet = quiet == UPP_BUSY;
    engine.idle_again = more ? 1 : now + UPP_IDLE_EVERY;
}

/* Descriptors that are none of the loop's sockets are known by small numbers instead of addresses.
 */
#define SIGNAL_POINTER(index) ((void *)(intptr_t)((index) + 1))
#define WAKE_POINTER ((void *)(intptr_t)3)

static int is_conn(const void *pointer)
{
    return (uintptr_t)pointer > (uintptr_t)WAKE_POINTER && !upp_accept_is_source(pointer);
}

/* Those that bring new connections, or the others. */
static void keep_events(struct upp_core *core, const struct epoll_event *events, int count,
                        int are_new)
{
    for (int i = 0; i < count; i++) {
        if (upp_accept_is_source(events[i].data.ptr) != are_new)
            continue;
        struct upp_event_slot *slot = &core->events[core->events_count++];
        slot->pointer = events[i].data.ptr;
        slot->events = events[i].events;
        slot->accepts = are_new ? upp_accept_most(slot->pointer) : 1;
    }
}

/* Fetches events; those of listeners come last: until this worker is done with its own connections
 * another one may take the new ones. With several threads one at a time, so that a busy thread
 * keeps none from the others. */
static void wait_events(struct upp_core *core, uint64_t now)
{
    struct epoll_event events[UPP_EVENTS];
    int most = engine.threads > 1 ? 1 : UPP_EVENTS;
    int is_due = engine.idle_again && now >= engine.idle_again;
    int count = epoll_wait(engine.epoll, events, most, is_due ? 0 : timeout_of(now));
    if (!count && is_due)
        use_idle_time(now);
    if (count > 0)
        upp_handover_wake();
    core->events_next = 0;
    core->events_count = 0;
    keep_events(core, events, count, 0);
    keep_events(core, events, count, 1);
}

/* Returns a connection that the caller owns now, or NULL. */
static struct upp_conn *take_event(const struct upp_event_slot *event)
{
    if (event->pointer == SIGNAL_POINTER(0) || event->pointer == SIGNAL_POINTER(1)) {
        upp_host_signal(upp_host_signal_fd(event->pointer == SIGNAL_POINTER(1)));
        return NULL;
    }
    if (event->pointer == WAKE_POINTER)
        return NULL;
    if (upp_accept_is_source(event->pointer))
        return upp_accept_take(event->pointer);
    struct upp_conn *conn = event->pointer;
    if (!upp_conn_own(conn, UPP_CONN_EVENT))
        return NULL;
    atomic_fetch_and(&conn->ownership, ~UPP_CONN_EVENT);
    if (event->events & READ_EVENTS)
        conn->readable = 1;
    if (event->events & END_EVENTS)
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
        struct upp_event_slot *event = &core->events[core->events_next];
        struct upp_conn *conn = take_event(event);
        if (!conn || --event->accepts <= 0)
            core->events_next++;
        if (conn)
            return conn;
    }
    return take_ready(core);
}

/* ---- handing over ------------------------------------------------------- */

/* It waits for a request, and the first bytes of one came. */
static int has_new_request(const struct upp_conn *conn, uint32_t events)
{
    return is_idle(conn) && (events & EPOLLIN) && !(events & END_EVENTS);
}

/* A connection that the caller owns. Returns 1 if it is one to hand over; else it is given up. */
static int keep_or_give_up(struct upp_conn *conn, uint32_t events)
{
    if (has_new_request(conn, events))
        return 1;
    /* a connection that waits for a request has nothing to send */
    if ((events & READ_EVENTS) || conn->state != UPP_CONN_HEAD || !upp_conn_disown(conn))
        upp_engine_put_back(conn);
    return 0;
}

/* Events that a thread has fetched, and cannot look at while it runs an application. It may come
 * back at any time: what it finds owned or gone then it leaves alone. */
static int take_fetched(const struct upp_core *core, struct upp_conn **conns, int most)
{
    int taken = 0;
    for (int i = core->events_next; i < core->events_count && taken < most; i++) {
        struct upp_conn *conn = __atomic_load_n(&core->events[i].pointer, __ATOMIC_RELAXED);
        uint32_t events = core->events[i].events;
        if (!is_conn(conn) || !upp_conn_own(conn, 0))
            continue;
        if (has_new_request(conn, events))
            conns[taken++] = conn;
        else if (!upp_conn_disown(conn))
            upp_engine_put_back(conn);
    }
    return taken;
}

/* Events that nobody has fetched. */
static int take_waiting(struct upp_conn **conns, int most)
{
    struct epoll_event events[UPP_EVENTS];
    int taken = 0;
    int count = epoll_wait(engine.epoll, events, most, 0);
    for (int i = 0; i < count; i++) {
        struct upp_conn *conn = events[i].data.ptr;
        /* what is no connection stays ready until somebody has looked at it */
        if (!is_conn(conn) || !upp_conn_own(conn, UPP_CONN_EVENT))
            continue;
        atomic_fetch_and(&conn->ownership, ~UPP_CONN_EVENT);
        if (keep_or_give_up(conn, events[i].events))
            conns[taken++] = conn;
    }
    return taken;
}

int upp_engine_take_idle(struct upp_conn **conns, int most)
{
    int taken = 0;
    for (int i = 0; i < engine.threads && taken < most; i++)
        taken += take_fetched(&engine.cores[i], conns + taken, most - taken);
    if (taken < most)
        taken += take_waiting(conns + taken, most - taken);
    return taken;
}

/* Watched anew it has an event again, if there is something to see. */
void upp_engine_put_back(struct upp_conn *conn)
{
    struct epoll_event event = {.events = CONN_EVENTS, .data.ptr = conn};
    do {
        epoll_ctl(engine.epoll, EPOLL_CTL_MOD, conn->fd, &event);
    } while (!upp_conn_disown(conn));
}

/* Timers and the list of connections are the worker's own: it ends the rest when it can. */
void upp_engine_give_away(struct upp_conn *conn)
{
    upp_engine_forget(conn);
    close(conn->fd);
    conn->fd = -1;
    conn->next_free = atomic_load(&engine.given_away);
    while (!atomic_compare_exchange_weak(&engine.given_away, &conn->next_free, conn))
        continue;
}

static void end_given_away(struct upp_core *core)
{
    struct upp_conn *conn = atomic_load_explicit(&engine.given_away, memory_order_relaxed);
    if (!conn)
        return;
    conn = atomic_exchange(&engine.given_away, NULL);
    while (conn) {
        struct upp_conn *next = conn->next_free;
        close_conn(core, conn);
        conn = next;
    }
}

struct upp_request *upp_engine_next(struct upp_core *core, int outcome)
{
    struct upp_conn *conn = core->conn;
    if (conn) {
        upp_steps_end(core, outcome);
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
        end_given_away(core);
        tick(core, now);
        if (core->ready)
            continue;
        if (stopped(core, now))
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

int upp_engine_prepare(const struct upp_limits *limits, int threads)
{
    if (engine.cores)
        return 0;
    engine.limits = *limits;
    engine.threads = threads;
    engine.cores = calloc((size_t)threads, sizeof(struct upp_core));
    int failed = !engine.cores || upp_pool_start(limits->connections, limits->durations, threads);
    for (int i = 0; i < threads && !failed; i++)
        failed = start_core(&engine.cores[i], i);
    if (failed)
        upp_host_log("the request loop cannot start: %s", strerror(errno));
    return failed ? -1 : 0;
}

int upp_engine_start(struct upp_listener *listeners, int count)
{
    engine.idle_again = upp_idle_wanted() ? 1 : 0;
    engine.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    engine.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (engine.epoll < 0 || engine.wake < 0)
        goto fail;
    if (watch(upp_host_signal_fd(0), SIGNAL_POINTER(0)) ||
        watch(upp_host_signal_fd(1), SIGNAL_POINTER(1)) || watch(engine.wake, WAKE_POINTER))
        goto fail;
    upp_accept_start(engine.epoll, listeners, count, engine.threads);
    upp_handover_start(listeners);
    return 0;
fail:
    upp_host_log("the request loop cannot start: %s", strerror(errno));
    return -1;
}
