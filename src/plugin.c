/* SPDX-License-Identifier: MIT */
/*
 * plugin.c - the table that uWSGI reads. Each hook is a few lines that delegate.
 */
#include "areas.h"
#include "compat.h"
#include "config.h"
#include "contract.h"
#include "exceptions.h"
#include "host_check.h"
#include "loop/loop.h"
#include "options.h"
#include "router.h"
#include "stacks.h"
#include "stock.h"
#include "stop.h"
#include "vm/boot.h"
#include "vm/entry.h"
#include "vm/fork.h"
#include "worker.h"

extern struct uwsgi_plugin pypy_plugin;

static int booted;

static void on_load(void)
{
    upp_host_check();
    /* without it uWSGI 2.0.21 skips what threads of any kind need */
    uwsgi.has_threads = 1;
    upp_loop_register();
}

static int init(void)
{
    upp_config_freeze();
    upp_areas_create();
    upp_boot();
    booted = 1;
    return 0;
}

static void preinit_apps(void)
{
    upp_stock_setup();
    upp_stacks_setup();
    UPP_ENTER(upp_py_preinit());
}

static void init_apps(void)
{
    UPP_ENTER(upp_py_init_apps());
}

static int mount_app(char *mountpoint, char *what)
{
    int result = -1;
    if (upp_config_names_app(what))
        UPP_ENTER(result = upp_py_mount(mountpoint, what));
    return result;
}

static int magic(char *mountpoint, char *word)
{
    (void)mountpoint;
    return upp_config_magic(word);
}

static void postinit_apps(void)
{
    upp_loop_choose();
}

/* A worker has the master's signal handlers until it gets to run; a reload at that moment would be
 * lost on it. So the signals wait until the worker has handlers of its own. */
static sigset_t signals_before_fork;

static void leave_early(int number)
{
    exit(number == SIGHUP ? UWSGI_RELOAD_CODE : UWSGI_END_CODE);
}

static void hold_signals(void)
{
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGHUP);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &held, &signals_before_fork);
}

static void release_signals(int in_worker)
{
    if (in_worker) {
        uwsgi_unix_signal(SIGHUP, leave_early);
        uwsgi_unix_signal(SIGINT, leave_early);
        uwsgi_unix_signal(SIGTERM, leave_early);
    }
    pthread_sigmask(SIG_SETMASK, &signals_before_fork, NULL);
}

/* The master is about to fork a worker. */
static void pre_uwsgi_fork(void)
{
    UPP_ENTER(upp_py_before_fork());
    hold_signals();
}

/* step 0: in the master, 1: in the worker */
static void post_uwsgi_fork(int step)
{
    release_signals(step);
    if (step)
        upp_fork_in_child();
    UPP_ENTER(upp_py_after_fork(step));
}

static void post_fork(void)
{
    upp_fork_in_child();
    upp_stacks_start();
    UPP_ENTER(upp_py_post_fork());
}

/* The last hook before a worker takes requests. */
static void fixup(void)
{
    /* modifier1 30: the same plugin, with SCRIPT_NAME to be cut from PATH_INFO */
    static struct uwsgi_plugin managed;
    managed = pypy_plugin;
    managed.init_thread = NULL;
    managed.atexit = NULL;
    managed.post_fork = NULL;
    managed.pre_uwsgi_fork = NULL;
    managed.post_uwsgi_fork = NULL;
    managed.fixup = NULL;
    managed.hijack_worker = NULL;
    uwsgi.p[UWSGI_MODIFIER_MANAGE_PATH_INFO] = &managed;
    if (!uwsgi.loop)
        upp_stop_install();
}

static void init_thread(int core)
{
    UPP_ENTER(upp_py_thread_start(core));
}

static void spooler_init(void)
{
    UPP_ENTER(upp_py_spooler_init());
}

static char *code_string(char *id, char *code, char *function, char *key, uint16_t length)
{
    return booted ? upp_router_ask(id, code, function, key, length) : NULL;
}

static void after_request(struct wsgi_request *host)
{
    log_request(host);
}

static void at_exit(void)
{
    if (!booted || upp_entered())
        return;
    upp_stop_wait();
    UPP_ENTER(upp_py_exit());
}

__attribute__((visibility("default"))) struct uwsgi_plugin pypy_plugin = {
    .name = "pypy",
    .modifier1 = 0,
    .options = upp_options_table,
    .on_load = on_load,
    .init = init,
    .preinit_apps = preinit_apps,
    .init_apps = init_apps,
    .postinit_apps = postinit_apps,
    .mount_app = mount_app,
    .magic = magic,
    .pre_uwsgi_fork = pre_uwsgi_fork,
    .post_uwsgi_fork = post_uwsgi_fork,
    .post_fork = post_fork,
    .worker = upp_worker_override,
    .fixup = fixup,
    .hijack_worker = upp_worker_hijack,
    .spooler_init = spooler_init,
    .init_thread = init_thread,
    .request = upp_stock_serve,
    .after_request = after_request,
    .code_string = code_string,
    .harakiri = upp_stacks_ask,
    .atexit = at_exit,
    .exception_class = upp_exceptions_class,
    .exception_msg = upp_exceptions_message,
    .exception_repr = upp_exceptions_repr,
    .exception_log = upp_exceptions_log,
    .backtrace = upp_exceptions_backtrace,
};
