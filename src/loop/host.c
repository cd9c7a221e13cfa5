/* SPDX-License-Identifier: MIT */
#include "host.h"

#include "../compat.h"
#include "../config.h"
#include "../prometheus.h"
#include "../stock.h"
#include "../vm/entry.h"
#include "front.h"
#include "transport.h"

#include <stdarg.h>

/* Content length of a chunked body that is still coming. */
#define LENGTH_UNKNOWN (UINT64_MAX >> 1)

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

struct upp_listener *upp_host_listeners(int *count)
{
    *count = 0;
    for (struct uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next)
        *count += socket->fd >= 0;
    struct upp_listener *listeners =
        uwsgi_calloc(sizeof(struct upp_listener) * (size_t)(*count + 1));
    struct upp_listener *listener = listeners;
    for (struct uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next) {
        if (socket->fd < 0)
            continue;
        const char *colon = socket->name ? strrchr(socket->name, ':') : NULL;
        listener->fd = socket->fd;
        listener->protocol = (enum upp_protocol)protocol_of(socket);
        listener->is_unix = socket->family == AF_UNIX;
        listener->port = colon ? colon + 1 : "80";
        listener->host = upp_transport_socket(socket);
        listener++;
    }
    return listeners;
}

int upp_host_has_siblings(void)
{
    return uwsgi.numproc > 1;
}

int upp_host_is_ours(int modifier1)
{
    return uwsgi.p[modifier1]->request == upp_stock_serve;
}

size_t upp_host_packet_max(void)
{
    return (size_t)uwsgi.buffer_size;
}

/* ---- the worker's life ------------------------------------------------- */

static volatile sig_atomic_t must_stop;
static volatile sig_atomic_t exit_code = UWSGI_END_CODE;

int upp_host_must_stop(void)
{
    return must_stop;
}

int upp_host_exit_code(void)
{
    return exit_code;
}

static void stop_accepting(int code)
{
    exit_code = code;
    uwsgi.workers[uwsgi.mywid].manage_next_request = 0;
    upp_engine_wake();
}

/* SIGHUP: finish what was accepted, then end. uWSGI's own handler would leave from inside the
 * signal. */
static void stop_gracefully(int number)
{
    (void)number;
    if (upp_host_accepting())
        uwsgi_log("Gracefully killing worker %d (pid: %d)...\n", uwsgi.mywid, uwsgi.mypid);
    stop_accepting(UWSGI_RELOAD_CODE);
}

static int has_running_request(void)
{
    for (int i = 0; i < uwsgi.cores; i++) {
        if (uwsgi.workers[uwsgi.mywid].cores[i].in_request)
            return 1;
    }
    return 0;
}

/* A key press reaches a worker twice, from the terminal and from the master. */
#define SECOND_SIGNAL_AFTER 300000

/* SIGINT, SIGTERM: end now, but let running requests finish; a second signal does not wait. The
 * master waits for --worker-reload-mercy; without one the worker does it itself. */
static void stop_at_once(int number)
{
    static volatile uint64_t first;
    uint64_t now = uwsgi_micros();
    if (must_stop) {
        if (now - first > SECOND_SIGNAL_AFTER)
            end_me(number);
        return;
    }
    first = now;
    must_stop = 1;
    if (!uwsgi.master_process) {
        uwsgi_unix_signal(SIGALRM, end_me);
        alarm((unsigned)uwsgi.worker_reload_mercy);
    }
    stop_accepting(UWSGI_END_CODE);
    if (has_running_request())
        uwsgi_log("worker %d (pid: %d) waits for running requests...\n", uwsgi.mywid, uwsgi.mypid);
}

/* --max-requests, reload-on-rss and the like, from inside uwsgi_close_request() */
static void work_is_done(void)
{
    if (upp_host_accepting())
        uwsgi_log("...The work of process %d is done. Seeya!\n", (int)getpid());
    stop_accepting(0);
}

void upp_host_take_signals(void)
{
    uwsgi.gbcw_hook = work_is_done;
    uwsgi_unix_signal(SIGHUP, stop_gracefully);
    uwsgi_unix_signal(SIGINT, stop_at_once);
    uwsgi_unix_signal(SIGTERM, stop_at_once);
}

int upp_host_accepting(void)
{
    return uwsgi.workers[uwsgi.mywid].manage_next_request;
}

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

struct builder {
    struct upp_core *core;
    struct wsgi_request *host;
    struct iovec *vector; /* names and values by turns */
    int count;            /* of variables */
    int full;             /* there was no room for all of them */
};

static void add(struct builder *builder, int id, struct upp_slice name, const char *value,
                size_t length)
{
    struct iovec *vector = builder->vector + 2 * builder->count;
    if (builder->count >= UPP_NAME_IDS) {
        builder->full = 1;
        return;
    }
    vector[0].iov_base = (char *)name.base;
    vector[0].iov_len = name.length;
    vector[1].iov_base = (char *)value;
    vector[1].iov_len = length;
    builder->core->name_ids[builder->count++] = (int16_t)id;
}

static void add_fixed(struct builder *builder, enum upp_name id, const char *value, size_t length)
{
    add(builder, (int)id, upp_names_text((int)id), value, length);
}

static char *arena_take(struct upp_core *core, size_t length)
{
    if (UPP_ARENA - core->arena_used < length)
        return NULL;
    char *taken = core->arena + core->arena_used;
    core->arena_used += length;
    return taken;
}

/* A header that came before: RFC 9110 5.2 joins the values, with "; " for Cookie (RFC 6265 5.4).
 * What was joined last lies at the end of the arena and grows in place. */
static int join(struct builder *builder, int at, const struct upp_header *header, int is_cookie)
{
    struct upp_core *core = builder->core;
    struct iovec *value = &builder->vector[2 * at + 1];
    size_t more = 2 + header->value.length;
    char *end = core->arena + core->arena_used;
    if ((char *)value->iov_base + value->iov_len != end) {
        char *copy = arena_take(core, value->iov_len);
        if (!copy)
            return -1;
        memcpy(copy, value->iov_base, value->iov_len);
        value->iov_base = copy;
        end = core->arena + core->arena_used;
    }
    if (!arena_take(core, more))
        return -1;
    memcpy(end, is_cookie ? "; " : ", ", 2);
    memcpy(end + 2, header->value.base, header->value.length);
    value->iov_len += more;
    return 0;
}

static int find_name(const struct builder *builder, int first, struct upp_slice name)
{
    for (int i = first; i < builder->count; i++) {
        const struct iovec *other = &builder->vector[2 * i];
        if (other->iov_len == name.length && !memcmp(other->iov_base, name.base, name.length))
            return i;
    }
    return -1;
}

static int is_decoded(const struct upp_core *core)
{
    return core->conn->body == UPP_BODY_CHUNKED && upp_conn_body_complete(core->conn);
}

/* Returns 0, or -1 when the arena is full. */
static int add_header(struct builder *builder, int first, const struct upp_header *header)
{
    /* X_Real_IP would shadow X-Real-IP: both become HTTP_X_REAL_IP */
    if (memchr(header->name.base, '_', header->name.length))
        return 0;
    int id = upp_names_of_header(header->name);
    struct upp_slice name;
    if (id >= 0) {
        name = upp_names_text(id);
    } else {
        char *text = arena_take(builder->core, header->name.length + 5);
        if (!text)
            return -1;
        name.base = text;
        name.length = upp_names_write(header->name, text);
    }
    /* a chunked body that is here as a whole has a length, and is chunked no more */
    if (is_decoded(builder->core) && name.length == 22 &&
        !memcmp(name.base, "HTTP_TRANSFER_ENCODING", 22))
        return 0;
    if (id == UPP_NAME_CONTENT_LENGTH ||
        (id == UPP_NAME_HOST && builder->core->head.authority.length))
        return 0;
    int before = find_name(builder, first, name);
    if (before >= 0)
        return join(builder, before, header,
                    name.length == 11 && !memcmp(name.base, "HTTP_COOKIE", 11));
    add(builder, id, name, header->value.base, header->value.length);
    return 0;
}

/* Content-Length as the application sees it: also of a chunked body that is here as a whole. */
static int add_length(struct builder *builder)
{
    struct upp_core *core = builder->core;
    struct upp_conn *conn = core->conn;
    uint64_t length = core->head.content_length;
    if (conn->body == UPP_BODY_NONE ||
        (conn->body == UPP_BODY_CHUNKED && !upp_conn_body_complete(conn)))
        return 0;
    if (conn->body == UPP_BODY_CHUNKED)
        length = conn->body_end - conn->body_start;
    char *text = arena_take(core, 24);
    if (!text)
        return -1;
    int written = snprintf(text, 24, "%llu", (unsigned long long)length);
    add_fixed(builder, UPP_NAME_CONTENT_LENGTH, text, (size_t)written);
    return 0;
}

static int decode_path(struct builder *builder)
{
    struct upp_core *core = builder->core;
    struct wsgi_request *host = builder->host;
    struct upp_slice path = core->head.path;
    if (memchr(path.base, '%', path.length)) {
        char *decoded = arena_take(core, path.length);
        int64_t length = decoded ? upp_path_decode(path, decoded) : -1;
        if (length < 0)
            return -1;
        path.base = decoded;
        path.length = (size_t)length;
    }
    host->path_info = (char *)path.base;
    host->path_info_len = (uint16_t)path.length;
    host->path_info_pos = 2 * builder->count + 1;
    add_fixed(builder, UPP_NAME_PATH_INFO, path.base, path.length);
    return 0;
}

#define TEXT(text) (text), sizeof(text) - 1

/* CGI variables of an HTTP request. Returns 0, or -1 when they are too large or the path is broken.
 */
static int add_variables(struct builder *builder)
{
    struct upp_core *core = builder->core;
    struct upp_head *head = &core->head;
    struct upp_conn *conn = core->conn;
    const struct upp_listener *listener = conn->listener;
    add_fixed(builder, UPP_NAME_REQUEST_METHOD, head->method.base, head->method.length);
    add_fixed(builder, UPP_NAME_REQUEST_URI, head->target.base, head->target.length);
    if (decode_path(builder))
        return -1;
    add_fixed(builder, UPP_NAME_QUERY_STRING, head->query.base, head->query.length);
    add_fixed(builder, UPP_NAME_SERVER_PROTOCOL, head->minor ? "HTTP/1.1" : "HTTP/1.0", 8);
    if (!uwsgi.manage_script_name)
        add_fixed(builder, UPP_NAME_SCRIPT_NAME, "", 0);
    add_fixed(builder, UPP_NAME_SERVER_NAME, uwsgi.hostname, (size_t)uwsgi.hostname_len);
    add_fixed(builder, UPP_NAME_SERVER_PORT, listener->port, strlen(listener->port));
    add_fixed(builder, UPP_NAME_REMOTE_ADDR, conn->address, conn->address_length);
    if (conn->port_length)
        add_fixed(builder, UPP_NAME_REMOTE_PORT, conn->port, conn->port_length);
    if (head->authority.length)
        add_fixed(builder, UPP_NAME_HOST, head->authority.base, head->authority.length);
    int first = builder->count;
    for (size_t i = 0; i < head->header_count; i++) {
        if (add_header(builder, first, &head->headers[i]))
            return -1;
    }
    return add_length(builder) || builder->full ? -1 : 0;
}

static void set_text(char **target, uint16_t *length, const struct iovec *value)
{
    *target = value->iov_base;
    *length = (uint16_t)value->iov_len;
}

/* The fields of uWSGI's struct that its log and its API look at. */
static void fill_fields(struct builder *builder)
{
    struct wsgi_request *host = builder->host;
    const struct upp_head *head = &builder->core->head;
    struct iovec *vector = builder->vector;
    set_text(&host->method, &host->method_len, &vector[2 * UPP_NAME_REQUEST_METHOD + 1]);
    set_text(&host->uri, &host->uri_len, &vector[2 * UPP_NAME_REQUEST_URI + 1]);
    set_text(&host->path_info, &host->path_info_len, &vector[2 * UPP_NAME_PATH_INFO + 1]);
    set_text(&host->query_string, &host->query_string_len, &vector[2 * UPP_NAME_QUERY_STRING + 1]);
    host->protocol = (char *)(head->minor ? "HTTP/1.1" : "HTTP/1.0");
    host->protocol_len = 8;
    host->script_name = (char *)"";
    host->post_cl = head->content_length;
    host->var_cnt = (uint16_t)(2 * builder->count);
    host->parsed = 1;
    host->uh->modifier1 = 0;
    host->uh->modifier2 = 0;
}

/* uWSGI's hooks for the fields that only some need (user agent, referer, cookies, origin ...). */
static void run_proto_hooks(struct builder *builder, int first)
{
    struct wsgi_request *host = builder->host;
    for (int i = first; i < builder->count; i++) {
        struct iovec *vector = &builder->vector[2 * i];
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

static void fill_request(struct builder *builder)
{
    struct upp_core *core = builder->core;
    struct wsgi_request *host = builder->host;
    struct upp_request *request = &core->request;
    request->variables = (const struct upp_variable *)builder->vector;
    request->name_ids = core->name_ids;
    request->variable_count = builder->count;
    request->flags = flags_of(core);
    request->core = core->id;
    request->content_length =
        core->conn->body == UPP_BODY_NONE ? 0
        : core->conn->body == UPP_BODY_CHUNKED && !upp_conn_body_complete(core->conn)
            ? LENGTH_UNKNOWN
            : core->conn->body_left + (core->conn->body_end - core->conn->body_start);
    request->scheme = host->scheme;
    request->scheme_length = host->scheme_len;
    request->front = &upp_loop_front;
    request->host = host;
    request->app = host->app_id = 0;
}

/* Answers for the application. Returns 0: the request is over. */
static int refuse(struct upp_core *core, int status, const char *why)
{
    upp_host_set_status(core, status, 0);
    upp_loop_front_refuse(core, core->conn, status, why);
    return 0;
}

/* Writes the variables as a uwsgi packet into the buffer that uWSGI has for each core, where its
 * parser, its log and its stats look for them; and the values are from there on: the master reads
 * what a worker's struct points at, so that has to be memory which both have. Returns -1 when they
 * do not fit. */
static int write_packet(struct builder *builder)
{
    struct wsgi_request *host = builder->host;
    size_t used = 0;
    for (int i = 0; i < builder->count; i++) {
        const struct iovec *vector = &builder->vector[2 * i];
        if (vector[0].iov_len > UINT16_MAX || vector[1].iov_len > UINT16_MAX)
            return -1;
        used += vector[0].iov_len + vector[1].iov_len + 4;
    }
    if (used > (size_t)uwsgi.buffer_size)
        return -1;
    used = 0;
    for (int i = 0; i < builder->count; i++) {
        struct iovec *vector = &builder->vector[2 * i];
        size_t name = vector[0].iov_len;
        size_t value = vector[1].iov_len;
        unsigned char *out = (unsigned char *)host->buffer + used;
        out[0] = (unsigned char)(name & 0xff);
        out[1] = (unsigned char)(name >> 8);
        memcpy(out + 2, vector[0].iov_base, name);
        out[2 + name] = (unsigned char)(value & 0xff);
        out[3 + name] = (unsigned char)(value >> 8);
        memcpy(out + 4 + name, vector[1].iov_base, value);
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
    struct builder builder = {core, host, core->vector, 0, 0};
    if (add_variables(&builder)) {
        return refuse(core, 400, "its path is not well encoded, or its headers are too large");
    }
    int fits = !write_packet(&builder);
    host->hvec = core->vector;
    fill_fields(&builder);
    run_proto_hooks(&builder, 0);
    if (!fits)
        share_request_line(host);
    fill_request(&builder);
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
    static struct upp_front stock_response;
    int is_coming = core->conn->body == UPP_BODY_CHUNKED && !is_decoded(core);
    stock_response = upp_stock_front;
    stock_response.read = upp_loop_front.read;
    if (is_coming) {
        /* uWSGI buffers bodies with a length only */
        core->request.content_length = LENGTH_UNKNOWN;
        core->request.flags &= ~UPP_SEEKABLE;
    }
    if (!is_coming && (host->post_file || uwsgi.post_buffering > 0))
        core->request.front = &upp_stock_front;
    else
        core->request.front = needs_stock_response(host) ? &stock_response : &upp_loop_front;
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
    struct builder builder = {core, host, core->vector, 0, 0};
    if (add_variables(&builder)) {
        return refuse(core, 400, "its path is not well encoded, or its headers are too large");
    }
    if (write_packet(&builder)) {
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
