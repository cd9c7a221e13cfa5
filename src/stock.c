/* SPDX-License-Identifier: MIT */
#include "stock.h"

#include "async.h"
#include "compat.h"
#include "config.h"
#include "contract.h"
#include "front.h"
#include "http/chunked.h"
#include "loop/transport.h"
#include "names.h"
#include "prometheus.h"
#include "request_check.h"
#include "shapes.h"
#include "vm/entry.h"

/* A pair of iovecs, as uWSGI's parser leaves them, is one upp_variable. */
_Static_assert(sizeof(struct upp_variable) == 2 * sizeof(struct iovec), "upp_variable layout");
_Static_assert(offsetof(struct upp_variable, value) == sizeof(struct iovec), "upp_variable layout");

/* uWSGI's parser status of a request that was read whole; http11 keeps such a connection open. */
#define PARSED_WHOLE 3

#define READ_BUFFER 65536

/* A chunked body (--wsgi-manage-chunked-input). What was read and not looked at is `raw`, what of
 * it is data and was not taken is `run`; both are in the read buffer. */
struct chunked_body {
    struct upp_chunked coding;
    struct upp_slice raw;
    struct upp_slice run;
};

/* What the front knows about the request of one core. */
struct core {
    struct upp_request request;
    int16_t *name_ids; /* of the last request; room for as many variables as uWSGI keeps */
    char *read_buffer; /* READ_BUFFER bytes, made by the first body that is read */
    int under_way;     /* Python has returned UPP_AGAIN */
    int may_keep_open; /* the request allows another one on this connection */
    int framed;        /* the client can see where the response ends */
    int is_chunked;    /* the body of the request is */
    struct chunked_body body;
};

static struct core *cores;

static void stock_error(struct upp_request *request, int status);
static void begin_chunked(struct core *core);

static struct wsgi_request *host_of(const struct upp_request *request)
{
    return request->host;
}

/* An http11 socket: the only one of uWSGI's own that keeps connections. */
static int is_http11(const struct wsgi_request *host)
{
    return host->socket->retry != NULL;
}

void upp_stock_setup(void)
{
    size_t most = (size_t)uwsgi.vec_size / 2;
    cores = uwsgi_calloc(sizeof(struct core) * (size_t)uwsgi.cores);
    for (int i = 0; i < uwsgi.cores; i++)
        cores[i].name_ids = uwsgi_calloc(sizeof(int16_t) * most);
    upp_shapes_setup(uwsgi.cores);
}

/* ---- choosing the application ------------------------------------------ */

static int find_app(struct wsgi_request *host)
{
    int modifier = host->uh->modifier1;
    int app = uwsgi_get_app_id(host, host->appid, host->appid_len, modifier);
    if (app == -1 && !uwsgi.no_default_app && uwsgi.default_app > -1 && !host->dynamic &&
        uwsgi_apps[uwsgi.default_app].modifier1 == modifier)
        app = uwsgi.default_app;
    return app;
}

/* modifier1 30: PATH_INFO still carries SCRIPT_NAME; cut it (uWSGI's "manage path info"). */
static void cut_script_name(struct wsgi_request *host)
{
    host->uh->modifier1 = 0;
    if (host->path_info_pos < 1 || host->script_name_len > host->path_info_len)
        return;
    if (host->script_name_len &&
        memcmp(host->path_info, host->script_name, host->script_name_len) != 0)
        return;
    host->path_info += host->script_name_len;
    host->path_info_len = (uint16_t)(host->path_info_len - host->script_name_len);
    host->hvec[host->path_info_pos].iov_base = host->path_info;
    host->hvec[host->path_info_pos].iov_len = host->path_info_len;
}

static void enter_directory_of(int app)
{
    const char *directory = uwsgi_apps[app].chdir;
    if (*directory && chdir(directory))
        uwsgi_log("chdir(%s) of application %d: %s\n", directory, app, strerror(errno));
}

/* ---- a request --------------------------------------------------------- */

/* Something between the application and the client may change the body. */
static int is_transformed(const struct wsgi_request *host)
{
#ifdef UWSGI_ROUTING
    if (uwsgi.response_routes)
        return 1;
#endif
    return host->transformations != NULL;
}

static int flags_of(const struct wsgi_request *host)
{
    int flags = 0;
    if (host->method_len == 4 && !memcmp(host->method, "HEAD", 4))
        flags |= UPP_IS_HEAD;
    if (host->https_len == 2 && !strncasecmp(host->https, "on", 2))
        flags |= UPP_HTTPS;
    if (host->https_len == 1 && *host->https == '1')
        flags |= UPP_HTTPS;
    if (host->dynamic)
        flags |= UPP_DYNAMIC;
    if (uwsgi.post_buffering > 0)
        flags |= UPP_SEEKABLE;
    if (!is_transformed(host))
        flags |= UPP_UNCHANGED;
    return flags;
}

static int is_https(const struct upp_variable *variable)
{
    return variable->value_length == 5 && !memcmp(variable->value, "https", 5);
}

/* What nginx's uwsgi_params say of the scheme counts, too. */
static void find_names(struct upp_request *request, int16_t *ids)
{
    for (int i = 0; i < request->variable_count; i++) {
        const struct upp_variable *variable = &request->variables[i];
        struct upp_slice name = {variable->name, variable->name_length};
        ids[i] = (int16_t)upp_names_of_variable(name, ids[i]);
        if (ids[i] == UPP_NAME_REQUEST_SCHEME && is_https(variable))
            request->flags |= UPP_HTTPS;
    }
}

static void fill(struct upp_request *request, struct wsgi_request *host)
{
    request->host = host;
    request->front = &upp_stock_front;
    request->variables = (const struct upp_variable *)host->hvec;
    request->variable_count = host->var_cnt / 2;
    request->flags = flags_of(host);
    request->core = host->async_id;
    request->content_length = (int64_t)host->post_cl;
    request->scheme = host->scheme;
    request->scheme_length = host->scheme_len;
    request->app = host->app_id;
    request->name_ids = cores[host->async_id].name_ids;
    find_names(request, cores[host->async_id].name_ids);
    upp_shapes_compare(request);
}

static int check(struct core *core, struct wsgi_request *host)
{
    struct upp_request_check result =
        upp_request_check((const struct upp_variable *)host->hvec, core->name_ids,
                          (size_t)host->var_cnt / 2, host->socket->proto_name);
    /* uWSGI's async loop does not look at a connection that is kept */
    core->may_keep_open = result.may_keep_open && !upp_async_is_on();
    core->is_chunked = result.is_chunked;
    if (!result.refused)
        return 0;
    uwsgi_log("request refused (400): %s\n", result.refused);
    /* the core would send an unchecked protocol back in the status line */
    if (host->protocol_len != 8 || (memcmp(host->protocol, "HTTP/1.0", 8) != 0 &&
                                    memcmp(host->protocol, "HTTP/1.1", 8) != 0)) {
        host->protocol = (char *)"HTTP/1.0";
        host->protocol_len = 8;
    }
    return -1;
}

struct upp_request *upp_stock_prepare(struct wsgi_request *host)
{
    struct core *core = &cores[host->async_id];
    if (!upp_compat_packet_size(host)) {
        uwsgi_log("empty request, skipped\n");
        return NULL;
    }
    if (uwsgi_parse_vars(host))
        return NULL;
    if (host->uh->modifier1 == UWSGI_MODIFIER_MANAGE_PATH_INFO)
        cut_script_name(host);
    fill(&core->request, host);
    if (check(core, host)) {
        stock_error(&core->request, 400);
        return NULL;
    }
    if (upp_prometheus_is_asked(&core->request)) {
        core->may_keep_open = 0;
        upp_prometheus_answer(&core->request);
        return NULL;
    }
    core->request.app = host->app_id = find_app(host);
    if (host->app_id >= 0)
        enter_directory_of(host->app_id);
    return &core->request;
}

/* A raw socket: no head, no variables; Python gets the connection. */
static int serve_raw(struct wsgi_request *host)
{
    struct upp_request *request = &cores[host->async_id].request;
    *request = (struct upp_request){
        .host = host,
        .front = &upp_stock_front,
        .core = host->async_id,
        .flags = UPP_UNCHANGED,
        .app = -1,
    };
    if (upp_config()->raw_file)
        UPP_ENTER(upp_py_raw(request, host->fd));
    else
        uwsgi_log("nothing serves this raw socket: give --python-raw a file\n");
    return UWSGI_OK;
}

/* The request is over. `whole`: an http11 connection on which another one may come. */
static void finish(const struct core *core, struct wsgi_request *host, int result, int whole)
{
    if (host->app_id >= 0)
        __atomic_add_fetch(&uwsgi_apps[host->app_id].requests, 1, __ATOMIC_RELAXED);
    if (whole && result == UPP_DONE && core->framed && core->may_keep_open && !host->write_errors)
        host->proto_parser_status = PARSED_WHOLE;
}

/* --async without greenlets: Python has more to send. */
static int go_on(struct core *core, struct wsgi_request *host)
{
    int result = UPP_CLOSE;
    UPP_ENTER(result = upp_py_async_step(&core->request));
    core->under_way = result == UPP_AGAIN;
    if (core->under_way)
        return UWSGI_AGAIN;
    finish(core, host, result, 0);
    return UWSGI_OK;
}

int upp_stock_serve(struct wsgi_request *host)
{
    struct core *core = &cores[host->async_id];
    int result = UPP_CLOSE;
    if (core->under_way)
        return go_on(core, host);
    if (host->is_raw)
        return serve_raw(host);
    /* http11 would keep a connection open after a response whose end the client cannot see, or with
     * the rest of a body still to come; so it closes unless all is known to be well. */
    int whole = is_http11(host) && host->proto_parser_status == PARSED_WHOLE;
    if (whole)
        host->proto_parser_status = 0;
    core->framed = 0;
    struct upp_request *request = upp_stock_prepare(host);
    if (!request)
        return -1;
    if (core->is_chunked && upp_config_decodes_chunks())
        begin_chunked(core);
    UPP_ENTER(result = upp_py_request(request));
    core->under_way = result == UPP_AGAIN;
    if (core->under_way)
        return UWSGI_AGAIN;
    finish(core, host, result, whole);
    return UWSGI_OK;
}

/* ---- the body of the request ------------------------------------------- */

static char *read_buffer_of(const struct upp_request *request)
{
    struct core *core = &cores[request->core];
    if (!core->read_buffer)
        core->read_buffer = uwsgi_malloc(READ_BUFFER);
    return core->read_buffer;
}

static int64_t broken_body(const struct wsgi_request *host, const char *why)
{
    uwsgi_log("request body of %.*s %.*s: %s after %llu of %llu bytes\n", host->method_len,
              host->method, host->uri_len, host->uri, why, (unsigned long long)host->post_pos,
              (unsigned long long)host->post_cl);
    return -1;
}

/* The first bytes that the socket has, at most `size`; waits for them for --socket-timeout. */
static int64_t read_socket(struct wsgi_request *host, char *buffer, size_t size)
{
    for (;;) {
        errno = 0;
        ssize_t got = host->socket->proto_read_body(host, buffer, size);
        if (got > 0)
            return got;
        if (!got || !uwsgi_is_again()) {
            host->read_errors++;
            broken_body(host, got ? strerror(errno) : "the client closed the connection");
            return UPP_GONE;
        }
        int ready = uwsgi_wait_read_req(host);
        if (ready > 0)
            continue;
        host->read_errors++;
        broken_body(host, ready ? strerror(errno) : "the client sent nothing for --socket-timeout");
        return ready ? UPP_GONE : UPP_TIMEOUT;
    }
}

static int64_t read_buffered_file(struct wsgi_request *host, char *buffer, size_t size)
{
    size_t got = fread(buffer, 1, size, host->post_file);
    if (got)
        return (int64_t)got;
    host->read_errors++;
    broken_body(host, "its --post-buffering file ended");
    return UPP_GONE;
}

static int64_t stock_read(struct upp_request *request, size_t size)
{
    struct wsgi_request *host = host_of(request);
    size_t left = host->post_pos < host->post_cl ? host->post_cl - host->post_pos : 0;
    size_t wanted = UMIN(left, size);
    int64_t got;
    if (!wanted)
        return 0;
    if (uwsgi.post_buffering > 0 && !host->post_file) {
        request->chunk = host->post_buffering_buf + host->post_pos;
        got = (int64_t)wanted;
    } else {
        char *buffer = read_buffer_of(request);
        request->chunk = buffer;
        wanted = UMIN(wanted, READ_BUFFER);
        got = host->post_file ? read_buffered_file(host, buffer, wanted)
                              : read_socket(host, buffer, wanted);
    }
    if (got > 0)
        host->post_pos += (size_t)got;
    return got;
}

/* Finds the next data, reading more when all that came is looked at. UPP_OK with an empty run is
 * the end of the body. */
static int64_t find_run(struct upp_request *request, struct chunked_body *body)
{
    struct wsgi_request *host = host_of(request);
    while (!body->run.length && body->coding.state != UPP_CHUNKED_DONE) {
        if (!body->raw.length) {
            char *buffer = read_buffer_of(request);
            int64_t got = read_socket(host, buffer, READ_BUFFER);
            if (got < 0)
                return got;
            body->raw = (struct upp_slice){buffer, (size_t)got};
        }
        int64_t used =
            upp_chunked_feed(&body->coding, body->raw.base, body->raw.length, &body->run);
        if (used < 0) {
            host->read_errors++;
            broken_body(host, "its chunks are not well formed");
            return UPP_GONE;
        }
        body->raw.base += used;
        body->raw.length -= (size_t)used;
    }
    return UPP_OK;
}

static int64_t chunked_read(struct upp_request *request, size_t size)
{
    struct chunked_body *body = &cores[request->core].body;
    int64_t result = find_run(request, body);
    if (result != UPP_OK)
        return result;
    size_t taken = UMIN(body->run.length, size);
    request->chunk = body->run.base;
    body->run.base += taken;
    body->run.length -= taken;
    host_of(request)->post_pos += taken;
    return (int64_t)taken;
}

static int chunked_seek(struct upp_request *request, uint64_t position)
{
    (void)request;
    (void)position;
    return UPP_CANNOT;
}

static int stock_seek(struct upp_request *request, uint64_t position)
{
    struct wsgi_request *host = host_of(request);
    if (uwsgi.post_buffering <= 0 || position > host->post_cl)
        return UPP_CANNOT;
    if (host->post_file && fseeko(host->post_file, (off_t)position, SEEK_SET))
        return UPP_CANNOT;
    host->post_pos = position;
    return UPP_OK;
}

/* ---- the response ------------------------------------------------------ */

/* --write-errors-tolerance: so many failed writes are forgiven. */
static int outcome(const struct wsgi_request *host)
{
    return host->write_errors > uwsgi.write_errors_tolerance ? UPP_GONE : UPP_OK;
}

/* uWSGI may be told to drop or collect headers; then it must see each one. */
static int headers_are_watched(const struct wsgi_request *host)
{
    return uwsgi.pull_headers || uwsgi.collect_headers || uwsgi.remove_headers ||
           host->remove_headers || host->socket->proto_add_header != uwsgi_proto_base_add_header;
}

static int add_block(struct wsgi_request *host, const char *block, size_t length)
{
    if (!length)
        return 0;
    if (uwsgi_buffer_append(host->headers, (char *)block, length))
        return -1;
    for (const char *at = block; (at = memchr(at, '\n', (size_t)(block + length - at))); at++)
        host->header_cnt++;
    return 0;
}

static int add_each(struct wsgi_request *host, const char *block, size_t length)
{
    const char *end = block + length;
    while (block < end) {
        const char *line_end = memchr(block, '\r', (size_t)(end - block));
        const char *colon = memchr(block, ':', (size_t)(end - block));
        if (!line_end || !colon || colon > line_end)
            return -1;
        const char *value = colon + 2;
        if (uwsgi_response_add_header(host, (char *)block, (uint16_t)(colon - block), (char *)value,
                                      (uint16_t)(line_end - value)))
            return -1;
        block = line_end + 2;
    }
    return 0;
}

/* Declares what is known of the body's length; and on a connection that may be kept open sees to it
 * that the client can tell where the response ends. */
static void frame(struct upp_request *request, const struct upp_response *response, size_t length,
                  int last)
{
    struct wsgi_request *host = host_of(request);
    struct core *core = &cores[request->core];
    int bodyless = request->flags & UPP_IS_HEAD || host->status == 204 || host->status == 304;
    core->framed = response->declared >= 0 || bodyless;
    if (!core->framed && last && !is_transformed(host)) {
        uwsgi_response_add_content_length(host, length);
        core->framed = 1;
    }
    if (is_http11(host) && !(core->framed && core->may_keep_open))
        uwsgi_response_add_connection_close(host);
}

static int prepare_head(struct upp_request *request, const struct upp_response *response,
                        size_t length, int last)
{
    struct wsgi_request *host = host_of(request);
    if (uwsgi_response_prepare_headers(host, (char *)response->status,
                                       (uint16_t)response->status_length))
        return -1;
    int failed = headers_are_watched(host)
                     ? add_each(host, response->headers, response->headers_length)
                     : add_block(host, response->headers, response->headers_length);
    if (failed) {
        host->write_errors++;
        return -1;
    }
    frame(request, response, length, last);
    return 0;
}

/* The response is whole and uWSGI will close the connection: its end can go out with it. */
static int ends_connection(const struct wsgi_request *host, int last)
{
    const struct uwsgi_socket *socket = host->socket;
    /* TLS and FastCGI have something to send at the end */
    return last && socket->proto_writev == uwsgi_proto_base_writev &&
           socket->proto_close == uwsgi_proto_base_close && socket->family != AF_UNIX &&
           !is_http11(host) && !is_transformed(host);
}

/* Held back until the connection is shut down, the response and its end are one packet, for which
 * kernel and client work once. Not by close() alone: that would throw the response away if the
 * client has sent more than was read. */
static void hold_back(const struct wsgi_request *host)
{
    int one = 1;
    setsockopt(host->fd, IPPROTO_TCP, TCP_CORK, &one, sizeof one);
}

static int stock_respond(struct upp_request *request, const struct upp_response *response,
                         const char *body, size_t length, int last)
{
    struct wsgi_request *host = host_of(request);
    int ends = ends_connection(host, last);
    /* an error route may have answered already: ignore_body, no error */
    if (!prepare_head(request, response, length, last)) {
        if (ends)
            hold_back(host);
        if (length)
            uwsgi_response_write_body_do(host, (char *)body, length);
        else
            uwsgi_response_write_headers_do(host);
        if (ends)
            shutdown(host->fd, SHUT_WR);
    }
    return outcome(host);
}

static int stock_write(struct upp_request *request, const char *body, size_t length)
{
    uwsgi_response_write_body_do(host_of(request), (char *)body, length);
    return outcome(host_of(request));
}

static int stock_sendfile(struct upp_request *request, int fd, uint64_t position, uint64_t length)
{
    struct wsgi_request *host = host_of(request);
    /* to uWSGI a length of 0 means "the whole file" */
    if (length)
        uwsgi_response_sendfile_do_can_close(host, fd, position, length, 0);
    return outcome(host);
}

/* The errors for which uWSGI has no page of its own. */
static void answer_plainly(struct wsgi_request *host, const char *status)
{
    const char *text = status + 4;
    if (uwsgi_response_prepare_headers(host, (char *)status, (uint16_t)strlen(status)))
        return;
    uwsgi_response_add_connection_close(host);
    uwsgi_response_add_content_type(host, (char *)"text/plain", 10);
    uwsgi_response_write_body_do(host, (char *)text, strlen(text));
}

static void stock_error(struct upp_request *request, int status)
{
    struct wsgi_request *host = host_of(request);
    if (request->flags & UPP_IS_HEAD)
        host->ignore_body = 1;
    if (status == 404) {
        uwsgi_404(host);
    } else if (status == 500) {
        uwsgi_500(host);
    } else if (status == 503) {
        answer_plainly(host, "503 Service Unavailable");
    } else {
        answer_plainly(host, "400 Bad Request");
    }
    if (upp_transport_carries(host))
        upp_transport_end(host);
}

static void stock_abort(struct upp_request *request)
{
    struct wsgi_request *host = host_of(request);
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    /* On a unix socket there is no reset; closing without the final chunk or length has to do. */
    if (host->socket->family != AF_UNIX)
        setsockopt(host->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    /* from here on uWSGI writes nothing more, such as the last chunk of a transformation */
    host->write_errors++;
}

static void stock_disconnect(struct upp_request *request)
{
    struct wsgi_request *host = host_of(request);
    /* a second close() could hit a descriptor that is somebody else's by now */
    if (!host->fd_closed)
        uwsgi_disconnect(host);
}

const struct upp_front upp_stock_front = {
    .read = stock_read,
    .seek = stock_seek,
    .respond = stock_respond,
    .write = stock_write,
    .sendfile = stock_sendfile,
    .error = stock_error,
    .abort = stock_abort,
    .disconnect = stock_disconnect,
};

/* ---- chunked request bodies -------------------------------------------- */

static const struct upp_front chunked_front = {
    .read = chunked_read,
    .seek = chunked_seek,
    .respond = stock_respond,
    .write = stock_write,
    .sendfile = stock_sendfile,
    .error = stock_error,
    .abort = stock_abort,
    .disconnect = stock_disconnect,
};

static void begin_chunked(struct core *core)
{
    struct upp_request *request = &core->request;
    memset(&core->body, 0, sizeof core->body);
    upp_chunked_init(&core->body.coding);
    request->front = &chunked_front;
    request->content_length = INT64_MAX;
    request->flags |= UPP_TERMINATED;
    request->flags &= ~UPP_SEEKABLE;
}
