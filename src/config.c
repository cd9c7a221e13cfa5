/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "loop/engine.h"
#include "options.h"
#include "vm/find.h"

static struct upp_config frozen;

/* Where the library is looked for: --pypy-home, or what --virtualenv leads to. */
static const char *library_home;

static struct upp_limits limits;

const char *upp_config_library_option(void)
{
    return upp_options.libpypy;
}

const char *upp_config_library_home(void)
{
    return library_home;
}

int upp_config_decodes_chunks(void)
{
    return upp_options.chunked_input;
}

int upp_config_checks_signals(void)
{
    return upp_options.master_check_signals;
}

const struct uwsgi_string_list *upp_config_shared_areas(void)
{
    return upp_options.shared_areas;
}

const char *upp_config_prometheus(void)
{
    return upp_options.prometheus;
}

void upp_config_set_library(const char *path)
{
    frozen.libpypy = path;
}

void upp_config_set_virtualenv(int is_virtualenv)
{
    frozen.home_is_virtualenv = is_virtualenv;
}

const struct upp_config *upp_config(void)
{
    return &frozen;
}

int upp_config_names_app(const char *what)
{
    size_t length = strlen(what);
    if (length > 3 && !strcmp(what + length - 3, ".py"))
        return 1;
    if (length > 5 && !strcmp(what + length - 5, ".wsgi"))
        return 1;
    return strchr(what, ':') != NULL;
}

int upp_config_magic(char *word)
{
    if (!upp_config_names_app(word))
        return 0;
    size_t length = strlen(word);
    int is_file = !strcmp(word + length - UMIN(length, 3), ".py") ||
                  !strcmp(word + length - UMIN(length, 5), ".wsgi");
    if (is_file)
        upp_options.wsgi_file = word;
    else
        upp_options.wsgi_module = word;
    return 1;
}

/* Bytes of a size as PyPy reads it: digits, then nothing or one of K M G, with an optional B. -1:
 * not one. */
static int64_t parse_size(const char *text)
{
    char *unit;
    errno = 0;
    long long size = strtoll(text, &unit, 10);
    int shift = *unit == 'k' || *unit == 'K'   ? 10
                : *unit == 'm' || *unit == 'M' ? 20
                : *unit == 'g' || *unit == 'G' ? 30
                                               : 0;
    if (unit == text || *text < '0' || *text > '9' || errno)
        return -1;
    if (shift)
        unit++;
    if (*unit == 'b' || *unit == 'B')
        unit++;
    if (*unit || size > INT64_MAX >> shift)
        return -1;
    return size << shift;
}

/* PyPy takes what it does not understand for nothing given, or as its smallest nursery. */
static void check_size(const char *name, const char *text, const char *least, const char *most)
{
    int64_t size = parse_size(text ? text : least);
    if (size < parse_size(least) || size > parse_size(most)) {
        uwsgi_log("--%s %s: give a size from %s to %s with K, M or G, such as 4M\n", name, text,
                  least, most);
        exit(1);
    }
}

static void check_factor(const char *name, const char *text)
{
    char *end = NULL;
    double factor = text ? strtod(text, &end) : 0;
    if (text && (end == text || *end || factor < 1.1 || factor > 100)) {
        uwsgi_log("--%s %s: give a factor from 1.1 to 100, such as 1.82\n", name, text);
        exit(1);
    }
}

static void check_switch(const char *name, const char *text)
{
    if (text && strcmp(text, "on") != 0 && strcmp(text, "off") != 0) {
        uwsgi_log("--%s %s: it is on or off\n", name, text);
        exit(1);
    }
}

/* What PyPy's collector is told; the environment of the user wins. */
static struct upp_gc_setting collector[] = {
    {"PYPY_GC_NURSERY", "4M"},
    {"PYPY_GC_INCREMENT_STEP", "1M"},
    {"PYPY_GC_MIN", NULL},
    {"PYPY_GC_MAJOR_COLLECT", NULL},
    {NULL, NULL},
};

static void freeze_collector(void)
{
    const struct upp_options *given = &upp_options;
    const char *values[] = {given->nursery, given->gc_step, given->gc_min, given->gc_major};
    check_size("pypy-gc-nursery", given->nursery, "64K", "1G");
    check_size("pypy-gc-step", given->gc_step, "64K", "1G");
    check_size("pypy-gc-min", given->gc_min, "1M", "1024G");
    check_factor("pypy-gc-major", given->gc_major);
    check_switch("pypy-gc-idle", given->gc_idle);
    check_switch("pypy-gc-share", given->gc_share);
    for (int i = 0; collector[i].variable; i++) {
        const char *variable = getenv(collector[i].variable);
        if (variable)
            collector[i].value = variable;
        else if (values[i])
            collector[i].value = values[i];
    }
    frozen.gc_idle = !given->gc_idle || !strcmp(given->gc_idle, "on");
    frozen.gc_share = (!given->gc_share || !strcmp(given->gc_share, "on")) && frozen.gc_idle &&
                      uwsgi.master_process && uwsgi.numproc > 0 && !uwsgi.lazy && !uwsgi.lazy_apps;
    frozen.gc_min = collector[2].value;
    frozen.gc_major = collector[3].value;
}

const struct upp_gc_setting *upp_config_collector(void)
{
    return collector;
}

/* PyPy lets Python code use 768 KB of C stack; in a smaller thread stack deep recursion is a
 * segmentation fault instead of a RecursionError. */
static void check_thread_stack(void)
{
    const unsigned long least = 1024;
    if (uwsgi.threads_stacksize && uwsgi.threads_stacksize < least) {
        uwsgi_log("--threads-stacksize %lu: PyPy needs at least %lu (KB) of stack in each thread; "
                  "raise it or leave the option out\n",
                  (unsigned long)uwsgi.threads_stacksize, least);
        exit(1);
    }
    struct rlimit limit;
    if (uwsgi.threads > 1 && !uwsgi.threads_stacksize && !getrlimit(RLIMIT_STACK, &limit) &&
        limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < least * 1024) {
        uwsgi_log(
            "the stack limit of this process (ulimit -s) is %lu KB and threads inherit it; PyPy "
            "needs at least %lu KB: raise the limit or set --threads-stacksize\n",
            (unsigned long)limit.rlim_cur / 1024, least);
        exit(1);
    }
}

static int option_given(const char *name)
{
    for (int i = 0; i < uwsgi.exported_opts_cnt; i++) {
        if (!strcmp(uwsgi.exported_opts[i]->key, name))
            return 1;
    }
    return 0;
}

/* Servers of the Python plugin's, and what stands for them here. */
static int is_foreign_loop(const char *name)
{
    static const char *const names[] = {"gevent", "asyncio", "tornado", "greenlet"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!strcmp(name, names[i]))
            return 1;
    }
    return 0;
}

static void check_loop_engine(void)
{
    if (!uwsgi.loop || uwsgi_get_loop(uwsgi.loop))
        return;
    if (is_foreign_loop(uwsgi.loop))
        uwsgi_log("--loop %s needs CPython and does not work with PyPy; for many requests at the "
                  "same time use --async N --pypy-greenlets, or --threads N, instead\n",
                  uwsgi.loop);
    else
        uwsgi_log("--loop %s: there is no such loop engine; leave the option out, or load the "
                  "plugin that has it\n",
                  uwsgi.loop);
    exit(1);
}

static void check_async(void)
{
    if (upp_options.greenlets && uwsgi.async < 2) {
        uwsgi_log("--pypy-greenlets switches between the requests that --async N has under way; "
                  "give --async a number from 2\n");
        exit(1);
    }
    if (uwsgi.async > 1 && upp_options.warmup) {
        uwsgi_log(
            "--pypy-warmup and --async %d exclude each other: a request of the warm-up cannot wait "
            "while others run; leave --pypy-warmup out, or use --threads or --processes\n",
            uwsgi.async);
        exit(1);
    }
    if (uwsgi.async > 1 && uwsgi.threads > 1) {
        uwsgi_log("--async %d and --threads %d exclude each other: uWSGI has one kind of core; "
                  "leave one of them out\n",
                  uwsgi.async, uwsgi.threads);
        exit(1);
    }
}

/* ucontext stacks lie outside the stack that PyPy checks: wrong results and StackOverflow. */
static void check_ugreen(void)
{
    if (option_given("ugreen")) {
        uwsgi_log(
            "--ugreen does not work with PyPy: its stacks (ucontext) break the interpreter; use "
            "--pypy-greenlets instead\n");
        exit(1);
    }
}

static const char *const *string_array(struct uwsgi_string_list *list)
{
    size_t count = 0;
    struct uwsgi_string_list *item;
    uwsgi_foreach(item, list) count++;
    const char **array = uwsgi_calloc((count + 1) * sizeof(char *));
    count = 0;
    uwsgi_foreach(item, list) array[count++] = item->value;
    return array;
}

static const struct upp_script *script_array(struct upp_script_list *list)
{
    static const struct upp_script none = {0, NULL};
    return list->count ? list->items : &none;
}

int upp_config_wants_loop(void)
{
    return !upp_options.loop || !strcmp(upp_options.loop, "on");
}

const struct upp_limits *upp_config_limits(void)
{
    return &limits;
}

/* One check for all the sizes and times: none may be negative, some not 0. */
static void check_number(const char *name, int64_t value, int64_t least, int64_t most)
{
    if (value < least || value > most) {
        uwsgi_log("--%s %lld: give a number from %lld to %lld\n", name, (long long)value,
                  (long long)least, (long long)most);
        exit(1);
    }
}

static void freeze_limits(void)
{
    const int day = 86400;
    struct upp_loop_options *given = &upp_options.bounds;
    if (uwsgi.limit_post && (!given->body || (int64_t)uwsgi.limit_post < given->body))
        given->body = (int64_t)uwsgi.limit_post;
    check_number("pypy-http-head-max", given->head, 256, 1 << 20);
    check_number("pypy-http-target-max", given->target, 64, 65535);
    check_number("pypy-http-headers-max", given->headers, 1, UPP_HEADERS_MAX);
    check_number("pypy-http-body-buffer", given->body_buffer, 0, 1 << 30);
    check_number("pypy-http-output-max", given->output, 1, INT_MAX);
    check_number("pypy-http-requests-max", given->requests, 0, INT_MAX);
    check_number("pypy-http-connections-max", given->connections, 1, 1 << 24);
    check_number("pypy-http-idle-timeout", given->idle, 0, day);
    check_number("pypy-http-head-timeout", given->head_time, 0, day);
    check_number("pypy-http-body-timeout", given->body_time, 0, day);
    check_number("pypy-http-write-timeout", given->write_time, 0, day);
    limits = (struct upp_limits){
        .head = {(size_t)given->head, (size_t)given->target, (size_t)given->headers},
        .body = (uint64_t)given->body,
        .body_buffer = (size_t)given->body_buffer,
        .output = (size_t)given->output,
        .discard = 256 * 1024,
        .requests = (unsigned)given->requests,
        .connections = (unsigned)given->connections,
        .chunked_packets = upp_options.chunked_input,
        .durations = {[UPP_TIMER_IDLE] = (uint64_t)given->idle * 1000,
                      [UPP_TIMER_HEAD] = (uint64_t)given->head_time * 1000,
                      [UPP_TIMER_BODY] = (uint64_t)given->body_time * 1000,
                      [UPP_TIMER_WRITE] = (uint64_t)given->write_time * 1000,
                      [UPP_TIMER_LINGER] = 2000},
    };
}

/* Seconds, with a fraction if wanted, become milliseconds. */
/* With --async a worker has many requests under way, and their time is that of the others, too. */
static void refuse_with_async(const char *option)
{
    if (uwsgi.async > 1) {
        uwsgi_log("--%s cannot tell the requests of --async %d apart; leave one of them out\n",
                  option, uwsgi.async);
        exit(1);
    }
}

static void freeze_soft_harakiri(void)
{
    const char *given = upp_options.soft_harakiri;
    char *end;
    if (!given)
        return;
    refuse_with_async("pypy-soft-harakiri");
    double seconds = strtod(given, &end);
    if (end == given || *end || !(seconds >= 0.01 && seconds <= 86400)) {
        uwsgi_log("--pypy-soft-harakiri %s: give a number of seconds from 0.01 to 86400\n", given);
        exit(1);
    }
    if (uwsgi.harakiri_options.workers > 0 && seconds >= uwsgi.harakiri_options.workers) {
        uwsgi_log("--pypy-soft-harakiri %s: --harakiri %d would come first; give less\n", given,
                  uwsgi.harakiri_options.workers);
        exit(1);
    }
    frozen.soft_harakiri = (int)(seconds * 1000);
}

static void freeze_slow_request(void)
{
    check_number("pypy-slow-request", upp_options.slow_request, 0, 86400000);
    if (upp_options.slow_request)
        refuse_with_async("pypy-slow-request");
    frozen.slow_request = (int)upp_options.slow_request;
}

static void check_prometheus(void)
{
    const char *path = upp_options.prometheus;
    if (path && (*path != '/' || strpbrk(path, "?# %"))) {
        uwsgi_log("--pypy-prometheus %s: give a path such as /metrics, decoded and without a "
                  "query\n",
                  path);
        exit(1);
    }
}

static void check_virtualenv(void)
{
    struct stat status;
    const char *why = NULL;
    if (stat(upp_options.virtualenv, &status))
        why = strerror(errno);
    else if (!S_ISDIR(status.st_mode))
        why = "this is not a directory";
    if (why) {
        uwsgi_log("%s %s: %s; make it with pypy3 -m venv\n", upp_options.virtualenv_option,
                  upp_options.virtualenv, why);
        exit(1);
    }
}

/* A virtualenv of PyPy becomes the home; one that CPython made is none, but Python finds its
 * packages. With --pypy-home, too, the library is looked for there. */
static void freeze_home(void)
{
    const char *variable = getenv("PYPY_HOME");
    frozen.home = upp_options.home ? upp_options.home : variable && *variable ? variable : NULL;
    frozen.home_option = upp_options.home ? "--pypy-home" : "PYPY_HOME";
    library_home = frozen.home;
    if (!upp_options.virtualenv)
        return;
    check_virtualenv();
    if (upp_find_is_of_cpython(upp_options.virtualenv)) {
        frozen.virtualenv = upp_options.virtualenv;
        frozen.virtualenv_option = upp_options.virtualenv_option;
        return;
    }
    frozen.home = upp_options.virtualenv;
    frozen.home_option = upp_options.virtualenv_option;
    if (!library_home)
        library_home = frozen.home;
}

static void check_choices(void)
{
    const char *behaviour = upp_options.env_behaviour;
    if (behaviour && strcmp(behaviour, "cheat") != 0 && strcmp(behaviour, "holy") != 0) {
        uwsgi_log("--wsgi-env-behaviour %s: it is cheat or holy\n", behaviour);
        exit(1);
    }
    if (uwsgi.profiler && strcmp(uwsgi.profiler, "pycall") != 0 &&
        strcmp(uwsgi.profiler, "pyline") != 0)
        uwsgi_log("--profiler %s: this plugin knows pycall and pyline\n", uwsgi.profiler);
    check_number("optimize", upp_options.optimize, 0, 2);
    check_number("py-autoreload", upp_options.autoreload, 0, 86400);
    if (upp_options.no_site)
        uwsgi_log("--no-site has no effect: PyPy always imports the module site\n");
}

static void freeze_applications(void)
{
    frozen.wsgi_module = upp_options.wsgi_module;
    frozen.wsgi_file = upp_options.wsgi_file;
    frozen.eval_app = upp_options.eval_app;
    frozen.pecan = upp_options.pecan;
    frozen.paste = upp_options.paste;
    frozen.paste_name = upp_options.paste_name;
    frozen.paste_logger = upp_options.paste_logger;
    frozen.callable = upp_options.callable;
    frozen.raw_file = upp_options.raw_file;
    frozen.reload_os_env = upp_options.reload_os_env;
    frozen.file_wrapper = !upp_options.disable_file_wrapper;
    frozen.head_at_once = upp_options.head_at_once;
    frozen.strict = upp_options.strict;
    frozen.accept_buffers = upp_options.accept_buffers;
}

static void freeze_code(void)
{
    frozen.executable = upp_options.executable;
    frozen.argv = upp_options.argv;
    frozen.optimize = (int)upp_options.optimize;
    frozen.python_path = string_array(upp_options.python_path);
    frozen.module_aliases = string_array(upp_options.module_aliases);
    frozen.post_module_aliases = string_array(upp_options.post_module_aliases);
    frozen.imports = string_array(upp_options.imports);
    frozen.shared_imports = string_array(upp_options.shared_imports);
    frozen.spooler_imports = string_array(upp_options.spooler_imports);
    frozen.scripts = script_array(&upp_options.scripts);
    frozen.post_fork_scripts = script_array(&upp_options.post_fork_scripts);
    frozen.test_module = upp_options.test_module;
    frozen.report_version = upp_options.report_version;
    frozen.run_script = upp_options.run_script;
    frozen.shell = upp_options.shell;
    frozen.shell_oneshot = upp_options.shell_oneshot;
    frozen.worker_override = upp_options.worker_override;
    frozen.tracebacker = upp_options.tracebacker;
    frozen.autoreload = (int)upp_options.autoreload;
    frozen.autoreload_ignore = string_array(upp_options.autoreload_ignore);
    frozen.autoreload_watch = string_array(upp_options.autoreload_watch);
    frozen.profiler = uwsgi.profiler;
}

static void freeze_warmup(void)
{
    check_number("pypy-warmup-seconds", upp_options.warmup_seconds, 1, 3600);
    check_number("pypy-warmup-requests", upp_options.warmup_requests, 1, INT_MAX);
    frozen.warmup = string_array(upp_options.warmup);
    frozen.warmup_seconds = (int)upp_options.warmup_seconds;
    frozen.warmup_requests = (int)upp_options.warmup_requests;
    frozen.warmup_strict = upp_options.warmup_strict;
}

void upp_config_freeze(void)
{
    check_switch("pypy-loop", upp_options.loop);
    freeze_limits();
    freeze_collector();
    check_thread_stack();
    check_loop_engine();
    check_async();
    check_ugreen();
    check_choices();
    freeze_soft_harakiri();
    freeze_slow_request();
    check_prometheus();
    /* PyPy has one interpreter per process; says so before uWSGI claims "multiple interpreter
     * mode". */
    uwsgi.single_interpreter = 1;
    freeze_home();
    freeze_applications();
    freeze_code();
    freeze_warmup();
    frozen.setup = upp_options.setup;
    frozen.threads = uwsgi.threads > 1 ? uwsgi.threads : 1;
    frozen.async_cores = uwsgi.async > 1 ? uwsgi.async : 1;
    frozen.greenlets = upp_options.greenlets;
    frozen.processes = uwsgi.numproc > 1 ? uwsgi.numproc : 1;
    frozen.need_app = uwsgi.need_app;
    frozen.lazy_apps = uwsgi.lazy_apps || uwsgi.lazy;
    frozen.post_buffering = (int)uwsgi.post_buffering;
    frozen.disable_write_exception = uwsgi.disable_write_exception;
    frozen.version = UWSGI_VERSION;
    frozen.hostname = uwsgi.hostname;
    frozen.is_a_reload = uwsgi.is_a_reload;
}
