/* SPDX-License-Identifier: MIT */
#include "life.h"

#include "../compat.h"
#include "../turn.h"
#include "engine.h"

#include <stdatomic.h>

/* A key press reaches a worker twice, from the terminal and from the master: microseconds. */
#define SECOND_SIGNAL_AFTER 300000

static volatile sig_atomic_t must_stop;
static volatile sig_atomic_t exit_code = UWSGI_END_CODE;

/* By worker id, shared: the process that has said that it takes connections; another one has the
 * id, which is still loading the application, say, until it says so, too. */
static _Atomic(pid_t) *takers;

/* ---- how busy it is ------------------------------------------------------ */

static int count_busy(const struct uwsgi_worker *worker)
{
    int busy = 0;
    for (int i = 0; i < uwsgi.cores; i++)
        busy += worker->cores[i].in_request != 0;
    return busy;
}

int upp_life_is_busy(void)
{
    return count_busy(&uwsgi.workers[uwsgi.mywid]) > 0;
}

int upp_life_is_full(uint64_t *ended)
{
    const struct uwsgi_worker *worker = &uwsgi.workers[uwsgi.mywid];
    *ended = worker->delta_requests;
    return count_busy(worker) == uwsgi.cores;
}

/* ---- other workers ------------------------------------------------------- */

int upp_life_has_siblings(void)
{
    if (uwsgi.numproc > 1 && !takers)
        takers = uwsgi_calloc_shared(sizeof *takers * (size_t)(uwsgi.numproc + 1));
    return uwsgi.numproc > 1;
}

static void become_a_taker(void)
{
    if (takers)
        atomic_store(&takers[uwsgi.mywid], uwsgi.mypid);
}

static int is_taker(int id)
{
    const struct uwsgi_worker *worker = &uwsgi.workers[id];
    return id != uwsgi.mywid && worker->pid > 0 && atomic_load(&takers[id]) == worker->pid &&
           worker->manage_next_request && !worker->cheaped && !worker->suspended &&
           !worker->hijacked;
}

int upp_life_has_takers(void)
{
    for (int i = 1; takers && i <= uwsgi.numproc; i++) {
        if (is_taker(i))
            return 1;
    }
    return 0;
}

int upp_life_free_siblings(void)
{
    int free = 0;
    for (int i = 1; takers && i <= uwsgi.numproc; i++) {
        if (is_taker(i))
            free += uwsgi.cores - count_busy(&uwsgi.workers[i]);
    }
    return free;
}

/* ---- its end ------------------------------------------------------------- */

int upp_life_accepting(void)
{
    return uwsgi.workers[uwsgi.mywid].manage_next_request;
}

int upp_life_must_stop(void)
{
    return must_stop;
}

int upp_life_exit_code(void)
{
    return exit_code;
}

static void stop_accepting(int code)
{
    exit_code = code;
    uwsgi.workers[uwsgi.mywid].manage_next_request = 0;
    upp_engine_wake();
}

/* SIGHUP: finish what was accepted, then end. uWSGI's own handler would leave from inside the
 * signal. */
static void stop_gracefully(int number)
{
    (void)number;
    if (upp_life_accepting())
        uwsgi_log("Gracefully killing worker %d (pid: %d)...\n", uwsgi.mywid, uwsgi.mypid);
    stop_accepting(UWSGI_RELOAD_CODE);
}

/* SIGINT, SIGTERM: end now, but let running requests finish; a second signal does not wait. The
 * master waits for --worker-reload-mercy; without one the worker does it itself. */
static void stop_at_once(int number)
{
    static volatile uint64_t first;
    uint64_t now = uwsgi_micros();
    if (must_stop) {
        if (now - first > SECOND_SIGNAL_AFTER)
            end_me(number);
        return;
    }
    first = now;
    must_stop = 1;
    if (!uwsgi.master_process) {
        uwsgi_unix_signal(SIGALRM, end_me);
        alarm((unsigned)uwsgi.worker_reload_mercy);
    }
    stop_accepting(UWSGI_END_CODE);
    if (upp_life_is_busy())
        uwsgi_log("worker %d (pid: %d) waits for running requests...\n", uwsgi.mywid, uwsgi.mypid);
}

/* --max-requests, reload-on-rss and the like, from inside uwsgi_close_request() */
static void work_is_done(void)
{
    if (upp_life_accepting()) {
        if (!upp_turn_has_come())
            return;
        uwsgi_log("...The work of process %d is done. Seeya!\n", (int)getpid());
    }
    stop_accepting(0);
}

void upp_life_take_signals(void)
{
    uwsgi.gbcw_hook = work_is_done;
    uwsgi_unix_signal(SIGHUP, stop_gracefully);
    uwsgi_unix_signal(SIGINT, stop_at_once);
    uwsgi_unix_signal(SIGTERM, stop_at_once);
    become_a_taker();
}
