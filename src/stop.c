/* SPDX-License-Identifier: MIT */
#include "stop.h"

#include "compat.h"
#include "hold.h"
#include "turn.h"

/* Microseconds between two looks for requests that still run. */
#define LOOK_EVERY 20000

static volatile sig_atomic_t leaving;
static volatile sig_atomic_t exit_code;
static pthread_t main_thread;

static struct uwsgi_worker *worker(void)
{
    return &uwsgi.workers[uwsgi.mywid];
}

static int others_are_busy(void)
{
    for (int i = 0; i < uwsgi.threads; i++) {
        if (worker()->cores[i].in_request &&
            !pthread_equal(worker()->cores[i].thread_id, pthread_self()))
            return 1;
    }
    return 0;
}

void upp_stop_wait(void)
{
    if (!leaving)
        return;
    while (others_are_busy())
        usleep(LOOK_EVERY);
}

/* A core is "in request" before it takes a connection, and takes none from a worker that leaves: so
 * none is lost between the two. uWSGI marks it only when it begins to read. */
static int accept_unless_leaving(struct wsgi_request *host, int fd,
                                 int (*accept)(struct wsgi_request *, int))
{
    int *in_request = &worker()->cores[host->async_id].in_request;
    __atomic_store_n(in_request, 1, __ATOMIC_SEQ_CST);
    int accepted = leaving ? -1 : accept(host, fd);
    if (accepted < 0)
        *in_request = 0;
    return accepted;
}

static int accept_plain(struct wsgi_request *host, int fd)
{
    return accept_unless_leaving(host, fd, uwsgi_proto_base_accept);
}

/* Not while it waits for the next request on a connection that it has kept. */
static int accept_http11(struct wsgi_request *host, int fd)
{
    if (host->socket->retry[host->async_id])
        return uwsgi_proto_http11_accept(host, fd);
    return accept_unless_leaving(host, fd, uwsgi_proto_http11_accept);
}

#ifdef UWSGI_SSL
static int accept_tls(struct wsgi_request *host, int fd)
{
    return accept_unless_leaving(host, fd, uwsgi_proto_ssl_accept);
}
#endif

static void mark_accepting(void)
{
    for (struct uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next) {
        if (socket->proto_accept == uwsgi_proto_base_accept)
            socket->proto_accept = accept_plain;
        if (socket->proto_accept == uwsgi_proto_http11_accept)
            socket->proto_accept = accept_http11;
#ifdef UWSGI_SSL
        if (socket->proto_accept == uwsgi_proto_ssl_accept)
            socket->proto_accept = accept_tls;
#endif
    }
}

/* The main thread joins the others after its last request; idle ones would wait for another. */
static void wake_idle_threads(void)
{
#if UPP_COMPAT_STOP_PIPE
    if (uwsgi.loop_stop_pipe[1] > 0)
        close(uwsgi.loop_stop_pipe[1]);
    uwsgi.loop_stop_pipe[1] = 0;
#endif
}

/* In the main thread, which may wait for a lock that no signal interrupts: so it leaves from here,
 * unless it serves a request itself; then its loop ends after it. */
static void leave(int number)
{
    (void)number;
    if (!leaving) {
        uwsgi_log("Gracefully killing worker %d (pid: %d)...\n", uwsgi.mywid, uwsgi.mypid);
        exit_code = UWSGI_RELOAD_CODE;
    }
    leaving = 1;
    worker()->manage_next_request = 0;
    if (!worker()->cores[0].in_request)
        exit(exit_code);
    wake_idle_threads();
}

/* --max-requests and the like, in whichever thread served the last request */
static void work_is_done(void)
{
    if (leaving || !upp_turn_has_come())
        return;
    uwsgi_log("...The work of process %d is done. Seeya!\n", (int)getpid());
    leaving = 1;
    worker()->manage_next_request = 0;
    if (uwsgi.threads < 2)
        exit(0);
    if (!pthread_equal(pthread_self(), main_thread))
        pthread_kill(main_thread, SIGHUP);
}

void upp_stop_install(void)
{
    /* --async has its own end: async.c */
    if (uwsgi.async > 1)
        return;
    mark_accepting();
    uwsgi.gbcw_hook = work_is_done;
    if (uwsgi.threads < 2)
        return;
    main_thread = pthread_self();
    upp_hold_handle(SIGHUP, leave);
}
