/* SPDX-License-Identifier: MIT */
#include "warmup.h"

#include "compat.h"
#include "config.h"
#include "http/slice.h"
#include "loop/loop.h"
#include "loop/warmup.h"
#include "vm/entry.h"
#include "warmup_client.h"

#include <arpa/inet.h>

struct request {
    struct upp_warmup_request seen; /* first member: what Python has of it */
    struct upp_slice forms[UPP_WARMUP_FORMS];
};

static struct {
    struct request **requests; /* in turn */
    int count;
    int next;
    int left; /* requests until Python is asked again */
    struct request *current;
    struct upp_warmup_client client;
    uint64_t started; /* of the current request, microseconds */
    int runs;
} warmup;

const char *upp_warmup_port(void)
{
    const char *name = uwsgi.sockets ? uwsgi.sockets->name : NULL;
    const char *colon = name && *name != '/' && *name != '@' ? strrchr(name, ':') : NULL;
    return colon ? colon + 1 : NULL;
}

struct upp_warmup_request *upp_warmup_add(void)
{
    size_t size = sizeof(struct request *) * (size_t)(warmup.count + 1);
    struct request **requests = realloc(warmup.requests, size);
    if (!requests) {
        uwsgi_error("realloc()");
        exit(1);
    }
    warmup.requests = requests;
    warmup.requests[warmup.count] = uwsgi_calloc(sizeof(struct request));
    return &warmup.requests[warmup.count++]->seen;
}

void upp_warmup_add_form(struct upp_warmup_request *request, const char *data, size_t length)
{
    if (request->forms == UPP_WARMUP_FORMS)
        return;
    struct upp_slice *form = &((struct request *)request)->forms[request->forms++];
    form->base = memcpy(uwsgi_malloc(length), data, length);
    form->length = length;
}

struct wsgi_request *upp_warmup_host(void)
{
    return warmup.runs ? &uwsgi.workers[uwsgi.mywid].cores[0].req : NULL;
}

/* ---- one request ------------------------------------------------------- */

/* How often a request is sent in a row, in all of its forms: what is the same as in the request
 * before takes another way in compiled code than what is not, and both are to be there. */
#define IN_A_ROW UPP_WARMUP_FORMS

/* Each once, then so often in a row. Python leaves at least one that is not to be skipped, or asks
 * for no more. */
static struct request *choose(void)
{
    for (int tries = 0; tries < IN_A_ROW * warmup.count; tries++) {
        int turn = warmup.next++;
        struct request *request =
            warmup.requests[(turn < warmup.count ? turn : turn / IN_A_ROW) % warmup.count];
        if (!request->seen.skip)
            return request;
    }
    return NULL;
}

int upp_warmup_connect(void)
{
    if (warmup.left <= 0)
        return -1;
    warmup.left--;
    warmup.current = choose();
    if (!warmup.current)
        return -1;
    struct upp_warmup_request *seen = &warmup.current->seen;
    const struct upp_slice *form = &warmup.current->forms[seen->served % seen->forms];
    int fd = upp_warmup_client_start(&warmup.client, form->base, form->length);
    if (fd < 0)
        uwsgi_log("warm-up: %s\n", strerror(errno));
    seen->status = 0;
    warmup.started = uwsgi_micros();
    return fd;
}

void upp_warmup_note(struct wsgi_request *host, int is_broken)
{
    struct upp_warmup_request *request = &warmup.current->seen;
    request->microseconds = (int64_t)(uwsgi_micros() - warmup.started);
    request->status = is_broken ? 0 : host->status;
    request->served++;
    /* uWSGI counts nothing for it, and neither does the loop */
    host->do_not_account = host->do_not_account_avg_rt = host->do_not_log = 1;
    host->log_this = 0;
    host->app_id = -1;
}

void upp_warmup_disconnect(void)
{
    upp_warmup_client_join(&warmup.client);
}

/* ---- uWSGI's own path --------------------------------------------------- */

/* What the first socket is named, with the functions of an HTTP one. */
static struct uwsgi_socket *http_socket(void)
{
    static struct uwsgi_socket socket;
    if (uwsgi.sockets)
        socket = *uwsgi.sockets;
    else
        socket.name = (char *)":80";
    uwsgi_proto_http_setup(&socket);
    socket.next = NULL;
    socket.proto_name = (char *)"http";
    socket.family = AF_UNIX;
    socket.can_offload = 0;
    socket.edge_trigger = 0;
    socket.retry = NULL;
    socket.fd_threads = NULL;
    return &socket;
}

static void serve(struct uwsgi_socket *socket, int fd)
{
    struct wsgi_request *host = upp_warmup_host();
    wsgi_req_setup(host, 0, socket);
    host->fd = fd;
    host->client_addr.sin.sin_family = AF_INET;
    host->client_addr.sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int failed = wsgi_req_recv(0, host);
    upp_warmup_note(host, failed || host->write_errors);
    uwsgi_close_request(host);
    upp_warmup_disconnect();
}

static void serve_round(struct uwsgi_socket *socket)
{
    int fd;
    while ((fd = upp_warmup_connect()) >= 0)
        serve(socket, fd);
}

/* ---- all of it ---------------------------------------------------------- */

/* What uWSGI does at the end of any request, and must not do for ours. */
struct habits {
    struct uwsgi_string_list *after_request_hooks;
    struct wsgi_request *(*current_request)(void);
    struct wsgi_request *request;
    rlim_t on_as;
    rlim_t on_rss;
    int harakiri;
    int reaper;
    int loyal;
    int accepts;
#ifdef UWSGI_ROUTING
    struct uwsgi_route *final_routes;
#endif
};

static void break_habits(struct habits *kept)
{
    struct uwsgi_worker *worker = &uwsgi.workers[uwsgi.mywid];
    *kept = (struct habits){
        .after_request_hooks = uwsgi.after_request_hooks,
        .current_request = uwsgi.current_wsgi_req,
        .request = uwsgi.wsgi_req,
        .on_as = uwsgi.reload_on_as,
        .on_rss = uwsgi.reload_on_rss,
        .harakiri = uwsgi.harakiri_options.workers,
        .reaper = uwsgi.reaper,
        .loyal = uwsgi.loyal,
        .accepts = worker->manage_next_request,
#ifdef UWSGI_ROUTING
        .final_routes = uwsgi.final_routes,
#endif
    };
    warmup.runs = 1;
    uwsgi.after_request_hooks = NULL;
    uwsgi.current_wsgi_req = upp_warmup_host;
    uwsgi.wsgi_req = upp_warmup_host();
    uwsgi.reload_on_as = uwsgi.reload_on_rss = 0;
    uwsgi.harakiri_options.workers = 0;
    uwsgi.reaper = 0;
    uwsgi.loyal = 1;
    /* the loop keeps connections, and goes on, only in a worker that takes requests */
    worker->manage_next_request = 1;
#ifdef UWSGI_ROUTING
    uwsgi.final_routes = NULL;
#endif
}

static void resume_habits(const struct habits *kept)
{
    warmup.runs = 0;
    for (int i = 0; i < uwsgi_apps_cnt; i++)
        uwsgi_apps[i].requests = 0;
    uwsgi.after_request_hooks = kept->after_request_hooks;
    uwsgi.current_wsgi_req = kept->current_request;
    uwsgi.wsgi_req = kept->request;
    uwsgi.reload_on_as = kept->on_as;
    uwsgi.reload_on_rss = kept->on_rss;
    uwsgi.harakiri_options.workers = kept->harakiri;
    uwsgi.reaper = kept->reaper;
    uwsgi.loyal = kept->loyal;
    uwsgi.workers[uwsgi.mywid].manage_next_request = kept->accepts;
#ifdef UWSGI_ROUTING
    uwsgi.final_routes = kept->final_routes;
#endif
}

/* A worker that shall end before it has begun: its signals wait until it has (plugin.c). */
static int must_stop(void)
{
    sigset_t pending;
    return !sigpending(&pending) &&
           (sigismember(&pending, SIGHUP) == 1 || sigismember(&pending, SIGINT) == 1 ||
            sigismember(&pending, SIGTERM) == 1);
}

static void run(void)
{
    struct uwsgi_socket *socket = http_socket();
    int is_loop = upp_loop_is_chosen();
    if (is_loop && upp_loop_warmup_begin(socket, upp_warmup_port() != NULL))
        exit(1);
    while (!must_stop()) {
        UPP_ENTER(warmup.left = upp_py_warmup());
        if (warmup.left <= 0)
            break;
        if (is_loop)
            UPP_ENTER(upp_py_loop(0));
        else
            serve_round(socket);
    }
    if (is_loop)
        upp_loop_warmup_end();
}

void upp_warmup(void)
{
    const struct upp_config *config = upp_config();
    struct habits kept;
    if (!*config->warmup || uwsgi.command_mode || config->worker_override)
        return;
    break_habits(&kept);
    run();
    resume_habits(&kept);
}
