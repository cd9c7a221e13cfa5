/* SPDX-License-Identifier: MIT */
#include "async.h"

#include "compat.h"
#include "config.h"
#include "contract.h"
#include "hold.h"
#include "turn.h"
#include "vm/entry.h"
#include "waits.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>

/* Nanoseconds between two looks for requests that still run, while the worker leaves. */
#define LOOK_EVERY 50000000

/* What belongs to the request of a core between its slices. */
struct slice {
    int alive; /* the request has had a slice and is not over */
    int depth; /* of the interpreter's entries, see vm/entry.h */
    time_t harakiri;
    time_t user_harakiri;
};

static struct slice *slices;
static int hooked;

/* Only the thread of the loop ever sets it. */
static _Thread_local struct wsgi_request *running;

int upp_async_is_on(void)
{
    return uwsgi.async > 1;
}

int upp_async_has_greenlets(void)
{
    return upp_config()->greenlets;
}

struct wsgi_request *upp_async_current(void)
{
    return running;
}

/* ---- the end of the worker ---------------------------------------------- */

/* Wakes the loop while the worker leaves: to the loop it is what this request waits for. */
static struct wsgi_request bell;
static int bell_fd = -1;

static volatile sig_atomic_t leaving;
static int exit_code;

static int is_idle(void)
{
    return uwsgi.async_queue_unused_ptr == uwsgi.async - 1;
}

/* Requests under way go on, no further ones begin. In a signal handler: system calls only. */
static void begin_to_leave(int code)
{
    const struct itimerspec look = {{0, LOOK_EVERY}, {0, LOOK_EVERY}};
    leaving = 1;
    exit_code = code;
    for (struct uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next) {
        if (socket->fd >= 0)
            epoll_ctl(uwsgi.async_queue, EPOLL_CTL_DEL, socket->fd, NULL);
    }
    timerfd_settime(bell_fd, 0, &look, NULL);
}

/* The master takes the end of a worker that would manage further requests for an accident. */
static void leave_now(int code)
{
    uwsgi.workers[uwsgi.mywid].manage_next_request = 0;
    exit(code);
}

static void leave_when_idle(void)
{
    if (leaving && is_idle())
        leave_now(exit_code);
}

static void leave(int number)
{
    (void)number;
    if (!leaving)
        uwsgi_log("Gracefully killing worker %d (pid: %d)...\n", uwsgi.mywid, uwsgi.mypid);
    if (!hooked || is_idle())
        leave_now(UWSGI_RELOAD_CODE);
    begin_to_leave(UWSGI_RELOAD_CODE);
}

/* --max-requests and the like */
static void work_is_done(void)
{
    if (leaving || !upp_turn_has_come())
        return;
    uwsgi_log("...The work of process %d is done. Seeya!\n", (int)getpid());
    begin_to_leave(0);
}

static void answer_bell(void)
{
    uint64_t rings;
    if (read(bell_fd, &rings, sizeof rings) < 0 && errno != EAGAIN)
        uwsgi_error("read()");
    bell.async_status = UWSGI_OK;
    leave_when_idle();
}

/* ---- harakiri ------------------------------------------------------------ */

/* The worker has one harakiri, which uWSGI sets with every request that comes and takes away with
 * every one that ends. So each request keeps its own, and the worker has that of the request which
 * runs, or between slices the soonest of all. */

static unsigned seconds_until(time_t at)
{
    time_t now = uwsgi_now();
    return at > now ? (unsigned)(at - now) : 1;
}

static void set_harakiri_of_worker(time_t at, time_t user)
{
    struct uwsgi_worker *worker = &uwsgi.workers[uwsgi.mywid];
    *upp_compat_harakiri(worker) = at;
    *upp_compat_user_harakiri(worker) = user;
    if (!uwsgi.master_process && uwsgi.harakiri_options.workers > 0)
        alarm(at ? seconds_until(at) : 0);
}

static time_t sooner(time_t one, time_t other)
{
    return !one || (other && other < one) ? other : one;
}

static void give_harakiri(const struct slice *slice, const struct wsgi_request *host)
{
    int seconds = uwsgi.harakiri_options.workers;
    if (!UPP_COMPAT_WORKER_HAS_HARAKIRI)
        return;
    if (slice->alive)
        set_harakiri_of_worker(slice->harakiri, slice->user_harakiri);
    else
        set_harakiri_of_worker(seconds > 0 ? (time_t)host->start_of_request_in_sec + seconds : 0,
                               0);
}

/* `slices_with_harakiri` counts, so that a server without harakiri has nothing to look through. */
static void take_harakiri(struct slice *slice)
{
    static int slices_with_harakiri;
    struct uwsgi_worker *worker = &uwsgi.workers[uwsgi.mywid];
    time_t soonest = 0;
    time_t soonest_user = 0;
    if (!UPP_COMPAT_WORKER_HAS_HARAKIRI)
        return;
    slices_with_harakiri -= slice->harakiri || slice->user_harakiri;
    slice->harakiri = slice->alive ? *upp_compat_harakiri(worker) : 0;
    slice->user_harakiri = slice->alive ? *upp_compat_user_harakiri(worker) : 0;
    slices_with_harakiri += slice->harakiri || slice->user_harakiri;
    for (int i = 0; slices_with_harakiri && i < uwsgi.async; i++) {
        soonest = sooner(soonest, slices[i].harakiri);
        soonest_user = sooner(soonest_user, slices[i].user_harakiri);
    }
    set_harakiri_of_worker(soonest, soonest_user);
}

/* ---- slices --------------------------------------------------------------- */

/* Its head did not come within --socket-timeout; uWSGI would go on with what is there of it. */
static int is_unread(const struct wsgi_request *host)
{
    return host->fd >= 0 && uwsgi.async_proto_fd_table[host->fd] == host;
}

static void drop(struct wsgi_request *host)
{
    event_queue_del_fd(uwsgi.async_queue, host->fd, event_queue_read());
    uwsgi.async_proto_fd_table[host->fd] = NULL;
    async_reset_request(host);
    uwsgi_destroy_request(host);
    uwsgi.workers[uwsgi.mywid].cores[host->async_id].in_request = 0;
    uwsgi.async_queue_unused[++uwsgi.async_queue_unused_ptr] = host;
}

/* The interpreter's depth is that of the stack on which the request runs. */
static void enter_greenlet(struct slice *slice, int core)
{
    int before = upp_entry_depth;
    upp_entry_depth = slice->alive ? slice->depth : before + 1;
    slice->alive = 1;
    upp_py_async_enter(core);
    slice->depth = upp_entry_depth;
    upp_entry_depth = before;
}

static void run(struct slice *slice, struct wsgi_request *host)
{
    upp_waits_woken(host);
    give_harakiri(slice, host);
    running = host;
    if (upp_async_has_greenlets()) {
        enter_greenlet(slice, host->async_id);
        if (slice->alive)
            host->async_status = UWSGI_AGAIN; /* or the loop forgets a request in its first slice */
    } else {
        async_schedule_to_req();
        slice->alive = host->async_status > UWSGI_OK;
    }
    running = NULL;
    take_harakiri(slice);
}

/* What woke a request counts for one slice. */
static void end_slice(const struct slice *slice, struct wsgi_request *host)
{
    host->async_ready_fd = 0;
    host->async_timed_out = 0;
    if (!slice->alive)
        upp_waits_end(host->async_id);
}

/* schedule_to_req: the loop's request gets its next slice. */
static void run_slice(void)
{
    struct wsgi_request *host = uwsgi.wsgi_req;
    struct slice *slice = &slices[host->async_id];
    upp_async_hook_waits();
    if (host == &bell) {
        answer_bell();
        return;
    }
    if (!slice->alive && is_unread(host)) {
        drop(host);
        take_harakiri(slice);
    } else {
        run(slice, host);
        end_slice(slice, host);
    }
    /* routes and other requests may have changed it; the loop looks at it next */
    uwsgi.wsgi_req = host;
    leave_when_idle();
}

void upp_async_run(void)
{
    struct slice *slice = &slices[running->async_id];
    async_schedule_to_req_green();
    slice->alive = 0;
}

/* schedule_to_main with greenlets: ends the slice; returns when the next one begins. */
static void switch_out(struct wsgi_request *host)
{
    if (host == running)
        UPP_ENTER(upp_py_async_leave(host->async_id));
}

/* Without greenlets: nothing can be switched. uWSGI warns when there is none at all. */
static void stay(struct wsgi_request *host)
{
    (void)host;
}

/* ---- waiting within C ------------------------------------------------------ */

/* 1: the running request waited for what it added, 0: it cannot. */
static int switches(const struct wsgi_request *host)
{
    return host && upp_async_has_greenlets();
}

static int wait_switched(struct wsgi_request *host)
{
    switch_out(host);
    return host->async_timed_out ? 0 : 1;
}

static int wait_read(int fd, int timeout)
{
    struct wsgi_request *host = running;
    if (!switches(host) || upp_waits_add(host, fd, timeout, 0))
        return uwsgi_simple_wait_read_hook(fd, timeout);
    return wait_switched(host);
}

static int wait_write(int fd, int timeout)
{
    struct wsgi_request *host = running;
    if (!switches(host) || upp_waits_add(host, fd, timeout, 1))
        return uwsgi_simple_wait_write_hook(fd, timeout);
    return wait_switched(host);
}

static int wait_read2(int fd0, int fd1, int timeout, int *fd)
{
    struct wsgi_request *host = running;
    if (!switches(host) || upp_waits_add(host, fd0, timeout, 0) || upp_waits_add(host, fd1, 0, 0))
        return uwsgi_simple_wait_read2_hook(fd0, fd1, timeout, fd);
    int result = wait_switched(host);
    if (result)
        *fd = uwsgi_ready_fd(host);
    return result && *fd < 0 ? -1 : result;
}

static int wait_milliseconds(int milliseconds)
{
    struct wsgi_request *host = running;
    if (!switches(host) || host->async_timeout)
        return uwsgi_simple_wait_milliseconds_hook(milliseconds);
    async_add_timeout(host, milliseconds / 1000 + (milliseconds % 1000 > 0));
    return wait_switched(host) ? -1 : 0;
}

void upp_async_hook_waits(void)
{
    if (hooked || !slices || !uwsgi.async_waiting_fd_table)
        return;
    uwsgi.wait_read_hook = wait_read;
    uwsgi.wait_write_hook = wait_write;
    uwsgi.wait_read2_hook = wait_read2;
    uwsgi.wait_milliseconds_hook = wait_milliseconds;
    if (bell_fd >= 0 && bell_fd < (int)uwsgi.max_fd &&
        !event_queue_add_fd_read(uwsgi.async_queue, bell_fd))
        uwsgi.async_waiting_fd_table[bell_fd] = &bell;
    hooked = 1;
}

/* ---- beginning -------------------------------------------------------------- */

void upp_async_install(void)
{
    if (!upp_async_is_on())
        return;
    slices = uwsgi_calloc(sizeof(struct slice) * (size_t)uwsgi.async);
    upp_waits_setup(uwsgi.async);
    bell_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (bell_fd < 0)
        uwsgi_error("timerfd_create()");
    uwsgi.schedule_to_req = run_slice;
    uwsgi.schedule_to_main = upp_async_has_greenlets() ? switch_out : stay;
    uwsgi.gbcw_hook = work_is_done;
    upp_hold_handle(SIGHUP, leave);
}
