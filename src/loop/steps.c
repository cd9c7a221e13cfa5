/* SPDX-License-Identifier: MIT */
#include "steps.h"

#include "../http/packet.h"
#include "front.h"
#include "host.h"
#include "pool.h"
#include "transport.h"

#include <string.h>
#include <strings.h>
#include <sys/socket.h>

/* Room for one read of a body that is streamed to the application. */
#define STREAM_ROOM 65536

static enum upp_step refuse(struct upp_core *core, struct upp_conn *conn, int status,
                            const char *why)
{
    upp_loop_front_refuse(core, conn, status, why);
    conn->start = conn->end;
    conn->body = UPP_BODY_NONE;
    conn->body_left = 0;
    conn->state = UPP_CONN_FLUSH;
    return UPP_STEP_AGAIN;
}

/* Reads more if the socket may have more. */
static enum upp_step receive(struct upp_core *core, struct upp_conn *conn, size_t room)
{
    if (!conn->readable)
        return UPP_STEP_WAIT;
    if (upp_conn_reserve(conn, &core->spares, room))
        return UPP_STEP_CLOSE;
    switch (upp_conn_receive(conn)) {
    case UPP_RECEIVED:
        return UPP_STEP_AGAIN;
    case UPP_RECEIVE_AGAIN:
        return UPP_STEP_WAIT;
    default:
        return UPP_STEP_CLOSE;
    }
}

static enum upp_step begin_request(struct upp_core *core, struct upp_conn *conn,
                                   int (*begin)(struct upp_core *))
{
    /* a body that is read while the application runs must not move the head */
    if (!upp_conn_body_complete(conn)) {
        size_t wanted = conn->start + conn->head_length + STREAM_ROOM;
        if (conn->capacity < wanted && upp_conn_reserve(conn, &core->spares, wanted - conn->end))
            return UPP_STEP_CLOSE;
        size_t again = 0;
        const char *why;
        if (conn->listener->protocol == UPP_PROTOCOL_HTTP)
            upp_head_parse(&core->head, conn->data + conn->start, conn->head_length, &again,
                           &upp_engine_limits()->head, &why);
    }
    upp_pool_clear_timer(conn);
    conn->state = UPP_CONN_REQUEST;
    conn->served++;
    conn->discarded = conn->body_end - conn->body_start;
    core->conn = conn;
    core->arena_used = 0;
    core->head_sent = core->bodyless = core->chunked = core->broken = core->input_failed = 0;
    core->raw = core->disconnected = core->overrun = 0;
    core->promised = -1;
    return begin(core) ? UPP_STEP_READY : UPP_STEP_AGAIN;
}

/* The body: everything of a small one, the first part of a large one, before the application runs.
 */
static enum upp_step collect_body(struct upp_core *core, struct upp_conn *conn,
                                  int (*begin)(struct upp_core *))
{
    size_t here = conn->body_end - conn->body_start;
    if (upp_engine_limits()->body && conn->body == UPP_BODY_CHUNKED &&
        here > upp_engine_limits()->body)
        return refuse(core, conn, 413, "its body is longer than the bound");
    if (upp_conn_body_complete(conn) || here >= upp_engine_limits()->body_buffer)
        return begin_request(core, conn, begin);
    conn->state = UPP_CONN_BODY;
    uint64_t left = conn->body == UPP_BODY_LENGTH ? conn->body_left : UPP_CONN_BUFFER;
    size_t room =
        left < upp_engine_limits()->body_buffer ? (size_t)left : upp_engine_limits()->body_buffer;
    enum upp_step step = receive(core, conn, room < 4096 ? 4096 : room);
    if (step == UPP_STEP_WAIT)
        upp_pool_set_timer(conn, UPP_TIMER_BODY);
    if (step == UPP_STEP_AGAIN && upp_conn_absorb(conn))
        return refuse(core, conn, 400, "its chunked body is not well formed");
    return step;
}

static void send_continue(struct upp_conn *conn)
{
    static char answer[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct iovec vector = {answer, sizeof answer - 1};
    upp_output_write(&conn->output, conn->fd, &vector, 1);
}

static enum upp_step start_http_body(struct upp_core *core, struct upp_conn *conn, int64_t length)
{
    const struct upp_head *head = &core->head;
    int was_waiting = conn->state == UPP_CONN_BODY;
    if (was_waiting)
        return collect_body(core, conn, upp_host_begin);
    if (upp_engine_limits()->body && head->body == UPP_BODY_LENGTH &&
        head->content_length > upp_engine_limits()->body)
        return refuse(core, conn, 413, "its body is longer than the bound");
    if (upp_conn_begin_body(conn, (size_t)length, head->body, head->content_length))
        return refuse(core, conn, 400, "its chunked body is not well formed");
    conn->keep_open = (unsigned)head->keep_open & 1U;
    if (head->expects_continue && !upp_conn_body_complete(conn) &&
        conn->body_start == conn->body_end)
        send_continue(conn);
    return collect_body(core, conn, upp_host_begin);
}

static enum upp_step read_http(struct upp_core *core, struct upp_conn *conn)
{
    const char *why = NULL;
    size_t length = conn->end - conn->start;
    if (length) {
        int64_t result = upp_head_parse(&core->head, conn->data + conn->start, length,
                                        &conn->head_seen, &upp_engine_limits()->head, &why);
        if (result < 0)
            return refuse(core, conn, (int)-result, why);
        if (result > 0)
            return start_http_body(core, conn, result);
    }
    enum upp_step step = receive(core, conn, UPP_CONN_BUFFER / 4);
    if (step == UPP_STEP_WAIT)
        upp_pool_set_timer_once(conn, length || !conn->served ? UPP_TIMER_HEAD : UPP_TIMER_IDLE);
    return step;
}

/* The body behind a packet: CONTENT_LENGTH, and without one HTTP_TRANSFER_ENCODING, if packets may
 * have chunked bodies. A server in front that has decoded a body says both. */
struct packet_body {
    enum upp_body_kind kind;
    uint64_t length;
};

static int is_text(struct upp_slice slice, const char *text)
{
    return slice.length == strlen(text) && !strncasecmp(slice.base, text, slice.length);
}

/* Returns 0, -1: not a number. */
static int parse_length(struct upp_slice value, struct packet_body *body)
{
    int64_t length = 0;
    for (size_t i = 0; i < value.length; i++) {
        if (value.base[i] < '0' || value.base[i] > '9' || length > INT64_MAX / 10 - 10)
            return -1;
        length = length * 10 + (value.base[i] - '0');
    }
    body->length = (uint64_t)length;
    return 0;
}

/* Returns 0, -1: the packet is broken. */
static int find_packet_body(const char *data, size_t size, struct packet_body *body)
{
    struct upp_slice key;
    struct upp_slice value;
    size_t position = 0;
    int has_length = 0;
    int is_chunked = 0;
    int result;
    while ((result = upp_packet_next(data, size, &position, &key, &value)) > 0) {
        if (key.length == 14 && !memcmp(key.base, "CONTENT_LENGTH", 14)) {
            has_length = value.length > 0;
            if (parse_length(value, body))
                return -1;
        } else if (key.length == 22 && !memcmp(key.base, "HTTP_TRANSFER_ENCODING", 22)) {
            is_chunked = is_text(value, "chunked");
        }
    }
    if (body->length)
        body->kind = UPP_BODY_LENGTH;
    else if (is_chunked && !has_length && upp_engine_limits()->chunked_packets)
        body->kind = UPP_BODY_CHUNKED;
    return result;
}

/* The packet is here as a whole, `length` bytes with its header of `header`. */
static enum upp_step start_packet_body(struct upp_core *core, struct upp_conn *conn, size_t header,
                                       size_t length, int is_ours)
{
    struct packet_body body = {UPP_BODY_NONE, 0};
    /* packets of other plugins hold something else */
    if (is_ours && find_packet_body(conn->data + conn->start + header, length - header, &body)) {
        upp_host_log_refused(conn, 0, "its packet is not well formed");
        return UPP_STEP_CLOSE;
    }
    if (upp_engine_limits()->body && body.length > upp_engine_limits()->body) {
        upp_host_log_refused(conn, 0, "its body is longer than the bound");
        return UPP_STEP_CLOSE;
    }
    conn->keep_open = 0;
    if (upp_conn_begin_body(conn, length, body.kind, body.length))
        return refuse(core, conn, 400, "its chunked body is not well formed");
    return collect_body(core, conn, upp_host_begin_packet);
}

static enum upp_step read_packet(struct upp_core *core, struct upp_conn *conn)
{
    struct upp_packet packet;
    size_t length = conn->end - conn->start;
    const char *data = conn->data + conn->start;
    if (conn->state == UPP_CONN_BODY)
        return collect_body(core, conn, upp_host_begin_packet);
    int header = length ? upp_packet_header(&packet, data, length) : 0;
    if (header && packet.size > upp_host_packet_max()) {
        upp_host_log_refused(conn, 0, "its packet is larger than --buffer-size");
        return UPP_STEP_CLOSE;
    }
    if (header && length >= (size_t)header + packet.size)
        return start_packet_body(core, conn, (size_t)header, (size_t)header + packet.size,
                                 upp_host_is_ours(packet.modifier1));
    enum upp_step step = receive(core, conn, UPP_CONN_BUFFER / 4);
    if (step == UPP_STEP_WAIT)
        upp_pool_set_timer_once(conn, UPP_TIMER_HEAD);
    return step;
}

static enum upp_step read_request(struct upp_core *core, struct upp_conn *conn)
{
    return conn->listener->protocol == UPP_PROTOCOL_HTTP ? read_http(core, conn)
                                                         : read_packet(core, conn);
}

/* The response is queued or gone out; what comes after it. */
static enum upp_step flush(struct upp_conn *conn)
{
    switch (upp_output_flush(&conn->output, conn->fd)) {
    case UPP_OUTPUT_BROKEN:
        return UPP_STEP_CLOSE;
    case UPP_OUTPUT_AGAIN:
        conn->unconfirmed = upp_output_unconfirmed(conn->fd);
        upp_pool_set_timer(conn, UPP_TIMER_WRITE);
        return UPP_STEP_WAIT;
    default:
        break;
    }
    if (!conn->close_after) {
        conn->state = upp_conn_body_complete(conn) ? UPP_CONN_HEAD : UPP_CONN_DISCARD;
        return UPP_STEP_AGAIN;
    }
    /* unread input would turn our close into a reset, and the client might lose the answer */
    if (conn->lingers || conn->held)
        shutdown(conn->fd, SHUT_WR);
    if (!conn->lingers)
        return UPP_STEP_CLOSE;
    conn->state = UPP_CONN_LINGER;
    conn->discarded = 0;
    upp_pool_set_timer(conn, UPP_TIMER_LINGER);
    return UPP_STEP_AGAIN;
}

static enum upp_step linger(struct upp_core *core, struct upp_conn *conn)
{
    conn->start = conn->end = 0;
    conn->discarded += UPP_CONN_BUFFER;
    if (conn->discarded > upp_engine_limits()->discard)
        return UPP_STEP_CLOSE;
    return receive(core, conn, UPP_CONN_BUFFER / 2);
}

static enum upp_step discard(struct upp_core *core, struct upp_conn *conn)
{
    conn->discarded += conn->body_end - conn->body_start;
    if (conn->discarded > upp_engine_limits()->discard)
        return UPP_STEP_CLOSE;
    if (upp_conn_body_complete(conn)) {
        upp_conn_next(conn);
        conn->state = UPP_CONN_HEAD;
        return UPP_STEP_AGAIN;
    }
    conn->start = conn->end = conn->body_start = conn->body_end = 0;
    enum upp_step step = receive(core, conn, UPP_CONN_BUFFER / 2);
    if (step == UPP_STEP_WAIT)
        upp_pool_set_timer(conn, UPP_TIMER_BODY);
    if (step == UPP_STEP_AGAIN && upp_conn_absorb(conn))
        return UPP_STEP_CLOSE;
    return step;
}

enum upp_step upp_steps_advance(struct upp_core *core, struct upp_conn *conn)
{
    switch (conn->state) {
    case UPP_CONN_HEAD:
    case UPP_CONN_BODY:
        return read_request(core, conn);
    case UPP_CONN_FLUSH:
        return flush(conn);
    case UPP_CONN_DISCARD:
        return discard(core, conn);
    case UPP_CONN_LINGER:
        return linger(core, conn);
    default:
        return UPP_STEP_CLOSE;
    }
}

void upp_steps_end(struct upp_core *core, int outcome)
{
    struct upp_conn *conn = core->conn;
    /* first the host: a transformation may have something to add at the end */
    int taken = upp_host_end(core);
    upp_transport_check(core);
    upp_loop_front_finish(core, outcome);
    core->conn = NULL;
    if (taken) {
        /* somebody else has the descriptor now */
        upp_engine_forget(conn);
        conn->fd = -1;
        core->broken = 1;
    }
    if (core->broken || conn->fd < 0) {
        conn->keep_open = 0;
        upp_output_clear(&conn->output);
    }
    if (outcome != UPP_DONE || !core->head_sent)
        conn->keep_open = 0;
    conn->close_after = !conn->keep_open;
    conn->lingers = !upp_conn_body_complete(conn) || conn->body_end < conn->end;
    if (upp_conn_body_complete(conn))
        upp_conn_next(conn);
    else
        conn->body_start = conn->body_end;
    conn->state = UPP_CONN_FLUSH;
}

enum upp_step upp_steps_expire(struct upp_core *core, struct upp_conn *conn)
{
    switch (conn->state) {
    case UPP_CONN_HEAD:
        if (conn->start < conn->end && conn->listener->protocol == UPP_PROTOCOL_HTTP) {
            return refuse(core, conn, 408, "its head did not come in time");
        }
        break;
    case UPP_CONN_BODY:
        if (conn->listener->protocol == UPP_PROTOCOL_HTTP) {
            return refuse(core, conn, 408, "its body did not come in time");
        }
        break;
    case UPP_CONN_FLUSH:
        if (upp_output_unconfirmed(conn->fd) < conn->unconfirmed)
            return UPP_STEP_AGAIN;
        upp_host_log("response to %.*s: the client took nothing in time", conn->address_length,
                     conn->address);
        conn->reset_after = 1;
        break;
    default:
        break;
    }
    return UPP_STEP_CLOSE;
}
