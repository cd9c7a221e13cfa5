/* SPDX-License-Identifier: MIT */
#include "front.h"

#include "handover.h"
#include "host.h"
#include "life.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Milliseconds between looks at the order to stop. */
#define WAIT_SLICE 500
/* A body up to this size is copied behind its head: one buffer costs the kernel less than two. */
#define JOINED_MAX 2048
/* Wait for a body as long as the loop's own timer says. */
#define TIMER (-1)

static struct upp_core *core_of(const struct upp_request *request)
{
    return upp_engine_core(request->core);
}

/* ---- the body of the request ------------------------------------------- */

/* upp_engine_wait() for a time of the caller's. UPP_LOOP_FRONT_NOTHING: it has passed. */
static int64_t wait_for_input(const struct upp_conn *conn, int64_t most)
{
    struct pollfd wait = {.fd = conn->fd, .events = POLLIN};
    uint64_t start = upp_engine_clock();
    while (!upp_life_must_stop()) {
        int64_t left = most < 0 ? WAIT_SLICE : most - (int64_t)(upp_engine_clock() - start);
        if (left <= 0)
            return UPP_LOOP_FRONT_NOTHING;
        int ready = poll(&wait, 1, left < WAIT_SLICE ? (int)left : WAIT_SLICE);
        if (ready > 0)
            return UPP_OK;
        if (ready < 0 && errno != EINTR)
            return UPP_GONE;
    }
    return UPP_GONE;
}

/* One read from the socket into the buffer behind the head, when all that was there is taken. */
static int64_t receive_body(struct upp_core *core, int64_t most)
{
    struct upp_conn *conn = core->conn;
    conn->body_start = conn->body_end = conn->end = conn->start + conn->head_length;
    for (;;) {
        switch (upp_conn_receive(conn)) {
        case UPP_RECEIVED:
            return upp_conn_absorb(conn) ? UPP_GONE : UPP_OK;
        case UPP_RECEIVE_END:
            return UPP_GONE;
        case UPP_RECEIVE_AGAIN:
            break;
        }
        int64_t result = most == TIMER ? upp_engine_wait(conn, POLLIN, UPP_TIMER_BODY)
                                       : wait_for_input(conn, most);
        if (result != UPP_OK)
            return result;
    }
}

int64_t upp_loop_front_read(struct upp_core *core, size_t size, const char **data)
{
    return upp_loop_front_read_for(core, size, TIMER, data);
}

int64_t upp_loop_front_read_for(struct upp_core *core, size_t size, int64_t most, const char **data)
{
    struct upp_conn *conn = core->conn;
    while (conn->body_start == conn->body_end) {
        if (upp_conn_body_complete(conn))
            return 0;
        if (core->input_failed)
            return core->input_failed;
        int64_t result = receive_body(core, most);
        if (result == UPP_LOOP_FRONT_NOTHING)
            return result;
        if (result != UPP_OK) {
            /* the application may still answer */
            core->input_failed = (int)result;
            conn->keep_open = 0;
            upp_host_log_gone(core, "request body",
                              result == UPP_TIMEOUT ? "nothing came in time"
                                                    : "the client closed the connection");
            return result;
        }
        if (conn->body == UPP_BODY_CHUNKED && upp_engine_limits()->body) {
            conn->discarded += conn->body_end - conn->body_start;
            if (conn->discarded > upp_engine_limits()->body) {
                core->input_failed = UPP_GONE;
                conn->keep_open = 0;
                upp_host_log_gone(core, "request body", "it is longer than the bound");
                return UPP_GONE;
            }
        }
    }
    size_t here = conn->body_end - conn->body_start;
    size_t taken = here < size ? here : size;
    *data = conn->data + conn->body_start;
    conn->body_start += taken;
    return (int64_t)taken;
}

ssize_t upp_loop_front_read_raw(struct upp_core *core, char *buffer, size_t size)
{
    struct upp_conn *conn = core->conn;
    size_t here = conn->end - conn->body_end;
    if (!upp_conn_body_complete(conn)) {
        errno = EPROTO;
        return -1;
    }
    if (here) {
        size_t taken = here < size ? here : size;
        memcpy(buffer, conn->data + conn->body_end, taken);
        conn->body_end += taken;
        conn->body_start = conn->body_end;
        return (ssize_t)taken;
    }
    return recv(conn->fd, buffer, size, MSG_DONTWAIT);
}

static int64_t loop_read(struct upp_request *request, size_t size)
{
    return upp_loop_front_read(core_of(request), size, &request->chunk);
}

static int loop_seek(struct upp_request *request, uint64_t position)
{
    (void)request;
    (void)position;
    return UPP_CANNOT;
}

/* ---- the response ------------------------------------------------------ */

static int may_keep_open(const struct upp_core *core)
{
    const struct upp_conn *conn = core->conn;
    const struct upp_limits *limits = upp_engine_limits();
    if (!conn->keep_open || !(upp_life_accepting() || upp_handover_is_possible()))
        return 0;
    if (limits->requests && conn->served >= limits->requests)
        return 0;
    /* the rest of the body has to be read first; of a chunked one nobody knows how much that is */
    return conn->body == UPP_BODY_CHUNKED || conn->body_left <= limits->discard;
}

/* What the request and its connection say about the framing. */
static struct upp_response_framing ask(const struct upp_core *core, int64_t length, int is_framed)
{
    struct upp_response_framing framing = {
        .length = length,
        .is_framed = is_framed,
        .is_head = !!(core->request.flags & UPP_IS_HEAD),
        .is_packet = core->conn->listener->protocol == UPP_PROTOCOL_UWSGI,
        .minor = core->head.minor,
        .keep_open = may_keep_open(core),
    };
    return framing;
}

static void remember(struct upp_core *core, const struct upp_response_framing *framing)
{
    core->bodyless = framing->bodyless;
    core->chunked = framing->chunked;
    core->conn->keep_open = (unsigned)framing->keep_open & 1U;
}

size_t upp_loop_front_frame(struct upp_core *core, int status, int is_framed, char *out)
{
    struct upp_response_framing framing = ask(core, -1, is_framed);
    framing.status = status;
    size_t length = upp_response_frame(&framing, out);
    remember(core, &framing);
    return length;
}

static int reserve_head(struct upp_core *core, size_t size)
{
    if (core->head_capacity >= size)
        return 0;
    char *grown = realloc(core->head_buffer, size);
    if (!grown)
        return -1;
    core->head_buffer = grown;
    core->head_capacity = size;
    return 0;
}

static unsigned count_lines(const char *block, size_t length)
{
    unsigned lines = 0;
    for (const char *at = block; length && (at = memchr(at, '\n', (size_t)(block + length - at)));
         at++)
        lines++;
    return lines;
}

/* Writes the head into the core's buffer. Returns its length, 0 without memory. */
static size_t make_head(struct upp_core *core, const struct upp_response *response, size_t length,
                        int last)
{
    struct upp_slice status = {response->status, response->status_length};
    struct upp_slice headers = {response->headers, response->headers_length};
    if (reserve_head(core, status.length + headers.length + UPP_RESPONSE_ADDED_MAX + JOINED_MAX))
        return 0;
    struct upp_response_framing framing =
        ask(core, last ? (int64_t)length : -1, response->declared >= 0);
    size_t made = upp_response_head(&framing, status, headers, core->head_buffer);
    remember(core, &framing);
    upp_host_set_status(core, framing.status, count_lines(headers.base, headers.length));
    return made;
}

/* The last response of a connection is held back until that is shut down: then both are one packet.
 */
static void hold_back(struct upp_conn *conn)
{
    int one = 1;
    if (!conn->listener->is_unix)
        conn->held = !setsockopt(conn->fd, IPPROTO_TCP, TCP_CORK, &one, sizeof one);
}

static struct iovec as_vector(struct upp_slice slice)
{
    struct iovec vector = {(char *)slice.base, slice.length};
    return vector;
}

void upp_loop_front_put_chunk(struct iovec *vector, char *size, const char *body, size_t length)
{
    struct upp_slice line = {size, upp_response_chunk(size, length)};
    struct upp_slice data = {body, length};
    vector[0] = as_vector(line);
    vector[1] = as_vector(data);
    vector[2] = as_vector(upp_response_chunk_end);
}

static int loop_respond(struct upp_request *request, const struct upp_response *response,
                        const char *body, size_t length, int last)
{
    struct upp_core *core = core_of(request);
    size_t head = make_head(core, response, length, last);
    if (!head) {
        core->broken = 1;
        return UPP_GONE;
    }
    if (last && !core->conn->keep_open)
        hold_back(core->conn);
    core->head_sent = 1;
    upp_host_add_sent(core, head, length);
    if (!core->chunked && length && length <= JOINED_MAX) {
        memcpy(core->head_buffer + head, body, length);
        head += length;
        length = 0;
    }
    struct iovec vector[4] = {{core->head_buffer, head}, {(char *)body, length}};
    if (!core->chunked || !length)
        return upp_engine_send(core, vector, length ? 2 : 1);
    char size[UPP_RESPONSE_CHUNK_MAX];
    upp_loop_front_put_chunk(vector + 1, size, body, length);
    return upp_engine_send(core, vector, 4);
}

static int loop_write(struct upp_request *request, const char *body, size_t length)
{
    struct upp_core *core = core_of(request);
    upp_host_add_sent(core, 0, length);
    if (!core->chunked) {
        struct iovec plain = {(char *)body, length};
        return upp_engine_send(core, &plain, 1);
    }
    char size[UPP_RESPONSE_CHUNK_MAX];
    struct iovec vector[3];
    upp_loop_front_put_chunk(vector, size, body, length);
    return upp_engine_send(core, vector, 3);
}

int upp_loop_front_send_file(struct upp_core *core, int fd, uint64_t position, uint64_t length)
{
    char size[UPP_RESPONSE_CHUNK_MAX];
    struct iovec start = {size, 0};
    struct iovec end = as_vector(upp_response_chunk_end);
    int is_chunk = core->chunked && length;
    if (is_chunk) {
        start.iov_len = upp_response_chunk(size, length);
        upp_engine_send(core, &start, 1);
    }
    if (core->broken)
        return UPP_GONE;
    if (upp_output_add_file(&core->conn->output, fd, (off_t)position, length)) {
        upp_host_log_gone(core, "response file", strerror(errno));
        core->broken = 1;
        return UPP_GONE;
    }
    return is_chunk ? upp_engine_send(core, &end, 1) : upp_engine_send(core, NULL, 0);
}

static int loop_sendfile(struct upp_request *request, int fd, uint64_t position, uint64_t length)
{
    struct upp_core *core = core_of(request);
    upp_host_add_sent(core, 0, length);
    return upp_loop_front_send_file(core, fd, position, length);
}

int upp_loop_front_settle(struct upp_core *core)
{
    struct upp_conn *conn = core->conn;
    while (!core->broken && !upp_output_empty(&conn->output)) {
        int result = upp_engine_wait(conn, POLLOUT, UPP_TIMER_WRITE);
        if (result == UPP_TIMEOUT)
            upp_host_log_gone(core, "response", "the client took nothing in time");
        if (result != UPP_OK || upp_output_flush(&conn->output, conn->fd) == UPP_OUTPUT_BROKEN)
            core->broken = 1;
    }
    return core->broken ? UPP_GONE : UPP_OK;
}

static void loop_abort(struct upp_request *request)
{
    struct upp_core *core = core_of(request);
    core->broken = 1;
    core->conn->reset_after = 1;
}

static const char *reason(int status)
{
    switch (status) {
    case 400:
        return "400 Bad Request";
    case 404:
        return "404 Not Found";
    case 408:
        return "408 Request Timeout";
    case 413:
        return "413 Content Too Large";
    case 414:
        return "414 URI Too Long";
    case 417:
        return "417 Expectation Failed";
    case 431:
        return "431 Request Header Fields Too Large";
    case 501:
        return "501 Not Implemented";
    case 503:
        return "503 Service Unavailable";
    case 505:
        return "505 HTTP Version Not Supported";
    default:
        return "500 Internal Server Error";
    }
}

static void loop_error(struct upp_request *request, int status)
{
    static const char headers[] = "Content-Type: text/plain\r\n";
    const char *line = reason(status);
    const char *text = line + 4;
    struct upp_response response = {line, strlen(line), headers, sizeof headers - 1, -1};
    int has_body = !(request->flags & UPP_IS_HEAD);
    core_of(request)->conn->keep_open = 0;
    loop_respond(request, &response, text, has_body ? strlen(text) : 0, has_body);
}

void upp_loop_front_finish(struct upp_core *core, int outcome)
{
    struct iovec end = as_vector(upp_response_last_chunk);
    if (core->chunked && core->head_sent && outcome == UPP_DONE && !core->broken)
        upp_engine_send(core, &end, 1);
}

/* What was sent goes out first, for which a slow client has as long as always. */
static void loop_disconnect(struct upp_request *request)
{
    struct upp_core *core = core_of(request);
    struct upp_conn *conn = core->conn;
    upp_loop_front_finish(core, UPP_DONE);
    core->chunked = 0;
    conn->keep_open = 0;
    while (conn->output.bytes && upp_engine_wait(conn, POLLOUT, UPP_TIMER_WRITE) == UPP_OK &&
           upp_engine_send(core, NULL, 0) == UPP_OK)
        continue;
    shutdown(conn->fd, SHUT_WR);
}

void upp_loop_front_refuse(struct upp_core *core, struct upp_conn *conn, int status,
                           const char *why)
{
    char answer[256];
    const char *line = reason(status);
    upp_host_log_refused(conn, status, why);
    int length = snprintf(answer, sizeof answer,
                          "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
                          "Connection: close\r\n\r\n%s",
                          line, strlen(line + 4), line + 4);
    struct iovec vector = {answer, (size_t)length};
    (void)core;
    if (conn->listener->protocol == UPP_PROTOCOL_HTTP)
        upp_output_write(&conn->output, conn->fd, &vector, 1);
    conn->keep_open = 0;
    conn->close_after = 1;
    conn->lingers = 1;
}

const struct upp_front upp_loop_front = {
    .read = loop_read,
    .seek = loop_seek,
    .respond = loop_respond,
    .write = loop_write,
    .sendfile = loop_sendfile,
    .error = loop_error,
    .abort = loop_abort,
    .disconnect = loop_disconnect,
};
