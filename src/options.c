/* SPDX-License-Identifier: MIT */
#include "options.h"

#include "check_config.h"

struct upp_options upp_options = {
    .warmup_seconds = 10,
    .warmup_requests = 20000,
    .bounds =
        {
            .head = 65536,
            .target = 16384,
            .headers = 100,
            .body_buffer = 65536,
            .output = 8 * 1024 * 1024,
            .connections = 16384,
            .idle = 60,
            .head_time = 10,
            .body_time = 30,
            .write_time = 30,
        },
};

/* ---- what sets a value ------------------------------------------------- */

/* uWSGI's own setters take anything for a number. */
static void set_number(char *name, char *value, void *target)
{
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (end == value || *end || errno || number < 0) {
        uwsgi_log("--%s %s: give a number that is not negative\n", name, value);
        exit(1);
    }
    *(int64_t *)target = number;
}

static void add_script(struct upp_script_list *list, int is_file, char *text)
{
    size_t size = (list->count + 2) * sizeof(struct upp_script);
    struct upp_script *items = uwsgi_malloc(size);
    if (list->count)
        memcpy(items, list->items, list->count * sizeof(struct upp_script));
    free(list->items);
    list->items = items;
    items[list->count].is_file = is_file;
    items[list->count].text = text;
    list->count++;
    items[list->count].is_file = 0;
    items[list->count].text = NULL;
}

static void add_code(char *name, char *value, void *list)
{
    (void)name;
    add_script(list, 0, value);
}

static void add_file(char *name, char *value, void *list)
{
    (void)name;
    add_script(list, 1, value);
}

static void add_alias(char *name, char *value, void *list)
{
    const char *equals = strchr(value, '=');
    if (!equals || equals == value || !equals[1]) {
        uwsgi_log("--%s %s: give it as ALIAS=MODULE or ALIAS=/path/to/file.py\n", name, value);
        exit(1);
    }
    uwsgi_opt_add_string_list(name, value, list);
}

static void set_virtualenv(char *name, char *value, void *unused)
{
    (void)unused;
    upp_options.virtualenv = value;
    upp_options.virtualenv_option = uwsgi_concat2("--", name);
}

/* The [uwsgi] section of a paste file is uWSGI configuration, the rest is the application's. */
static void load_ini_paste(char *name, char *value, void *unused)
{
    (void)unused;
    uwsgi_opt_load_ini(name, value, NULL);
    char *path = realpath(value, NULL);
    if (!path) {
        uwsgi_log("--%s %s: %s\n", name, value, strerror(errno));
        exit(1);
    }
    upp_options.paste = uwsgi_concat2("config:", path);
    free(path);
    if (uwsgi_endswith(name, "logged"))
        upp_options.paste_logger = 1;
}

/* No sockets are needed; the worker runs something else and the instance ends with it. */
static void set_command(char *name, char *value, void *target)
{
    uwsgi.command_mode = 1;
    if (target == &upp_options.report_version)
        upp_options.report_version = 1;
    else
        uwsgi_opt_set_str(name, value, target);
    if (target == &upp_options.run_script)
        uwsgi.honour_stdin = 1;
}

static void set_shell(char *name, char *value, void *unused)
{
    (void)unused;
    uwsgi.honour_stdin = 1;
    upp_options.shell = value ? value : (char *)"";
    if (uwsgi_endswith(name, "oneshot"))
        upp_options.shell_oneshot = 1;
}

/* Protocols from before PEP 3333 that nothing speaks any more. */
static void refuse_protocol(char *name, char *value, void *unused)
{
    (void)unused;
    uwsgi_log("--%s %s: this protocol is not served, only WSGI is; make the application a WSGI one "
              "and give it with --wsgi\n",
              name, value);
    exit(1);
}

/* Ways to have many requests under way that are made of CPython's internals. */
static void refuse_engine(char *name, char *value, void *unused)
{
    (void)value;
    (void)unused;
    uwsgi_log("--%s needs CPython and does not work with PyPy; for many requests at the same time "
              "use --async N --pypy-greenlets, or --threads N, instead\n",
              name);
    exit(1);
}

/* ---- the table --------------------------------------------------------- */

#define ENTRY(name, argument, shortcut, help, function, target, flags)                             \
    {                                                                                              \
        (char *)(name), argument, shortcut, (char *)(help), function, target, flags                \
    }
#define TEXT(name, shortcut, help, field)                                                          \
    ENTRY(name, required_argument, shortcut, help, uwsgi_opt_set_str, &upp_options.field, 0)
#define LIST(name, help, field)                                                                    \
    ENTRY(name, required_argument, 0, help, uwsgi_opt_add_string_list, &upp_options.field, 0)
#define FLAG(name, help, field)                                                                    \
    ENTRY(name, no_argument, 0, help, uwsgi_opt_true, &upp_options.field, 0)
#define NUMBER(name, shortcut, help, field)                                                        \
    ENTRY(name, required_argument, shortcut, help, set_number, &upp_options.field, 0)
#define CALL(name, shortcut, help, function, field)                                                \
    ENTRY(name, required_argument, shortcut, help, function, &upp_options.field, 0)
#define SHELL(name, help) ENTRY(name, optional_argument, 0, help, set_shell, NULL, 0)
#define IMMEDIATE(name, help, function)                                                            \
    ENTRY(name, required_argument, 0, help, function, NULL, UWSGI_OPT_IMMEDIATE)
#define WATCHING(name, help, function, field)                                                      \
    ENTRY(name, required_argument, 0, help, function, &upp_options.field,                          \
          UWSGI_OPT_THREADS | UWSGI_OPT_MASTER)

/* The plugin's own name of an option comes first, then those of uWSGI's Python plugin. */
struct uwsgi_option upp_options_table[] = {
    /* which PyPy */
    TEXT("pypy-lib", 0, "load the specified libpypy shared library", libpypy),
    TEXT("pypy-setup", 0, "use the specified file instead of the embedded pypy_setup.py", setup),
    TEXT("pypy-home", 0, "use the specified PyPy installation or virtualenv", home),
    CALL("pypy-virtualenv", 0, "use the packages of a virtualenv", set_virtualenv, virtualenv),
    CALL("pypy-venv", 0, "use the packages of a virtualenv", set_virtualenv, virtualenv),
    CALL("virtualenv", 'H', "use the packages of a virtualenv", set_virtualenv, virtualenv),
    CALL("venv", 'H', "use the packages of a virtualenv", set_virtualenv, virtualenv),
    CALL("home", 'H', "use the packages of a virtualenv", set_virtualenv, virtualenv),
    CALL("pyhome", 'H', "use the packages of a virtualenv", set_virtualenv, virtualenv),
    TEXT("pypy-gc-nursery", 0, "size of the GC nursery, such as 4M (default: 4M)", nursery),
    TEXT("pypy-gc-min", 0, "no major collection while the heap is smaller, such as 64M", gc_min),
    TEXT("pypy-gc-major", 0, "growth of the heap that begins a major collection (default: 1.82)",
         gc_major),
    TEXT("pypy-gc-step", 0, "what a step of a major collection marks, such as 1M", gc_step),
    TEXT("pypy-gc-idle", 0,
         "on: collect between requests and while a worker waits; off: when PyPy does", gc_idle),
    TEXT("pypy-gc-share", 0,
         "on: workers share the heap with the master after collections, too; off: until then",
         gc_share),
    TEXT("pypy-executable", 0, "value of sys.executable", executable),
    TEXT("py-executable", 0, "value of sys.executable", executable),
    TEXT("py-sys-executable", 0, "value of sys.executable", executable),
    TEXT("pypy-argv", 0, "sys.argv behind its first item, split at blanks", argv),
    TEXT("pyargv", 0, "sys.argv behind its first item, split at blanks", argv),
    NUMBER("pypy-optimize", 0, "optimization level, as of python -O (0 to 2)", optimize),
    NUMBER("optimize", 'O', "optimization level, as of python -O (0 to 2)", optimize),
    TEXT("py-programname", 0, "accepted, without an effect", ignored),
    TEXT("py-program-name", 0, "accepted, without an effect", ignored),
    FLAG("early-python", "accepted, without an effect: PyPy starts before the fork", ignored_flag),
    FLAG("no-site", "accepted with a warning: PyPy always imports site", no_site),

    /* which application */
    TEXT("pypy-wsgi", 0, "load a WSGI module: MODULE, MODULE:CALLABLE or MODULE:FACTORY()",
         wsgi_module),
    TEXT("pypy-module", 0, "load a WSGI module (same as --pypy-wsgi)", wsgi_module),
    TEXT("module", 'w', "load a WSGI module (same as --pypy-wsgi)", wsgi_module),
    TEXT("wsgi", 'w', "load a WSGI module (same as --pypy-wsgi)", wsgi_module),
    TEXT("pypy-wsgi-file", 0, "load a .wsgi or .py file, a package's directory or a URL",
         wsgi_file),
    TEXT("pypy-file", 0, "load a file (same as --pypy-wsgi-file)", wsgi_file),
    TEXT("wsgi-file", 0, "load a file (same as --pypy-wsgi-file)", wsgi_file),
    TEXT("file", 0, "load a file (same as --pypy-wsgi-file)", wsgi_file),
    TEXT("pypy-eval-app", 0, "code that defines the WSGI callable", eval_app),
    TEXT("eval", 0, "code that defines the WSGI callable", eval_app),
    TEXT("pypy-callable", 0, "name of the WSGI callable (default: application)", callable),
    TEXT("callable", 0, "name of the WSGI callable (same as --pypy-callable)", callable),
    TEXT("pypy-paste", 0, "load a paste.deploy URI, such as config:/path/to/file.ini", paste),
    TEXT("paste", 0, "load a paste.deploy URI (same as --pypy-paste)", paste),
    TEXT("pypy-paste-name", 0, "name of the application in the paste.deploy file", paste_name),
    TEXT("paste-name", 0, "name of the application in the paste.deploy file", paste_name),
    FLAG("pypy-paste-logger", "set up logging from the paste.deploy file", paste_logger),
    FLAG("paste-logger", "set up logging from the paste.deploy file", paste_logger),
    IMMEDIATE("pypy-ini-paste", "load a paste.deploy file and its [uwsgi] section", load_ini_paste),
    IMMEDIATE("ini-paste", "load a paste.deploy file (same as --pypy-ini-paste)", load_ini_paste),
    IMMEDIATE("pypy-ini-paste-logged", "load a paste.deploy file and its loggers", load_ini_paste),
    IMMEDIATE("ini-paste-logged", "load a paste.deploy file and its loggers", load_ini_paste),
    TEXT("pypy-pecan", 0, "load a pecan configuration file", pecan),
    TEXT("pecan", 0, "load a pecan configuration file", pecan),
    TEXT("pypy-raw", 0, "load a file whose callable serves --raw-socket", raw_file),
    TEXT("python-raw", 0, "load a file whose callable serves --raw-socket", raw_file),
    FLAG("pypy-reload-os-env", "bring os.environ up to date when an application is loaded",
         reload_os_env),
    FLAG("reload-os-env", "bring os.environ up to date when an application is loaded",
         reload_os_env),
    CALL("web3", 0, "refused: only WSGI is served", refuse_protocol, ignored),
    CALL("pump", 0, "refused: only WSGI is served", refuse_protocol, ignored),
    CALL("wsgi-lite", 0, "refused: only WSGI is served", refuse_protocol, ignored),

    /* modules */
    LIST("pypy-pp", "add a directory (or glob) to the python path", python_path),
    LIST("pypy-python-path", "add a directory (or glob) to the python path", python_path),
    LIST("pypy-pythonpath", "add a directory (or glob) to the python path", python_path),
    LIST("pp", "add a directory (or glob) to the python path", python_path),
    LIST("python-path", "add a directory (or glob) to the python path", python_path),
    LIST("pythonpath", "add a directory (or glob) to the python path", python_path),
    LIST("early-python-path", "add a directory (or glob) to the python path", python_path),
    LIST("early-pythonpath", "add a directory (or glob) to the python path", python_path),
    CALL("pypy-module-alias", 0, "ALIAS=MODULE or ALIAS=FILE: another name of a module", add_alias,
         module_aliases),
    CALL("pymodule-alias", 0, "ALIAS=MODULE or ALIAS=FILE: another name of a module", add_alias,
         module_aliases),
    CALL("pypy-post-module-alias", 0, "the same, after the imports", add_alias,
         post_module_aliases),
    CALL("post-pymodule-alias", 0, "the same, after the imports", add_alias, post_module_aliases),
    LIST("pypy-import", "import a module or file before the applications", imports),
    LIST("import", "import a module or file before the applications", imports),
    LIST("pyimport", "import a module or file before the applications", imports),
    LIST("py-import", "import a module or file before the applications", imports),
    LIST("python-import", "import a module or file before the applications", imports),
    LIST("pypy-shared-import", "import a module or file before fork()", shared_imports),
    LIST("shared-import", "import a module or file before fork()", shared_imports),
    LIST("shared-pyimport", "import a module or file before fork()", shared_imports),
    LIST("shared-py-import", "import a module or file before fork()", shared_imports),
    LIST("shared-python-import", "import a module or file before fork()", shared_imports),
    LIST("early-pyimport", "import a module or file before fork()", shared_imports),
    LIST("early-python-import", "import a module or file before fork()", shared_imports),
    LIST("pypy-spooler-import", "import a module or file in the spooler", spooler_imports),
    LIST("spooler-import", "import a module or file in the spooler", spooler_imports),
    LIST("spooler-pyimport", "import a module or file in the spooler", spooler_imports),
    LIST("spooler-py-import", "import a module or file in the spooler", spooler_imports),
    LIST("spooler-python-import", "import a module or file in the spooler", spooler_imports),

    /* code */
    CALL("pypy-eval", 0, "run the specified code before fork()", add_code, scripts),
    CALL("pypy-exec", 0, "run the specified file before fork()", add_file, scripts),
    CALL("pypy-eval-post-fork", 0, "run the specified code after each fork()", add_code,
         post_fork_scripts),
    CALL("pypy-exec-post-fork", 0, "run the specified file after each fork()", add_file,
         post_fork_scripts),

    /* instead of serving */
    CALL("pypy-test", 0, "import a module and exit with 0, or 1 if it fails", set_command,
         test_module),
    CALL("test", 'J', "import a module and exit with 0, or 1 if it fails", set_command,
         test_module),
    ENTRY("pypy-version", no_argument, 0, "print the version of Python and exit", set_command,
          &upp_options.report_version, 0),
    ENTRY("python-version", no_argument, 0, "print the version of Python and exit", set_command,
          &upp_options.report_version, 0),
    CALL("pypy-run", 0, "run a script with uWSGI's API, and exit", set_command, run_script),
    CALL("pyrun", 0, "run a script with uWSGI's API, and exit", set_command, run_script),
    CALL("python", 0, "run a script with uWSGI's API, and exit", set_command, run_script),
    CALL("py", 0, "run a script with uWSGI's API, and exit", set_command, run_script),
    SHELL("pypy-shell", "make the first worker an interactive shell, or run the specified code"),
    SHELL("pyshell", "make the first worker an interactive shell, or run the specified code"),
    SHELL("pypy-shell-oneshot", "the same once; after it the worker serves"),
    SHELL("pyshell-oneshot", "the same once; after it the worker serves"),
    TEXT("pypy-worker-override", 0, "run a script instead of serving", worker_override),
    TEXT("python-worker-override", 0, "run a script instead of serving", worker_override),

    /* development */
    IMMEDIATE("pypy-check-config",
              "say what in a configuration file means something else than with the Python plugin",
              upp_check_config),
    WATCHING("pypy-tracebacker", "show all stacks on a unix socket, PREFIX and the worker's number",
             uwsgi_opt_set_str, tracebacker),
    WATCHING("py-tracebacker", "show all stacks on a unix socket, PREFIX and the worker's number",
             uwsgi_opt_set_str, tracebacker),
    WATCHING("pypy-autoreload", "reload when a module changes, at the latest after SECONDS",
             set_number, autoreload),
    WATCHING("py-autoreload", "reload when a module changes, at the latest after SECONDS",
             set_number, autoreload),
    WATCHING("py-auto-reload", "reload when a module changes, at the latest after SECONDS",
             set_number, autoreload),
    WATCHING("python-autoreload", "reload when a module changes, at the latest after SECONDS",
             set_number, autoreload),
    WATCHING("python-auto-reload", "reload when a module changes, at the latest after SECONDS",
             set_number, autoreload),
    WATCHING("pypy-autoreload-ignore", "a module whose changes do not reload",
             uwsgi_opt_add_string_list, autoreload_ignore),
    WATCHING("py-autoreload-ignore", "a module whose changes do not reload",
             uwsgi_opt_add_string_list, autoreload_ignore),
    WATCHING("py-auto-reload-ignore", "a module whose changes do not reload",
             uwsgi_opt_add_string_list, autoreload_ignore),
    WATCHING("pypy-autoreload-watch", "another file or directory whose changes reload",
             uwsgi_opt_add_string_list, autoreload_watch),

    /* the exchange */
    FLAG("pypy-wsgi-disable-file-wrapper", "do not offer wsgi.file_wrapper", disable_file_wrapper),
    FLAG("wsgi-disable-file-wrapper", "do not offer wsgi.file_wrapper", disable_file_wrapper),
    FLAG("pypy-start_response-nodelay", "send the head in start_response()", head_at_once),
    FLAG("start_response-nodelay", "send the head in start_response()", head_at_once),
    FLAG("pypy-wsgi-strict", "take nothing that PEP 3333 does not allow", strict),
    FLAG("wsgi-strict", "take nothing that PEP 3333 does not allow", strict),
    FLAG("pypy-wsgi-accept-buffer", "take bytearray, memoryview and the like for bytes",
         accept_buffers),
    FLAG("wsgi-accept-buffer", "take bytearray, memoryview and the like for bytes", accept_buffers),
    FLAG("wsgi-accept-buffers", "take bytearray, memoryview and the like for bytes",
         accept_buffers),
    FLAG("pypy-wsgi-manage-chunked-input", "decode chunked request bodies in wsgi.input",
         chunked_input),
    FLAG("wsgi-manage-chunked-input", "decode chunked request bodies in wsgi.input", chunked_input),
    TEXT("wsgi-env-behaviour", 0, "accepted, without an effect: each environ is a new dict",
         env_behaviour),
    TEXT("wsgi-env-behavior", 0, "accepted, without an effect: each environ is a new dict",
         env_behaviour),

    /* warm-up */
    LIST("pypy-warmup", "a request, or file:PATH of requests, to serve before the workers begin",
         warmup),
    NUMBER("pypy-warmup-seconds", 0, "end the warm-up after so many seconds (default: 10)",
           warmup_seconds),
    NUMBER("pypy-warmup-requests", 0, "end the warm-up after so many requests (default: 20000)",
           warmup_requests),
    FLAG("pypy-warmup-strict", "a request of the warm-up that fails ends the start", warmup_strict),

    /* workers that are stuck, or slow */
    TEXT("pypy-soft-harakiri", 0, "raise uwsgi.HarakiriWarning in a request after SECONDS",
         soft_harakiri),
    TEXT("pypy-prometheus", 0, "answer this path with the numbers of all workers for Prometheus",
         prometheus),
    NUMBER("pypy-slow-request", 0, "log requests that take MILLISECONDS or more", slow_request),

    /* processes and memory */
    LIST("pypy-sharedarea", "make a sharedarea of the specified size in bytes", shared_areas),
    LIST("py-sharedarea", "make a sharedarea of the specified size in bytes", shared_areas),
    FLAG("pypy-master-check-signals", "run the handlers of Python's module signal in the master",
         master_check_signals),
    FLAG("py-master-check-signals", "run the handlers of Python's module signal in the master",
         master_check_signals),
    FLAG("py-call-osafterfork", "accepted: it is always done", ignored_flag),
    FLAG("py-call-uwsgi-fork-hooks", "accepted: they are always called", ignored_flag),

    /* many requests at the same time */
    FLAG("pypy-greenlets", "with --async: requests run in greenlets and switch when they wait",
         greenlets),
    ENTRY("gevent", required_argument, 0, "refused: it needs CPython", refuse_engine, NULL, 0),
    ENTRY("gevent-monkey-patch", no_argument, 0, "refused: it needs CPython", refuse_engine, NULL,
          0),
    ENTRY("gevent-early-monkey-patch", no_argument, 0, "refused: it needs CPython", refuse_engine,
          NULL, 0),
    ENTRY("gevent-wait-for-hub", no_argument, 0, "refused: it needs CPython", refuse_engine, NULL,
          0),
    ENTRY("asyncio", required_argument, 0, "refused: it needs CPython", refuse_engine, NULL, 0),
    ENTRY("tornado", required_argument, 0, "refused: it needs CPython", refuse_engine, NULL, 0),
    ENTRY("greenlet", no_argument, 0, "refused: it needs CPython", refuse_engine, NULL, 0),

    /* the request loop */
    TEXT("pypy-loop", 0, "on: serve by the plugin's own request loop (default); off: by uWSGI's",
         loop),
    NUMBER("pypy-http-head-max", 0, "bytes of a request head (default: 65536)", bounds.head),
    NUMBER("pypy-http-target-max", 0, "bytes of a request target (default: 16384)", bounds.target),
    NUMBER("pypy-http-headers-max", 0, "headers of a request (default: 100, at most 128)",
           bounds.headers),
    NUMBER("pypy-http-body-max", 0, "bytes of a request body (default: 0, no bound)", bounds.body),
    NUMBER("pypy-http-body-buffer", 0,
           "bytes of a body to read before the application runs (default: 65536)",
           bounds.body_buffer),
    NUMBER("pypy-http-output-max", 0,
           "bytes of a response that may wait for a slow client (default: 8 MiB)", bounds.output),
    NUMBER("pypy-http-requests-max", 0, "requests per connection (default: 0, no bound)",
           bounds.requests),
    NUMBER("pypy-http-connections-max", 0, "connections per worker (default: 16384)",
           bounds.connections),
    NUMBER("pypy-http-idle-timeout", 0, "seconds to keep an idle connection (default: 60)",
           bounds.idle),
    NUMBER("pypy-http-head-timeout", 0, "seconds for a request head to come (default: 10)",
           bounds.head_time),
    NUMBER("pypy-http-body-timeout", 0, "seconds without any byte of a body (default: 30)",
           bounds.body_time),
    NUMBER("pypy-http-write-timeout", 0, "seconds in which a client takes nothing (default: 30)",
           bounds.write_time),
    ENTRY(NULL, 0, 0, NULL, NULL, NULL, 0),
};
