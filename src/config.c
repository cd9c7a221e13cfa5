/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "loop/engine.h"

/* Scripts in the order of the command line, as two growing arrays that end with a NULL text. */
struct script_list {
    struct upp_script *items;
    size_t count;
};

static struct {
    char *library;
    char *home;
    char *setup;
    char *wsgi_module;
    char *wsgi_file;
    char *paste;
    char *callable;
    char *nursery;
    int disable_file_wrapper;
    char *loop;
    struct uwsgi_string_list *python_path;
    struct script_list scripts;
    struct script_list post_fork_scripts;
} given;

static struct upp_config frozen;

/* The options as given: sizes in bytes, times in seconds. */
static struct {
    int64_t head;
    int64_t target;
    int64_t headers;
    int64_t body;
    int64_t body_buffer;
    int64_t output;
    int64_t requests;
    int64_t connections;
    int64_t idle;
    int64_t head_time;
    int64_t body_time;
    int64_t write_time;
} loop_given = {
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
};

static struct upp_limits limits;

/* uWSGI's own setters take anything for a number. */
static void opt_number(char *name, char *value, void *target)
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

static void add_script(struct script_list *list, int is_file, char *text)
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

static void opt_eval(char *name, char *value, void *list)
{
    (void)name;
    add_script(list, 0, value);
}

static void opt_exec(char *name, char *value, void *list)
{
    (void)name;
    add_script(list, 1, value);
}

/* The [uwsgi] section of a paste file is uWSGI configuration, the rest is the application's. */
static void opt_ini_paste(char *name, char *value, void *unused)
{
    (void)unused;
    uwsgi_opt_load_ini(name, value, NULL);
    char *path = realpath(value, NULL);
    if (!path) {
        uwsgi_log("--%s %s: %s\n", name, value, strerror(errno));
        exit(1);
    }
    given.paste = uwsgi_concat2("config:", path);
    free(path);
}

#define TEXT(name, shortcut, help, field)                                                          \
    {                                                                                              \
        (char *)(name), required_argument, shortcut, (char *)(help), uwsgi_opt_set_str,            \
            &given.field, 0                                                                        \
    }
#define LIST(name, help, field)                                                                    \
    {                                                                                              \
        (char *)(name), required_argument, 0, (char *)(help), uwsgi_opt_add_string_list,           \
            &given.field, 0                                                                        \
    }
#define FLAG(name, help, field)                                                                    \
    {                                                                                              \
        (char *)(name), no_argument, 0, (char *)(help), uwsgi_opt_true, &given.field, 0            \
    }
#define NUMBER(name, help, field)                                                                  \
    {                                                                                              \
        (char *)(name), required_argument, 0, (char *)(help), opt_number, &loop_given.field, 0     \
    }
#define CODE(name, help, function, field)                                                          \
    {                                                                                              \
        (char *)(name), required_argument, 0, (char *)(help), function, &given.field, 0            \
    }
#define IMMEDIATE(name, help, function)                                                            \
    {                                                                                              \
        (char *)(name), required_argument, 0, (char *)(help), function, NULL, UWSGI_OPT_IMMEDIATE  \
    }

struct uwsgi_option upp_config_options[] = {
    TEXT("pypy-lib", 0, "load the specified libpypy shared library", library),
    TEXT("pypy-setup", 0, "use the specified file instead of the embedded pypy_setup.py", setup),
    TEXT("pypy-home", 0, "use the specified PyPy installation or virtualenv", home),
    TEXT("pypy-wsgi", 0, "load a WSGI module: MODULE, MODULE:CALLABLE or MODULE:FACTORY()",
         wsgi_module),
    TEXT("module", 'w', "load a WSGI module (same as --pypy-wsgi)", wsgi_module),
    TEXT("wsgi", 'w', "load a WSGI module (same as --pypy-wsgi)", wsgi_module),
    TEXT("pypy-wsgi-file", 0, "load a .wsgi or .py file", wsgi_file),
    TEXT("wsgi-file", 0, "load a .wsgi or .py file (same as --pypy-wsgi-file)", wsgi_file),
    TEXT("file", 0, "load a .wsgi or .py file (same as --pypy-wsgi-file)", wsgi_file),
    TEXT("pypy-callable", 0, "name of the WSGI callable (default: application)", callable),
    TEXT("callable", 0, "name of the WSGI callable (same as --pypy-callable)", callable),
    TEXT("pypy-paste", 0, "load a paste.deploy URI, such as config:/path/to/file.ini", paste),
    TEXT("paste", 0, "load a paste.deploy URI (same as --pypy-paste)", paste),
    IMMEDIATE("pypy-ini-paste", "load a paste.deploy file and its [uwsgi] section", opt_ini_paste),
    IMMEDIATE("ini-paste", "load a paste.deploy file (same as --pypy-ini-paste)", opt_ini_paste),
    CODE("pypy-eval", "run the specified code before fork()", opt_eval, scripts),
    CODE("pypy-exec", "run the specified file before fork()", opt_exec, scripts),
    CODE("pypy-eval-post-fork", "run the specified code after each fork()", opt_eval,
         post_fork_scripts),
    CODE("pypy-exec-post-fork", "run the specified file after each fork()", opt_exec,
         post_fork_scripts),
    LIST("pypy-pp", "add a directory (or glob) to the python path", python_path),
    LIST("pypy-python-path", "add a directory (or glob) to the python path", python_path),
    LIST("pypy-pythonpath", "add a directory (or glob) to the python path", python_path),
    LIST("pp", "add a directory (or glob) to the python path", python_path),
    LIST("python-path", "add a directory (or glob) to the python path", python_path),
    LIST("pythonpath", "add a directory (or glob) to the python path", python_path),
    TEXT("pypy-gc-nursery", 0, "size of the GC nursery, such as 4M (default: 4M)", nursery),
    FLAG("pypy-wsgi-disable-file-wrapper", "do not offer wsgi.file_wrapper", disable_file_wrapper),
    FLAG("wsgi-disable-file-wrapper", "do not offer wsgi.file_wrapper", disable_file_wrapper),
    TEXT("pypy-loop", 0, "on: serve by the plugin's own request loop (default); off: by uWSGI's",
         loop),
    NUMBER("pypy-http-head-max", "bytes of a request head (default: 65536)", head),
    NUMBER("pypy-http-target-max", "bytes of a request target (default: 16384)", target),
    NUMBER("pypy-http-headers-max", "headers of a request (default: 100, at most 128)", headers),
    {(char *)"pypy-http-body-max", required_argument, 0,
     (char *)"bytes of a request body (default: 0, no bound)", opt_number, &loop_given.body, 0},
    NUMBER("pypy-http-body-buffer",
           "bytes of a body to read before the application runs (default: 65536)", body_buffer),
    NUMBER("pypy-http-output-max",
           "bytes of a response that may wait for a slow client (default: 8 MiB)", output),
    NUMBER("pypy-http-requests-max", "requests per connection (default: 0, no bound)", requests),
    NUMBER("pypy-http-connections-max", "connections per worker (default: 16384)", connections),
    NUMBER("pypy-http-idle-timeout", "seconds to keep an idle connection (default: 60)", idle),
    NUMBER("pypy-http-head-timeout", "seconds for a request head to come (default: 10)", head_time),
    NUMBER("pypy-http-body-timeout", "seconds without any byte of a body (default: 30)", body_time),
    NUMBER("pypy-http-write-timeout", "seconds in which a client takes nothing (default: 30)",
           write_time),
    {NULL, 0, 0, NULL, NULL, NULL, 0},
};

const char *upp_config_library_option(void)
{
    return given.library;
}

const char *upp_config_nursery(void)
{
    return given.nursery ? given.nursery : "4M";
}

void upp_config_set_library(const char *path)
{
    frozen.library = path;
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
        given.wsgi_file = word;
    else
        given.wsgi_module = word;
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

/* PyPy takes what it does not understand as its smallest nursery. */
static void check_nursery(void)
{
    const int64_t least = 64 << 10;
    const int64_t most = 1LL << 30;
    int64_t size = given.nursery ? parse_size(given.nursery) : least;
    if (size < least || size > most) {
        uwsgi_log("--pypy-gc-nursery %s: give a size from 64K to 1G with K, M or G, such as 4M\n",
                  given.nursery);
        exit(1);
    }
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

/* ucontext stacks lie outside the stack that PyPy checks: wrong results and StackOverflow. */
static void check_ugreen(void)
{
    if (option_given("ugreen")) {
        uwsgi_log(
            "--ugreen does not work with PyPy: its stacks (ucontext) break the interpreter; use "
            "--threads or --processes instead\n");
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

static const struct upp_script *script_array(struct script_list *list)
{
    static const struct upp_script none = {0, NULL};
    return list->count ? list->items : &none;
}

int upp_config_wants_loop(void)
{
    return !given.loop || !strcmp(given.loop, "on");
}

const struct upp_limits *upp_config_limits(void)
{
    return &limits;
}

static void check_loop(void)
{
    if (given.loop && strcmp(given.loop, "on") != 0 && strcmp(given.loop, "off") != 0) {
        uwsgi_log("--pypy-loop %s: it is on or off\n", given.loop);
        exit(1);
    }
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
    check_number("pypy-http-head-max", loop_given.head, 256, 1 << 20);
    check_number("pypy-http-target-max", loop_given.target, 64, 65535);
    check_number("pypy-http-headers-max", loop_given.headers, 1, UPP_HEADERS_MAX);
    check_number("pypy-http-body-buffer", loop_given.body_buffer, 0, 1 << 30);
    check_number("pypy-http-output-max", loop_given.output, 1, INT_MAX);
    check_number("pypy-http-requests-max", loop_given.requests, 0, INT_MAX);
    check_number("pypy-http-connections-max", loop_given.connections, 1, 1 << 24);
    check_number("pypy-http-idle-timeout", loop_given.idle, 0, day);
    check_number("pypy-http-head-timeout", loop_given.head_time, 0, day);
    check_number("pypy-http-body-timeout", loop_given.body_time, 0, day);
    check_number("pypy-http-write-timeout", loop_given.write_time, 0, day);
    limits = (struct upp_limits){
        .head = {(size_t)loop_given.head, (size_t)loop_given.target, (size_t)loop_given.headers},
        .body = (uint64_t)loop_given.body,
        .body_buffer = (size_t)loop_given.body_buffer,
        .output = (size_t)loop_given.output,
        .discard = 256 * 1024,
        .requests = (unsigned)loop_given.requests,
        .connections = (unsigned)loop_given.connections,
        .durations = {[UPP_TIMER_IDLE] = (uint64_t)loop_given.idle * 1000,
                      [UPP_TIMER_HEAD] = (uint64_t)loop_given.head_time * 1000,
                      [UPP_TIMER_BODY] = (uint64_t)loop_given.body_time * 1000,
                      [UPP_TIMER_WRITE] = (uint64_t)loop_given.write_time * 1000,
                      [UPP_TIMER_LINGER] = 2000},
    };
}

void upp_config_freeze(void)
{
    check_loop();
    if (uwsgi.limit_post && (!loop_given.body || (int64_t)uwsgi.limit_post < loop_given.body))
        loop_given.body = (int64_t)uwsgi.limit_post;
    freeze_limits();
    check_nursery();
    check_thread_stack();
    check_ugreen();
    /* PyPy has one interpreter per process; says so before uWSGI claims "multiple interpreter
     * mode". */
    uwsgi.single_interpreter = 1;
    frozen.home = given.home ? given.home : getenv("PYPY_HOME");
    if (frozen.home && !*frozen.home)
        frozen.home = NULL;
    frozen.home_option = given.home ? "--pypy-home" : "PYPY_HOME";
    frozen.setup = given.setup;
    frozen.wsgi_module = given.wsgi_module;
    frozen.wsgi_file = given.wsgi_file;
    frozen.paste = given.paste;
    frozen.callable = given.callable;
    frozen.python_path = string_array(given.python_path);
    frozen.scripts = script_array(&given.scripts);
    frozen.post_fork_scripts = script_array(&given.post_fork_scripts);
    frozen.file_wrapper = !given.disable_file_wrapper;
    frozen.threads = uwsgi.threads > 1 ? uwsgi.threads : 1;
    frozen.processes = uwsgi.numproc > 1 ? uwsgi.numproc : 1;
    frozen.need_app = uwsgi.need_app;
    frozen.lazy_apps = uwsgi.lazy_apps || uwsgi.lazy;
    frozen.post_buffering = (int)uwsgi.post_buffering;
    frozen.disable_write_exception = uwsgi.disable_write_exception;
    frozen.version = UWSGI_VERSION;
    frozen.hostname = uwsgi.hostname;
    frozen.is_a_reload = uwsgi.is_a_reload;
}
