/* SPDX-License-Identifier: MIT */
#include "idle.h"

#include "compat.h"
#include "contract.h"
#include "hold.h"
#include "vm/entry.h"
#include "warmup.h"

#include <poll.h>
#include <time.h>

/* Microseconds for steps between two requests, when no third one comes. */
#define BETWEEN_REQUESTS 20000

/* Microseconds without a request, from which on a worker is at rest. */
#define REST 1000000

/* Microseconds over which a worker's processor time is looked at, and the percentage that leaves it
 * time for more than it has to do. A collection takes as much as some hundred requests: under load
 * the next ones would wait for it. */
#define SPAN 100000
#define SPARE 10

/* Listening sockets that are looked at; with more than these nothing is done. */
#define SOCKETS_MAX 16

int upp_idle_wanted(void)
{
    return upp_config()->gc_idle;
}

int upp_idle_step(enum upp_quiet quiet)
{
    int more = 0;
    UPP_ENTER(more = upp_py_idle(quiet));
    return more;
}

static uint64_t processor_micros(void)
{
    struct timespec used = {0, 0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * 1000000 + (uint64_t)used.tv_nsec / 1000;
}

static int has_spare_time(uint64_t now)
{
    static uint64_t since;
    static uint64_t used_before;
    static int has;
    if (now - since >= SPAN) {
        uint64_t used = processor_micros();
        has = since && (used - used_before) * 100 < (now - since) * SPARE;
        since = now;
        used_before = used;
    }
    return has;
}

static enum upp_quiet quiet_after(uint64_t pause, uint64_t least, uint64_t now)
{
    int has_time = has_spare_time(now);
    if (pause >= REST)
        return UPP_AT_REST;
    return pause > least && has_time ? UPP_QUIET : UPP_BUSY;
}

enum upp_quiet upp_idle_look(void)
{
    static uint64_t seen;
    static uint64_t since;
    uint64_t requests = uwsgi.workers[uwsgi.mywid].requests;
    uint64_t now = uwsgi_micros();
    /* a worker that has not served yet is not at rest: its first requests may come at any time */
    if (requests != seen || !since) {
        seen = requests;
        since = now;
    }
    return quiet_after(now - since, 0, now);
}

static int other_requests_run(void)
{
    const struct uwsgi_worker *worker = &uwsgi.workers[uwsgi.mywid];
    for (int i = 0, running = 0; i < uwsgi.cores; i++) {
        running += !!worker->cores[i].in_request;
        /* this core's request has not ended for uWSGI */
        if (running > 1)
            return 1;
    }
    return 0;
}

/* A connection that http11 keeps open is the only one that its core serves next. */
static int next_source(const struct uwsgi_socket *socket, int core)
{
    return socket->retry && socket->retry[core] ? socket->fd_threads[core] : socket->fd;
}

static int somebody_waits(int core)
{
    struct pollfd sockets[SOCKETS_MAX];
    nfds_t count = 0;
    for (const struct uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next) {
        int fd = next_source(socket, core);
        if (fd < 0)
            continue;
        if (count == SOCKETS_MAX)
            return 1;
        sockets[count].fd = fd;
        sockets[count++].events = POLLIN;
    }
    return poll(sockets, count, 0) != 0;
}

/* Between two requests a signal that ends the worker waits, or Python's exit functions, which
 * cannot run in the middle of Python, would not run at all. */
static int step_between_requests(enum upp_quiet quiet)
{
    sigset_t before;
    if (upp_hold_block(&before))
        return 0;
    int more = upp_idle_step(quiet);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return more;
}

/* Only a worker that serves one request at a time is ever asked again. */
static void look_at_nursery(void)
{
    static int64_t left;
    sigset_t before;
    if (--left > 0 || upp_hold_block(&before))
        return;
    UPP_ENTER(left = upp_py_between_requests());
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void upp_idle_after_request(const struct wsgi_request *host)
{
    static uint64_t again;
    static uint64_t last;
    static int more;
    look_at_nursery();
    uint64_t now = uwsgi_micros();
    uint64_t end = now + BETWEEN_REQUESTS;
    enum upp_quiet quiet = quiet_after(now - last, BETWEEN_REQUESTS, now);
    last = now;
    if ((!more && now < again) || upp_warmup_host() || other_requests_run())
        return;
    while (now < end && !somebody_waits(host->async_id)) {
        more = step_between_requests(quiet);
        now = uwsgi_micros();
        if (!more)
            break;
    }
    again = now + UPP_IDLE_EVERY * 1000;
}
