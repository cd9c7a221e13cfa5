/* SPDX-License-Identifier: MIT */
#include "transport.h"

#include "../compat.h"
#include "engine.h"
#include "front.h"
#include "host.h"

static struct upp_core *core_of(const struct wsgi_request *host)
{
    return upp_engine_core(host->async_id);
}

static ssize_t read_body(struct wsgi_request *host, char *buffer, size_t size)
{
    const char *data;
    struct upp_core *core = core_of(host);
    /* the packet is another plugin's, and only that knows how much follows it */
    if (host->proto_parser_remains_buf)
        return uwsgi_proto_base_read_body(host, buffer, size);
    if (core->raw)
        return upp_loop_front_read_raw(core, buffer, size);
    int64_t got = upp_loop_front_read(core, size, &data);
    if (got > 0)
        memcpy(buffer, data, (size_t)got);
    /* everything was waited for already: an error here is final */
    errno = got < 0 ? ECONNRESET : 0;
    return got < 0 ? -1 : (ssize_t)got;
}

static int send_all(struct wsgi_request *host, struct iovec *vector, int count)
{
    size_t length = 0;
    for (int i = 0; i < count; i++)
        length += vector[i].iov_len;
    struct upp_core *core = core_of(host);
    if (upp_engine_send(core, vector, count) != UPP_OK)
        return -1;
    /* nobody sends the rest while the application waits for what the client says to it */
    if (core->raw && upp_loop_front_settle(core) != UPP_OK)
        return -1;
    host->write_pos += length;
    return UWSGI_OK;
}

/* Bytes beyond the length that the head declared would be taken for the next response. */
static size_t fit(struct upp_core *core, size_t length)
{
    if (core->promised < 0)
        return length;
    if (length > (uint64_t)core->promised) {
        core->overrun = 1;
        length = (size_t)core->promised;
    }
    core->promised -= (int64_t)length;
    return length;
}

void upp_transport_check(const struct upp_core *core)
{
    if (core->bodyless || core->raw || core->broken || (core->promised <= 0 && !core->overrun))
        return;
    upp_host_log("%.*s: the body of the response is %s than its Content-Length; a route or a "
                 "transformation changed it",
                 core->conn->address_length, core->conn->address,
                 core->overrun ? "longer" : "shorter");
    core->conn->keep_open = 0;
}

/* A run of body bytes in the framing that fix_headers() chose. */
static int send_body(struct wsgi_request *host, struct iovec *vector, int head, int count,
                     size_t body)
{
    struct upp_core *core = core_of(host);
    struct iovec framed[4];
    char size[UPP_RESPONSE_CHUNK_MAX];
    size_t sent = 0;
    int used = 0;
    for (int i = 0; i < count; i++)
        sent += vector[i].iov_len;
    if (core->bodyless)
        count = head;
    else
        vector[head].iov_len = body = fit(core, body);
    if (!core->chunked || core->bodyless || !body) {
        if (send_all(host, vector, count))
            return -1;
        host->write_pos = sent;
        return UWSGI_OK;
    }
    for (int i = 0; i < head; i++)
        framed[used++] = vector[i];
    upp_loop_front_put_chunk(framed + used, size, vector[head].iov_base, body);
    if (upp_engine_send(core, framed, used + 3) != UPP_OK)
        return -1;
    host->write_pos += sent;
    return UWSGI_OK;
}

static int write_body(struct wsgi_request *host, char *data, size_t length)
{
    struct iovec vector = {data, length};
    return send_body(host, &vector, 0, 1, length);
}

static int write_headers(struct wsgi_request *host, char *data, size_t length)
{
    struct iovec vector = {data, length};
    core_of(host)->head_sent = 1;
    return send_all(host, &vector, 1);
}

/* uWSGI calls it with two parts: the head and the first of the body. */
static int write_both(struct wsgi_request *host, struct iovec *vector, size_t *count)
{
    core_of(host)->head_sent = 1;
    if (*count != 2)
        return -1;
    return send_body(host, vector, 1, 2, vector[1].iov_len);
}

static int send_file(struct wsgi_request *host, int fd, size_t position, size_t length)
{
    struct upp_core *core = core_of(host);
    if (core->broken)
        return -1;
    if (core->bodyless) {
        host->write_pos = length;
        return UWSGI_OK;
    }
    host->write_pos = length;
    length = fit(core, length);
    return upp_loop_front_send_file(core, fd, position, length) == UPP_OK ? UWSGI_OK : -1;
}

/* What follows the first header `name` (with its colon, lower case) in (data, length), up to the
 * end of the head; NULL: it has none. */
static const char *find_header(const char *data, size_t length, const char *name)
{
    size_t size = strlen(name);
    const char *end = data + length;
    for (const char *line = memchr(data, '\n', length); line && (size_t)(end - line) > size;
         line = memchr(line + 1, '\n', (size_t)(end - line - 1))) {
        if (!strncasecmp(line + 1, name, size))
            return line + 1 + size;
    }
    return NULL;
}

static int has_header(const struct uwsgi_buffer *head, const char *name)
{
    return find_header(head->buf, head->pos, name) != NULL;
}

/* The declared length of the body; -1: none, or not a number. */
static int64_t declared_length(const struct uwsgi_buffer *head)
{
    const char *value = find_header(head->buf, head->pos, "content-length:");
    const char *end = head->buf + head->pos;
    while (value && value < end && *value == ' ')
        value++;
    if (!value || value == end || *value < '0' || *value > '9')
        return -1;
    int64_t length = 0;
    for (; value < end && *value >= '0' && *value <= '9'; value++) {
        if (length > INT64_MAX / 10 - 10)
            return -1;
        length = length * 10 + (*value - '0');
    }
    return length;
}

static int fix_headers(struct wsgi_request *host)
{
    char framing[UPP_RESPONSE_FRAMING_MAX];
    struct upp_core *core = core_of(host);
    struct uwsgi_buffer *head = host->headers;
    int framed = has_header(head, "content-length:") || has_header(head, "transfer-encoding:");
    if (has_header(head, "connection: upgrade")) {
        upp_transport_take_over(host);
        return uwsgi_buffer_append(head, (char *)"\r\n", 2);
    }
    if (has_header(head, "connection: close"))
        core->conn->keep_open = 0;
    core->promised = declared_length(head);
    int closes = !core->conn->keep_open;
    size_t length = upp_loop_front_frame(core, host->status, framed, framing);
    if (closes) {
        /* said already */
        char *said = memmem(framing, length, "Connection: close\r\n", 19);
        if (said && has_header(head, "connection:"))
            length -= 19;
    }
    if (uwsgi_buffer_append(head, framing, length))
        return -1;
    return uwsgi_buffer_append(head, (char *)"\r\n", 2);
}

void upp_transport_end(const struct wsgi_request *host)
{
    struct upp_core *core = core_of(host);
    upp_loop_front_finish(core, UPP_DONE);
    core->chunked = 0;
}

/* uwsgi.disconnect(): the client shall see the end now, the loop closes after the request. */
static void close_request(struct wsgi_request *host)
{
    struct upp_core *core = core_of(host);
    if (core->disconnected)
        return;
    upp_loop_front_finish(core, UPP_DONE);
    upp_loop_front_settle(core);
    shutdown(core->conn->fd, SHUT_RDWR);
    core->disconnected = 1;
    core->broken = 1;
    core->conn->keep_open = 0;
}

int upp_transport_carries(const struct wsgi_request *host)
{
    return host->socket && host->socket->proto_close == close_request;
}

int upp_transport_decodes(const struct wsgi_request *host)
{
    const struct upp_conn *conn = core_of(host)->conn;
    return conn->listener->protocol == UPP_PROTOCOL_HTTP || conn->body == UPP_BODY_CHUNKED;
}

int upp_transport_is_chunked(const struct wsgi_request *host)
{
    return core_of(host)->conn->body == UPP_BODY_CHUNKED;
}

int64_t upp_transport_read(const struct wsgi_request *host, size_t size, int64_t most,
                           const char **data)
{
    return most == UPP_TRANSPORT_TIMER ? upp_loop_front_read(core_of(host), size, data)
                                       : upp_loop_front_read_for(core_of(host), size, most, data);
}

void upp_transport_take_over(const struct wsgi_request *host)
{
    struct upp_core *core = core_of(host);
    core->raw = 1;
    core->conn->keep_open = 0;
}

struct uwsgi_socket *upp_transport_socket(const struct uwsgi_socket *socket)
{
    struct uwsgi_socket *copy = uwsgi_malloc(sizeof *copy);
    *copy = *socket;
    copy->next = NULL;
    copy->proto_write = write_body;
    copy->proto_writev = write_both;
    copy->proto_write_headers = write_headers;
    copy->proto_sendfile = send_file;
    copy->proto_read_body = read_body;
    copy->proto_prepare_headers = uwsgi_proto_base_prepare_headers;
    copy->proto_add_header = uwsgi_proto_base_add_header;
    copy->proto_fix_headers = fix_headers;
    copy->proto_close = close_request;
    copy->can_offload = 0;
    copy->edge_trigger = 0;
    copy->retry = NULL;
    copy->fd_threads = NULL;
    return copy;
}
