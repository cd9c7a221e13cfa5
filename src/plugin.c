/* SPDX-License-Identifier: MIT */
/*
 * plugin.c - the table that uWSGI reads. Each hook is a few lines that delegate.
 */
#include "api/core.h"
#include "api/mule.h"
#include "api/rpc.h"
#include "api/signal.h"
#include "api/spooler.h"
#include "apps.h"
#include "areas.h"
#include "async.h"
#include "compat.h"
#include "config.h"
#include "contract.h"
#include "exceptions.h"
#include "hold.h"
#include "host_check.h"
#include "idle.h"
#include "logger.h"
#include "loop/loop.h"
#include "numbers.h"
#include "options.h"
#include "prometheus.h"
#include "router.h"
#include "soft_harakiri.h"
#include "stacks.h"
#include "stock.h"
#include "stop.h"
#include "vm/boot.h"
#include "vm/entry.h"
#include "vm/fork.h"
#include "warmup.h"
#include "watch.h"
#include "worker.h"

#include <sys/resource.h>

extern struct uwsgi_plugin pypy_plugin;

static int booted;

/* Requests are served by uWSGI's own path. */
static int is_stock;

/* This thread runs uWSGI; others are the application's. */
static _Thread_local int is_uwsgis;

static void on_load(void)
{
    upp_host_check();
    /* without it uWSGI 2.0.21 skips what threads of any kind need */
    uwsgi.has_threads = 1;
    upp_loop_register();
    upp_logger_register();
}

static int init(void)
{
    upp_config_freeze();
    upp_areas_create();
    upp_numbers_setup(upp_config()->slow_request || upp_config_prometheus());
    upp_prometheus_setup();
    upp_boot();
    booted = is_uwsgis = 1;
    upp_logger_start();
    return 0;
}

static void preinit_apps(void)
{
    upp_stock_setup();
    upp_stacks_setup();
    UPP_ENTER(upp_py_preinit());
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

static int loads_in_worker(void)
{
    return uwsgi.lazy || uwsgi.lazy_apps;
}

/* Before the fork, or in each worker. */
static void prepare_to_serve(void)
{
    upp_warmup();
    UPP_ENTER(upp_py_collect());
}

static void postinit_apps(void)
{
    upp_apps_choose_default();
    upp_loop_choose();
    if (!loads_in_worker())
        prepare_to_serve();
}

/* All that the master's processes need is there; step 1: in one of them. */
static void master_fixup(int step)
{
    if (!step)
        upp_hold_watch_forks();
}

static void init_apps(void)
{
    UPP_ENTER(upp_py_init_apps());
    if (loads_in_worker())
        upp_hold_begin();
}

/* The worker begins: a script's, if --python-worker-override names one. */
static int worker(void)
{
    if (upp_worker_override())
        return 1;
    if (!loads_in_worker())
        upp_hold_begin();
    return 0;
}

#if UPP_COMPAT_FORK_HOOKS
/* The master is about to fork a worker. */
static void pre_uwsgi_fork(void)
{
    UPP_ENTER(upp_py_before_fork());
}

/* step 0: in the master, 1: in the worker */
static void post_uwsgi_fork(int step)
{
    if (step)
        upp_fork_in_child();
    UPP_ENTER(upp_py_after_fork(step));
}
#endif

static void post_fork(void)
{
    upp_hold_leave_if_late();
    is_uwsgis = 1;
    /* A mule or a spooler has its handlers, and they end it: not in the middle of this. The hooks
     * of the application come after it, as a whole mule may run in one. */
    if (!uwsgi.mywid)
        upp_hold_begin();
    upp_fork_in_child();
    upp_watch_forget();
    upp_signal_forget();
    upp_rpc_forget();
    upp_stacks_start();
    upp_soft_harakiri_start();
    upp_numbers_start();
    if (!uwsgi.mywid)
        upp_hold_end();
    UPP_ENTER(upp_py_post_fork());
}

/* The last hook before a worker takes requests. */
static void fixup(void)
{
    upp_hold_for_main_thread();
    if (loads_in_worker()) {
        upp_apps_choose_default();
        prepare_to_serve();
    } else {
        upp_nursery_own();
    }
    /* modifier1 30: the same plugin, with SCRIPT_NAME to be cut from PATH_INFO */
    static struct uwsgi_plugin managed;
    managed = pypy_plugin;
    managed.init_thread = NULL;
    managed.atexit = NULL;
    managed.master_fixup = NULL;
    managed.post_fork = NULL;
#if UPP_COMPAT_FORK_HOOKS
    managed.pre_uwsgi_fork = NULL;
    managed.post_uwsgi_fork = NULL;
#endif
    managed.master_cycle = NULL;
    managed.worker = NULL;
    managed.fixup = NULL;
    managed.hijack_worker = NULL;
    uwsgi.p[UWSGI_MODIFIER_MANAGE_PATH_INFO] = &managed;
    upp_async_install();
    is_stock = !upp_loop_is_chosen();
    if (!uwsgi.loop)
        upp_stop_install();
    else if (upp_loop_is_chosen())
        upp_hold_leave_early();
    upp_hold_end();
}

/* The master, each time it wakes up. */
static void master_cycle(void)
{
    upp_watch_workers();
    upp_hold_end();
    if (upp_config_checks_signals())
        UPP_ENTER(upp_py_check_signals());
}

static void init_thread(int core)
{
    is_uwsgis = 1;
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
    upp_prometheus_count(host);
    upp_core_after_request();
    if (is_stock && upp_idle_wanted())
        upp_idle_after_request(host);
}

/* The kernel takes the memory of a worker apart, for some milliseconds, at the cost of whoever
 * serves on the same core. */
static void make_way(void)
{
    if (uwsgi.mywid > 0)
        setpriority(PRIO_PROCESS, 0, 19);
}

/* A thread of the application's that has taken a signal, as the main thread blocked it for a
 * moment, may have been interrupted with the interpreter's lock half taken. */
static void at_exit(void)
{
    if (!booted || upp_entered() || !is_uwsgis)
        return;
    upp_fork_in_child(); /* a new process may end before its first hook */
    upp_stop_wait();
    UPP_ENTER(upp_py_exit());
    upp_logger_stop();
    make_way();
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
    .master_fixup = master_fixup,
#if UPP_COMPAT_FORK_HOOKS
    .pre_uwsgi_fork = pre_uwsgi_fork,
    .post_uwsgi_fork = post_uwsgi_fork,
#endif
    .master_cycle = master_cycle,
    .post_fork = post_fork,
    .worker = worker,
    .fixup = fixup,
    .hijack_worker = upp_worker_hijack,
    .spooler_init = spooler_init,
    .init_thread = init_thread,
    .request = upp_stock_serve,
    .after_request = after_request,
    .signal_handler = upp_signal_handle,
    .rpc = upp_rpc_serve,
    .code_string = code_string,
    .harakiri = upp_stacks_ask,
    .mule = upp_mule_run,
    .mule_msg = upp_mule_message,
    .spooler = upp_spooler_run,
    .atexit = at_exit,
    .exception_class = upp_exceptions_class,
    .exception_msg = upp_exceptions_message,
    .exception_repr = upp_exceptions_repr,
    .exception_log = upp_exceptions_log,
    .backtrace = upp_exceptions_backtrace,
};
