/* SPDX-License-Identifier: MIT */
#include "loop.h"

#include "../compat.h"
#include "../config.h"
#include "../vm/entry.h"
#include "engine.h"
#include "handover.h"
#include "host.h"
#include "life.h"

#define NAME "pypy"

static void *run_core(void *argument)
{
    long id = (long)argument;
    struct wsgi_request *host = &uwsgi.workers[uwsgi.mywid].cores[id].req;
    int before;
    if (uwsgi.threads > 1) {
        uwsgi_setup_thread_req(id, host);
        /* the loop ends its threads itself */
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    }
    UPP_ENTER(upp_py_loop((int)id));
    return NULL;
}

static void join_threads(void)
{
    for (int i = 1; i < uwsgi.threads; i++)
        pthread_join(uwsgi.workers[uwsgi.mywid].cores[i].thread_id, NULL);
}

int upp_loop_prepare(void)
{
    return upp_engine_prepare(upp_config_limits(), upp_config()->threads);
}

static void run(void)
{
    int count;
    struct upp_listener *listeners = upp_host_listeners(&count);
    if (upp_loop_prepare() || upp_engine_start(listeners, count))
        exit(1);
    upp_life_take_signals();
    uwsgi_loop_cores_run(run_core);
    join_threads();
    exit(upp_life_exit_code());
}

void upp_loop_register(void)
{
    uwsgi_register_loop((char *)NAME, run);
}

static upp_loop_source *source = upp_engine_next;

void upp_loop_take_from(upp_loop_source *other)
{
    source = other;
}

struct upp_request *upp_loop_next(int core, int outcome)
{
    return source(upp_engine_core(core), outcome);
}

int upp_loop_is_chosen(void)
{
    return uwsgi.loop && !strcmp(uwsgi.loop, NAME);
}

void upp_loop_choose(void)
{
    const char *why = upp_host_refusal();
    if (uwsgi.command_mode)
        return;
    if (uwsgi.loop && strcmp(uwsgi.loop, NAME) != 0) {
        uwsgi_log("requests are served by uWSGI's own path: --loop %s\n", uwsgi.loop);
        return;
    }
    if (uwsgi.loop && why) {
        uwsgi_log("--loop pypy: the request loop cannot serve: %s\n", why);
        exit(1);
    }
    if (!upp_config_wants_loop())
        why = "--pypy-loop is off";
    if (why) {
        uwsgi_log("requests are served by uWSGI's own path: %s\n", why);
        return;
    }
    uwsgi.loop = (char *)NAME;
    upp_handover_setup();
    uwsgi_log("requests are served by the pypy loop\n");
}
