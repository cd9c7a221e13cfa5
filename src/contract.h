/* SPDX-License-Identifier: MIT */
/*
 * contract.h - every C name that the Python half may see, and every Python
 * function that the C half may call.
 *
 * gcc reads this file as a header; the bridge generator reads the part between
 * the two marks as cffi declarations. So that part holds flat functions, ints,
 * (pointer, length) pairs and structs of these: no uWSGI type, no macro logic.
 *
 * Ownership: a pointer that C hands to Python is C's. It stays valid until the
 * end of the request (request fields), until the next call of the same function
 * (results), or for ever (configuration). A pointer that Python hands to C is
 * valid during that call only.
 *
 * Encoding: bytes everywhere. Text is decoded and encoded in Python.
 *
 * Changing anything here that an older setup file could trip over means raising
 * UPP_CONTRACT: a `--pypy-setup` file made for another number is refused.
 */
#ifndef UPP_CONTRACT_H
#define UPP_CONTRACT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A function that Python implements (cffi: extern "Python+C"). */
#define UPP_PYTHON extern

/* contract: begin */

#define UPP_CONTRACT 1

/* ---- configuration: constant from the first Python line on ------------- */

/* One `--pypy-eval` (is_file 0, text is code) or `--pypy-exec` (is_file 1, text is a path). */
struct upp_script {
    int is_file;
    const char *text;
};

/* Lists end with a NULL item, or with a script whose text is NULL. A pointer that was not set is
 * NULL. */
struct upp_config {
    const char *libpypy;     /* path of the libpypy that was loaded */
    const char *home;        /* --pypy-home as given, PYPY_HOME, or a --virtualenv of PyPy */
    const char *home_option; /* what named it: "--pypy-home", "PYPY_HOME", "--venv" ... */
    const char *virtualenv;  /* one that CPython made: its packages are to be used */
    const char *virtualenv_option;
    const char *setup;       /* --pypy-setup */
    const char *wsgi_module; /* MODULE[:CALLABLE[()]] */
    const char *wsgi_file;   /* path[:CALLABLE] */
    const char *eval_app;    /* code that defines the callable */
    const char *pecan;       /* path of a configuration file of pecan */
    const char *paste;       /* URI of paste.deploy */
    const char *paste_name;
    const char *callable;   /* default name of the callable, or NULL */
    const char *raw_file;   /* --python-raw */
    const char *executable; /* sys.executable */
    const char *argv;       /* sys.argv[1:], with blanks between */
    const char *const *python_path;
    const char *const *module_aliases; /* ALIAS=MODULE, ALIAS=FILE */
    const char *const *post_module_aliases;
    const char *const *imports; /* names of modules and paths of files */
    const char *const *shared_imports;
    const char *const *spooler_imports;
    const struct upp_script *scripts;           /* before fork */
    const struct upp_script *post_fork_scripts; /* after each fork */
    const char *test_module;                    /* import this and exit */
    const char *run_script;                     /* a worker runs this and exits */
    const char *shell;                          /* code for worker 1; "": interactive */
    const char *worker_override;                /* a worker runs this instead of serving */
    const char *tracebacker;                    /* path of a socket, without the worker's number */
    const char *const *autoreload_ignore;
    const char *const *autoreload_watch;
    const char *const *warmup; /* requests, or files of them */
    const char *gc_min;        /* PYPY_GC_MIN */
    const char *gc_major;      /* PYPY_GC_MAJOR_COLLECT */
    const char *profiler;      /* --profiler */
    const char *version;       /* uWSGI's version, "2.0.21-debian" */
    const char *hostname;
    int home_is_virtualenv; /* home has a pyvenv.cfg */
    int paste_logger;
    int reload_os_env;  /* before each application is loaded */
    int optimize;       /* 0 to 2 */
    int report_version; /* print the version and exit */
    int shell_oneshot;
    int soft_harakiri;  /* milliseconds, 0: off */
    int slow_request;   /* milliseconds, 0: off */
    int autoreload;     /* seconds, 0: off */
    int file_wrapper;   /* offer wsgi.file_wrapper */
    int head_at_once;   /* start_response() sends the head */
    int strict;         /* nothing beyond PEP 3333 */
    int accept_buffers; /* any buffer is as good as bytes */
    int threads;        /* --threads, at least 1 */
    int async_cores;    /* --async, at least 1 */
    int greenlets;      /* --pypy-greenlets */
    int processes;      /* --processes, at least 1 */
    int need_app;
    int lazy_apps;
    int post_buffering;          /* --post-buffering, 0 when off */
    int disable_write_exception; /* --disable-write-exception */
    int is_a_reload;
    int gc_idle;        /* collect while a worker waits */
    int gc_share;       /* --pypy-gc-share, in a master that workers are forked from */
    int warmup_seconds; /* bounds of the warm-up */
    int warmup_requests;
    int warmup_strict; /* a request that fails ends the start */
};
const struct upp_config *upp_config(void);

/* The setup file declares the contract it was written for; a number other than ours ends the
 * start with a sentence. Not calling it at all does the same. */
void upp_contract(int number);

/* Embedded Python files: text of `name` ("uwsgi_pypy/wsgi.py"), or NULL. Sets *length in bytes. */
const char *upp_embedded(const char *name, size_t *length);

/* ---- log and process --------------------------------------------------- */

/* Writes `length` bytes and a newline to uWSGI's log in one write. */
void upp_log(const char *text, size_t length);
/* Ends the start: exit(code) without running the Python exit functions. */
void upp_exit(int code);
int upp_worker_id(void);
int upp_mule_id(void);
int upp_spooler(void); /* 1 in a spooler process */
int64_t upp_master_pid(void);
/* The environment of the process: "NAME=value", ends with NULL. */
const char *const *upp_environment(void);
/* 1 if `path` is a URL that uWSGI can read, such as http:, data:, sym:. */
int upp_url_is_known(const char *path);
/* Reads such a URL; NULL if that fails. The result is valid until the next call. */
const char *upp_url_read(const char *url, size_t *length);
/* inotify_init1(IN_CLOEXEC) and inotify_add_watch(): a number, or -1. */
int upp_watch_open(void);
int upp_watch_add(int descriptor, const char *path, uint32_t mask);

/* ---- applications ------------------------------------------------------ */

/* Registers an application with uWSGI: stats, --need-app, log. Returns its id >= 0, or -1 when
 * --max-apps are loaded. `seconds` is how long loading took. Caller holds the loading lock. */
int upp_app_add(const char *mountpoint, size_t length, int64_t seconds, const char *chdir,
                const char *touch_reload);
int upp_app_is_default(int app);

/* ---- garbage ------------------------------------------------------------ */

/* How long a worker has had no request. */
enum upp_quiet {
    UPP_BUSY,    /* not long enough to say, or it has had much to do of late */
    UPP_QUIET,   /* some ten milliseconds: another one may come at any time */
    UPP_AT_REST, /* a second */
};

/* How full the nursery is, in which objects are born one behind the other (src/nursery.c).
 * Addresses and sizes in bytes. */
struct upp_nursery {
    int64_t end;       /* the highest address that an object has had */
    int64_t size;      /* 0: it is not as it should be */
    int64_t piece;     /* what the rest is filled with at a time */
    int64_t at;        /* where the next object came after the last look */
    int64_t asked;     /* requests from then to the next look, at least 1 */
    int64_t next;      /* the same, while it is decided; 0: not yet */
    int64_t need;      /* bytes that a request takes */
    int is_collecting; /* a major collection may be under way */
};

/* What to do about it, between two requests. */
enum upp_nursery_deed {
    UPP_NURSERY_LEAVE,   /* nothing */
    UPP_NURSERY_COLLECT, /* go on with the collection, if there is one */
    UPP_NURSERY_EMPTY,   /* the next request might not fit */
};

/* That of this process. */
struct upp_nursery *upp_nursery(void);

/* Where the bytes of `object` lie, as a number; no use but to compare it with others. */
int64_t upp_nursery_locate(const char *object);

/* In a new process: copies the pages at one go (Linux 5.14) that its parent has, too; else each is
 * copied when it is written to, in the middle of the first requests. */
void upp_nursery_own(void);

/* How many bytes are left behind an object that has just been made; 0 if it is not in the nursery,
 * as one that PyPy has made elsewhere. */
int64_t upp_nursery_room(const char *object);

/* Between two requests, with an object that has just been made. */
enum upp_nursery_deed upp_nursery_look(const char *object);

/* After that has been done, with another such object. Returns the number of requests after which to
 * look again, at least 1. */
int64_t upp_nursery_go_on(const char *object);

/* ---- sharing memory with the master (src/vm/share.h) -------------------- */

/* In the process that workers are forked from, before the first of them: puts the pages of the
 * heap into a file in memory. Returns how many bytes that are, 0 if it could not. */
int64_t upp_share_prepare(void);
/* In a worker, before a collection: what it may find to be free of all that is in use. */
void upp_share_before_collection(void);
/* In a worker, after an even number of collections: upp_share_step() begins anew. */
void upp_share_begin(void);
/* Looks at the next two megabytes, and gives back what equals the file. Returns 1 if there is more
 * to look at. */
int upp_share_step(void);

/* ---- the request loop -------------------------------------------------- */

struct upp_request;

/* Ends the last request of `core` (outcome: UPP_DONE or UPP_CLOSE) and waits for the next one.
 * NULL: the worker stops. */
struct upp_request *upp_loop_next(int core, int outcome);

/* The CGI name with that id (bytes, for ever valid), NULL and length 0 if there is none. */
#define UPP_NAMES_MAX 512 /* ids are below */
const char *upp_name(int id, size_t *length);

/* ---- a request --------------------------------------------------------- */

/* One CGI variable; the same layout twice as a struct iovec. Bytes, not NUL-terminated. */
struct upp_variable {
    const char *name;
    size_t name_length;
    const char *value;
    size_t value_length;
};

/* Requests whose variables have the same names in the same order have the same shape. Python keeps
 * an environ for each shape of each core. */
#define UPP_SHAPES 32

/* flags of a request */
#define UPP_IS_HEAD 1    /* the method is HEAD */
#define UPP_TERMINATED 2 /* the body ends where the request does, with and without a length */
#define UPP_HTTPS 4      /* url scheme is https */
#define UPP_DYNAMIC 8    /* the request names its own application */
#define UPP_SEEKABLE 16  /* the body was buffered: seek() works */
#define UPP_UNCHANGED                                                                              \
    32 /* nothing changes the body on its way: its length can be declared, files sent */

/* results of the functions below */
#define UPP_OK 0
#define UPP_GONE -1    /* the client went away or an I/O error; already logged by the host */
#define UPP_TIMEOUT -2 /* the client sent or took nothing for the socket timeout */
#define UPP_CANNOT -3  /* not possible this way; nothing was sent */

struct upp_request {
    const struct upp_variable *variables;
    const int16_t *name_ids; /* of the variables' names, see upp_name(); -1: it has none */
    int variable_count;
    int has_environ;        /* Python: 1 once the environ is made, and kept for the shape */
    int shape;              /* 0 to UPP_SHAPES - 1; -1: nothing is kept for this request */
    int changed_count;      /* -1: nothing is known of the shape yet */
    const int16_t *changed; /* variables that have another value than in the shape's last request */
    int flags;
    int app;                /* id of the application, -1: none found */
    int core;               /* thread or async core that serves it */
    int64_t content_length; /* INT64_MAX: nobody knows yet */
    const char *chunk;      /* result of upp_request_read */
    const char *scheme;
    size_t scheme_length;
    const void *front; /* struct upp_front */
    void *host;        /* uWSGI's request */
};

/* Reads 1..size bytes of the body (it waits for the first one), stores them at request->chunk until
 * the next call. Returns their number, 0 at the end, UPP_GONE or UPP_TIMEOUT. */
int64_t upp_request_read(struct upp_request *request, size_t size);
/* Moves the read position of a buffered body (UPP_SEEKABLE). UPP_OK or UPP_CANNOT. */
int upp_request_seek(struct upp_request *request, uint64_t position);

/* Sends the response head and the first `length` bytes of the body in one go. `headers` is a block
 * of "Name: value\r\n" lines, already checked. `declared` is the value of their Content-Length, -1:
 * none. `last`: this is the whole body; the front may then declare its length itself. */
int upp_request_respond(struct upp_request *request, const char *status, size_t status_length,
                        const char *headers, size_t headers_length, int64_t declared,
                        const char *body, size_t length, int last);
/* Sends more of the body. */
int upp_request_write(struct upp_request *request, const char *body, size_t length);
/* Sends `length` bytes of a regular file from `position`. Only with UPP_UNCHANGED, after the head.
 */
int upp_request_sendfile(struct upp_request *request, int fd, uint64_t position, uint64_t length);
/* Answers with the host's own error page (400, 404, 500 or 503); nothing was sent before. */
void upp_request_error(struct upp_request *request, int status);
/* Tells the client that the response is broken: the connection ends with a reset. */
void upp_request_abort(struct upp_request *request);
/* Ends the response and the connection for the client; the application may run on. */
void upp_request_disconnect(struct upp_request *request);
/* An application raised: uWSGI counts it, asks the exception hooks, catches, reloads. With
 * `catch_it` the host may answer with its exception page (--catch-exceptions). Returns 1 if it
 * answered. */
int upp_request_exception(struct upp_request *request, int catch_it);
/* 1 if --catch-exceptions is on. */
int upp_catch_exceptions(void);

/* --pypy-soft-harakiri. The application of `core` begins; goes on after it was stopped; has ended,
 * where 1 says that the exception was sent, and may not have arrived yet. In the core's thread. */
void upp_soft_harakiri_begin(int core);
void upp_soft_harakiri_resume(int core);
int upp_soft_harakiri_stop(int core);
/* The request `serial` of `core` shall have the exception now, and cannot end before _sent().
 * Returns its thread's identity (as _thread.get_ident()), 0: it has ended. _sent() wakes the
 * thread. */
uint64_t upp_soft_harakiri_take(int core, uint64_t serial);
void upp_soft_harakiri_sent(int core);
/* It has run for too long. */
UPP_PYTHON void upp_py_soft_harakiri(int core, uint64_t serial);

/* What PyPy does in this worker (src/numbers.h), told once it was asked for (upp_py_numbers_start).
 * Collections, with the sum of their pauses and the longest of these in nanoseconds; returns all
 * pauses of the process. The JIT: what it has compiled and given up, bytes of machine code, and
 * microseconds of tracing and compiling. The heap: bytes in use, and the most that ever were. */
int64_t upp_numbers_gc(int64_t minor, int64_t major, int64_t pause, int64_t longest);
void upp_numbers_jit(int64_t loops, int64_t bridges, int64_t aborts, int64_t code, int64_t time);
void upp_numbers_heap(int64_t used, int64_t peak);
UPP_PYTHON void upp_py_numbers_start(void);
/* Time to tell of the JIT and the heap. */
UPP_PYTHON void upp_py_numbers(void);

/* Values for a dynamic application (UPP_DYNAMIC): value of the variable, or NULL and length 0. */
struct upp_dynamic {
    const char *app_id;
    size_t app_id_length;
    const char *script;
    size_t script_length;
    const char *module;
    size_t module_length;
    const char *callable;
    size_t callable_length;
    const char *file;
    size_t file_length;
    const char *paste;
    size_t paste_length;
    const char *chdir;
    size_t chdir_length;
    const char *touch_reload;
    size_t touch_reload_length;
};
void upp_request_dynamic(struct upp_request *request, struct upp_dynamic *dynamic);
/* Looks for the application again, now that it may be loaded. Sets request->app and returns it, -1:
 * none. */
int upp_request_find_app(struct upp_request *request);

/* ---- warm-up ----------------------------------------------------------- */

/* A request that is sent before the workers begin. C changes the first fields, Python the last. */
struct upp_warmup_request {
    int forms;            /* how many; they are sent by turns */
    int status;           /* of the last response; 0: it was broken, or there was none */
    int served;           /* how often there was one */
    int64_t microseconds; /* that the last one took */
    int skip;             /* it is not to be sent again */
};

/* The port of the first socket; NULL: it has none. */
const char *upp_warmup_port(void);

/* Adds a request, which has no form yet. Never freed. */
struct upp_warmup_request *upp_warmup_add(void);
/* Adds a form of it, at most UPP_WARMUP_FORMS: head and body as they come over a connection. */
#define UPP_WARMUP_FORMS 4
void upp_warmup_add_form(struct upp_warmup_request *request, const char *data, size_t length);

/* Hands a result to the C function that is calling Python (exception hooks); copied at once. */
void upp_return(const char *data, size_t length);

/* ---- --async ------------------------------------------------------------ */

/* Runs the request of the slice that has just begun, on the stack of the caller, to its end. */
void upp_async_run(void);

/* ---- what Python implements -------------------------------------------- */

/* result of upp_py_request */
#define UPP_DONE 0  /* complete, its end is visible to the client */
#define UPP_CLOSE 1 /* complete, but the connection must not be used again */
#define UPP_AGAIN 2 /* --async: not complete, upp_py_async_step() goes on with it */

UPP_PYTHON void upp_py_preinit(void);
UPP_PYTHON void upp_py_init_apps(void);
/* 0: mounted; -1: `what` is not ours */
UPP_PYTHON int upp_py_mount(const char *mountpoint, const char *what);
UPP_PYTHON void upp_py_post_fork(void);
UPP_PYTHON void upp_py_thread_start(int core);
/* Around the fork of any process of uWSGI, in the parent: takes (1) or gives back (0) the lock of
 * imports. The child gives it back in post_fork. */
UPP_PYTHON void upp_py_hold_imports(int hold);
/* Around the fork of a worker: what os.register_at_fork() collected. */
UPP_PYTHON void upp_py_before_fork(void);
UPP_PYTHON void upp_py_after_fork(int in_child);
UPP_PYTHON int upp_py_request(struct upp_request *request);
/* --async: goes on with a request for which UPP_AGAIN was returned; returns the same as
 * upp_py_request. */
UPP_PYTHON int upp_py_async_step(struct upp_request *request);
/* --pypy-greenlets: a slice of the request of `core` begins, in a greenlet of its own, which calls
 * upp_async_run() if it is the first; returns at the end of the slice. */
UPP_PYTHON void upp_py_async_enter(int core);
/* In the greenlet of that request: ends the slice, returns when the next one begins. */
UPP_PYTHON void upp_py_async_leave(int core);
/* Serves upp_loop_next() until it says NULL. */
UPP_PYTHON void upp_py_loop(int core);
/* How many requests are to be sent now, in turn, before the next call; 0: the warm-up is over. */
UPP_PYTHON int upp_py_warmup(void);
/* The applications are loaded: collects all garbage, so that no child has to. */
UPP_PYTHON void upp_py_collect(void);
/* A worker waits for requests, and has had none for so long: an enum upp_quiet. Does one short
 * thing; returns 1 if there is more to do. */
UPP_PYTHON int upp_py_idle(int quiet);
/* A request of a worker that serves one at a time has ended. Returns the number of further ones
 * after which to call it again. */
UPP_PYTHON int64_t upp_py_between_requests(void);
/* which: 0 class, 1 message, 2 repr, 3 backtrace; answers with upp_return */
UPP_PYTHON void upp_py_exception(int core, int which);
UPP_PYTHON void upp_py_exception_log(int core);
UPP_PYTHON void upp_py_dump_stacks(void);
/* In the main thread: runs the handlers of Python's signals that came since Python ran. */
UPP_PYTHON void upp_py_check_signals(void);
/* --logger python:NAME (NULL: without a name): a message. 0, -1: logging raised. */
UPP_PYTHON int upp_py_log(const char *name, const char *message, size_t length);
/* Instead of serving: --pyrun, --pyshell, --python-worker-override. Return the exit code. */
UPP_PYTHON int upp_py_hijack(void);
UPP_PYTHON int upp_py_worker(void);
UPP_PYTHON void upp_py_spooler_init(void);
/* A connection of --raw-socket, whose request has no variables. */
UPP_PYTHON void upp_py_raw(struct upp_request *request, int fd);
/* Asks `function` of the module `id` (or of `file`) for the address that serves `key`. Writes at
 * most `size` bytes of it, returns their number, 0: none. */
UPP_PYTHON size_t upp_py_code_string(const char *id, const char *file, const char *function,
                                     const char *key, size_t length, char *address, size_t size);
UPP_PYTHON void upp_py_exit(void);

/* contract: end */

#endif
