/* SPDX-License-Identifier: MIT */
#include "host.h"

#include "../compat.h"
#include "../config.h"
#include "../prometheus.h"
#include "../shapes.h"
#include "../stock.h"
#include "../vm/entry.h"
#include "front.h"
#include "transport.h"
#include "variables.h"

#include <stdarg.h>

static struct wsgi_request *host_of(const struct upp_core *core)
{
    return &uwsgi.workers[uwsgi.mywid].cores[core->id].req;
}

/* ---- log --------------------------------------------------------------- */

void upp_host_log(const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    uwsgi_log("%s\n", text);
}

void upp_host_log_refused(const struct upp_conn *conn, int status, const char *why)
{
    uwsgi_log("request of %.*s refused (%d): %s\n", conn->address_length, conn->address, status,
              why);
}

void upp_host_log_gone(const struct upp_core *core, const char *what, const char *why)
{
    const struct wsgi_request *host = host_of(core);
    uwsgi_log("%s of %.*s %.*s: %s\n", what, host->method_len, host->method, host->uri_len,
              host->uri, why);
}

/* ---- sockets ----------------------------------------------------------- */

static int protocol_of(const struct uwsgi_socket *socket)
{
    const char *name = socket->proto_name;
    if (!name || !strcmp(name, "uwsgi"))
        return UPP_PROTOCOL_UWSGI;
    if (!strcmp(name, "http") || !strcmp(name, "http11"))
        return UPP_PROTOCOL_HTTP;
    return -1;
}

const char *upp_host_refusal(void)
{
    static char reason[128];
    if (uwsgi.async > 1)
        return "--async is used";
    if (uwsgi.use_thunder_lock)
        return "--thunder-lock is used";
    if (uwsgi.enable_proxy_protocol)
        return "--enable-proxy-protocol is used";
    if (!uwsgi.sockets)
        return "there is no socket";
    for (struct uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next) {
        if (socket->per_core || socket->lazy) {
            snprintf(reason, sizeof reason, "socket %s is opened by each thread or late",
                     socket->name);
            return reason;
        }
        if (protocol_of(socket) < 0) {
            snprintf(reason, sizeof reason, "it does not speak the protocol '%s' of socket %s",
                     socket->proto_name ? socket->proto_name : "?", socket->name);
            return reason;
        }
    }
    return NULL;
}

/* The body comes through the loop, the response goes through uWSGI's functions. */
static struct upp_front stock_response_front;

struct upp_listener upp_host_listener(const struct uwsgi_socket *socket)
{
    const char *colon = socket->name ? strrchr(socket->name, ':') : NULL;
    return (struct upp_listener){
        .fd = socket->fd,
        .protocol = (enum upp_protocol)protocol_of(socket),
        .is_unix = socket->family == AF_UNIX,
        .port = colon ? colon + 1 : "80",
        .host = upp_transport_socket(socket),
    };
}

struct upp_listener *upp_host_listeners(int *count)
{
    stock_response_front = upp_stock_front;
    stock_response_front.read = upp_loop_front.read;
    *count = 0;
    for (struct uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next)
        *count += socket->fd >= 0;
    struct upp_listener *listeners =
        uwsgi_calloc(sizeof(struct upp_listener) * (size_t)(*count + 1));
    struct upp_listener *listener = listeners;
    for (struct uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next) {
        if (socket->fd >= 0)
            *listener++ = upp_host_listener(socket);
    }
    return listeners;
}

int upp_host_is_ours(int modifier1)
{
    return uwsgi.p[modifier1]->request == upp_stock_serve;
}

size_t upp_host_packet_max(void)
{
    return (size_t)uwsgi.buffer_size;
}

/* ---- signals, and what else uWSGI's own loop does ------------------------------------------ */

int upp_host_signal_fd(int index)
{
    if (uwsgi.signal_socket < 0)
        return -1;
    return index ? uwsgi.my_signal_socket : uwsgi.signal_socket;
}

void upp_host_signal(int fd)
{
    uwsgi_receive_signal(fd, (char *)"worker", uwsgi.mywid);
}

void upp_host_tick(void)
{
    if (uwsgi.has_emperor && uwsgi.heartbeat)
        uwsgi_heartbeat();
}

/* ---- a request --------------------------------------------------------- */

static void start(struct upp_core *core, struct wsgi_request *host)
{
    struct uwsgi_core *record = &uwsgi.workers[uwsgi.mywid].cores[core->id];
    wsgi_req_setup(host, core->id, core->conn->listener->host);
    record->in_request = 1;
    host->fd = core->conn->fd;
    host->start_of_request = uwsgi_micros();
    host->start_of_request_in_sec = host->start_of_request / 1000000;
    host->status = 500;
    if (uwsgi.harakiri_options.workers > 0)
        set_harakiri(uwsgi.harakiri_options.workers);
}

/* Features that look at, or change, a request or its response inside uWSGI's own functions. */
static int needs_stock_response(const struct wsgi_request *host)
{
#ifdef UWSGI_ROUTING
    if (uwsgi.routes || uwsgi.response_routes || uwsgi.error_routes || uwsgi.final_routes)
        return 1;
#endif
    return host->transformations || uwsgi.pull_headers || uwsgi.collect_headers ||
           uwsgi.remove_headers || uwsgi.additional_headers || host->additional_headers ||
           host->remove_headers;
}

static int needs_packet(void)
{
#ifdef UWSGI_ROUTING
    if (uwsgi.routes || uwsgi.response_routes || uwsgi.error_routes || uwsgi.final_routes)
        return 1;
#endif
    return uwsgi.static_maps || uwsgi.static_maps2 || uwsgi.check_static ||
           uwsgi.check_static_docroot || uwsgi.check_cache || uwsgi.post_buffering > 0 ||
           uwsgi.manage_script_name || uwsgi.vhost || uwsgi_apps_cnt != 1 ||
           uwsgi.default_app != 0 || uwsgi.pull_headers || uwsgi.collect_headers ||
           uwsgi.remove_headers || uwsgi.additional_headers || uwsgi.cgi_mode;
}

static int make_variables(struct upp_core *core)
{
    const struct upp_variables_server server = {
        .name = {uwsgi.hostname, (size_t)uwsgi.hostname_len},
        .has_script_name = !uwsgi.manage_script_name,
    };
    return upp_variables_make(core, &server);
}

static void set_text(char **target, uint16_t *length, const struct iovec *value)
{
    *target = value->iov_base;
    *length = (uint16_t)value->iov_len;
}

/* The fields of uWSGI's struct that its log and its API look at. */
static void fill_fields(struct upp_core *core, struct wsgi_request *host, int count)
{
    const struct upp_head *head = &core->head;
    struct iovec *vector = core->vector;
    set_text(&host->method, &host->method_len, &vector[2 * UPP_NAME_REQUEST_METHOD + 1]);
    set_text(&host->uri, &host->uri_len, &vector[2 * UPP_NAME_REQUEST_URI + 1]);
    set_text(&host->path_info, &host->path_info_len, &vector[2 * UPP_NAME_PATH_INFO + 1]);
    set_text(&host->query_string, &host->query_string_len, &vector[2 * UPP_NAME_QUERY_STRING + 1]);
    host->protocol = (char *)(head->minor ? "HTTP/1.1" : "HTTP/1.0");
    host->protocol_len = 8;
    host->script_name = (char *)"";
    host->post_cl = head->content_length;
    host->hvec = vector;
    host->path_info_pos = 2 * UPP_NAME_PATH_INFO + 1;
    host->var_cnt = (uint16_t)(2 * count);
    host->parsed = 1;
    host->uh->modifier1 = 0;
    host->uh->modifier2 = 0;
}

/* uWSGI's hooks for the fields that only some need (user agent, referer, cookies, origin ...). */
static void run_proto_hooks(struct upp_core *core, struct wsgi_request *host, int count)
{
    for (int i = 0; i < count; i++) {
        struct iovec *vector = &core->vector[2 * i];
        size_t length = vector[0].iov_len;
        if (length > UWSGI_PROTO_MIN_CHECK && length < UWSGI_PROTO_MAX_CHECK &&
            uwsgi.proto_hooks[length])
            uwsgi.proto_hooks[length](host, vector[0].iov_base, vector[1].iov_base,
                                      (uint16_t)vector[1].iov_len);
    }
}

static int flags_of(const struct upp_core *core)
{
    const struct upp_head *head = &core->head;
    int flags = UPP_UNCHANGED | UPP_TERMINATED;
    if (head->method.length == 4 && !memcmp(head->method.base, "HEAD", 4))
        flags |= UPP_IS_HEAD;
    if (head->is_https_target)
        flags |= UPP_HTTPS;
    return flags;
}

/* Of the body as the application will read it. */
static int64_t content_length(const struct upp_conn *conn)
{
    if (conn->body == UPP_BODY_NONE)
        return 0;
    if (conn->body == UPP_BODY_CHUNKED && !upp_conn_body_complete(conn))
        return INT64_MAX;
    return (int64_t)(conn->body_left + (conn->body_end - conn->body_start));
}

static void fill_request(struct upp_core *core, struct wsgi_request *host, int count)
{
    struct upp_request *request = &core->request;
    request->variables = (const struct upp_variable *)core->vector;
    request->name_ids = core->name_ids;
    request->variable_count = count;
    request->flags = flags_of(core);
    request->core = core->id;
    request->content_length = content_length(core->conn);
    request->scheme = host->scheme;
    request->scheme_length = host->scheme_len;
    request->front = &upp_loop_front;
    request->host = host;
    request->app = host->app_id = 0;
    upp_shapes_compare(request);
}

/* Answers for the application. Returns 0: the request is over. */
static int refuse(struct upp_core *core, int status, const char *why)
{
    upp_host_set_status(core, status, 0);
    upp_loop_front_refuse(core, core->conn, status, why);
    return 0;
}

/* Most names and values are short: two words that overlap cost less than a call of memcpy(). */
static inline void copy(unsigned char *out, const char *from, size_t length)
{
    uint64_t first;
    uint64_t last;
    if (length < sizeof first || length > 2 * sizeof first) {
        memcpy(out, from, length);
        return;
    }
    memcpy(&first, from, sizeof first);
    memcpy(&last, from + length - sizeof last, sizeof last);
    memcpy(out, &first, sizeof first);
    memcpy(out + length - sizeof last, &last, sizeof last);
}

/* Writes the variables as a uwsgi packet into the buffer that uWSGI has for each core, where its
 * parser, its log and its stats look for them; and the values are from there on: the master reads
 * what a worker's struct points at, so that has to be memory which both have. Returns -1 when they
 * do not fit. */
static int write_packet(struct upp_core *core, struct wsgi_request *host, int count)
{
    size_t used = 0;
    for (int i = 0; i < count; i++) {
        const struct iovec *vector = &core->vector[2 * i];
        if (vector[0].iov_len > UINT16_MAX || vector[1].iov_len > UINT16_MAX)
            return -1;
        used += vector[0].iov_len + vector[1].iov_len + 4;
    }
    if (used > (size_t)uwsgi.buffer_size)
        return -1;
    used = 0;
    for (int i = 0; i < count; i++) {
        struct iovec *vector = &core->vector[2 * i];
        size_t name = vector[0].iov_len;
        size_t value = vector[1].iov_len;
        unsigned char *out = (unsigned char *)host->buffer + used;
        out[0] = (unsigned char)(name & 0xff);
        out[1] = (unsigned char)(name >> 8);
        copy(out + 2, vector[0].iov_base, name);
        out[2 + name] = (unsigned char)(value & 0xff);
        out[3 + name] = (unsigned char)(value >> 8);
        copy(out + 4 + name, vector[1].iov_base, value);
        vector[1].iov_base = out + 4 + name;
        used += name + value + 4;
    }
    host->uh->modifier1 = 0;
    host->uh->modifier2 = 0;
    host->uh->pktsize = (uint16_t)used;
    return 0;
}

static size_t share(struct wsgi_request *host, size_t used, char **text, uint16_t *length)
{
    size_t room = (size_t)uwsgi.buffer_size - used;
    *length = (uint16_t)UMIN(*length, room);
    memcpy(host->buffer + used, *text, *length);
    *text = host->buffer + used;
    return used + *length;
}

/* Of a request that is larger than --buffer-size the master sees as much as there is room for. */
static void share_request_line(struct wsgi_request *host)
{
    size_t used = 0;
    host->uh->pktsize = 0;
    used = share(host, used, &host->remote_addr, &host->remote_addr_len);
    used = share(host, used, &host->method, &host->method_len);
    share(host, used, &host->uri, &host->uri_len);
}

static int begin_direct(struct upp_core *core, struct wsgi_request *host)
{
    int count = make_variables(core);
    if (count < 0) {
        return refuse(core, 400, "its path is not well encoded, or its headers are too large");
    }
    int fits = !write_packet(core, host, count);
    fill_fields(core, host, count);
    run_proto_hooks(core, host, count);
    if (!fits)
        share_request_line(host);
    fill_request(core, host, count);
    if (!upp_prometheus_is_asked(&core->request))
        return 1;
    upp_prometheus_answer(&core->request);
    return 0;
}

/* ---- requests that need uWSGI's own machinery --------------------------- */

/* The response goes through uWSGI's functions where one of its features may change it, the body of
 * the request where uWSGI has buffered it. */
static void choose_front(struct upp_core *core, const struct wsgi_request *host)
{
    int is_coming =
        core->conn->body == UPP_BODY_CHUNKED &&
        (core->conn->listener->protocol != UPP_PROTOCOL_HTTP || !upp_conn_is_decoded(core->conn));
    if (is_coming) {
        /* uWSGI buffers bodies with a length only */
        core->request.content_length = INT64_MAX;
        core->request.flags &= ~UPP_SEEKABLE;
        core->request.flags |= UPP_TERMINATED;
    }
    if (!is_coming && (host->post_file || uwsgi.post_buffering > 0))
        core->request.front = &upp_stock_front;
    else
        core->request.front = needs_stock_response(host) ? &stock_response_front : &upp_loop_front;
}

/* The packet is in uWSGI's buffer: routes, static files, caches, other plugins, or Python. */
static int run_packet(struct upp_core *core, struct wsgi_request *host)
{
#ifdef UWSGI_ROUTING
    if (uwsgi_apply_routes(host) == UWSGI_ROUTE_BREAK)
        return 0;
#endif
    struct uwsgi_plugin *plugin = uwsgi.p[host->uh->modifier1];
    if (plugin->request != upp_stock_serve) {
        host->async_status = plugin->request(host);
        return 0;
    }
    struct upp_request *request = upp_stock_prepare(host);
    if (!request)
        return 0;
    core->request = *request;
    core->request.core = core->id;
    if (core->conn->listener->protocol == UPP_PROTOCOL_HTTP)
        core->request.flags |= UPP_TERMINATED;
    choose_front(core, host);
    return 1;
}

static int begin_packet(struct upp_core *core, struct wsgi_request *host)
{
    int count = make_variables(core);
    if (count < 0) {
        return refuse(core, 400, "its path is not well encoded, or its headers are too large");
    }
    if (write_packet(core, host, count)) {
        return refuse(core, 431, "its variables do not fit into --buffer-size");
    }
    return run_packet(core, host);
}

int upp_host_begin(struct upp_core *core)
{
    struct wsgi_request *host = host_of(core);
    start(core, host);
    return needs_packet() ? begin_packet(core, host) : begin_direct(core, host);
}

int upp_host_begin_packet(struct upp_core *core)
{
    struct wsgi_request *host = host_of(core);
    struct upp_conn *conn = core->conn;
    start(core, host);
    memcpy(host->uh, conn->data + conn->start, conn->head_length);
    if (!upp_host_is_ours(host->uh->modifier1)) {
        /* what follows is the plugin's to read; some of it has come already */
        host->proto_parser_remains_buf = conn->data + conn->start + conn->head_length;
        host->proto_parser_remains = conn->end - conn->start - conn->head_length;
    }
    return run_packet(core, host);
}

void upp_host_set_status(struct upp_core *core, int status, unsigned headers)
{
    struct wsgi_request *host = host_of(core);
    host->status = status;
    host->header_cnt = (uint16_t)headers;
}

void upp_host_add_sent(struct upp_core *core, size_t head, size_t body)
{
    struct wsgi_request *host = host_of(core);
    host->headers_size += head;
    host->response_size += body;
}

int upp_host_end(struct upp_core *core)
{
    struct wsgi_request *host = host_of(core);
    if (core->broken && !core->disconnected)
        host->write_errors++;
    if (host->app_id >= 0 && host->app_id < uwsgi_apps_cnt)
        __atomic_add_fetch(&uwsgi_apps[host->app_id].requests, 1, __ATOMIC_RELAXED);
    int taken = host->fd_closed && !core->disconnected;
    /* the connection is not uWSGI's to close */
    host->fd_closed = 1;
    uwsgi_close_request(host);
    return taken;
}
