/* SPDX-License-Identifier: MIT */
#include "websocket.h"

#include "../contract.h"
#include "../http/websocket.h"
#include "request.h"

#include <poll.h>

#define INPUT_MIN 16384
/* Milliseconds between looks at the order to stop: only the main thread is interrupted by it. */
#define WAIT_SLICE 500

/* status codes of a close (RFC 6455 section 7.4.1) */
#define CLOSE_GOING_AWAY 1001
#define CLOSE_PROTOCOL 1002
#define CLOSE_TOO_BIG 1009
#define CLOSE_NONE 0 /* the connection is no more */

struct websocket {
    int is_open;
    const char *why; /* it is not */
    char *input;
    size_t capacity;
    size_t start; /* of what was not taken yet */
    size_t end;
    size_t given; /* bytes at `start` that the caller looks at until it comes again */
    char *message;
    size_t length;
    size_t room;
    int is_parted;      /* a message came in parts, and not all of them */
    int waits_for_pong; /* a ping was sent, and nothing came since */
    uint64_t since;     /* when something came, or the ping was sent; milliseconds */
};

static struct websocket *sockets;

static uint64_t now(void)
{
    return uwsgi_micros() / 1000;
}

static struct websocket *socket_of(const struct wsgi_request *host)
{
    return sockets ? &sockets[host->async_id] : NULL;
}

static void clear(struct websocket *socket)
{
    free(socket->input);
    free(socket->message);
    memset(socket, 0, sizeof *socket);
}

/* ---- the handshake ------------------------------------------------------ */

/* Whoever starts first makes them; the loser's are not kept. */
static int make_sockets(void)
{
    struct websocket *none = NULL;
    if (__atomic_load_n(&sockets, __ATOMIC_ACQUIRE))
        return 0;
    struct websocket *made = calloc((size_t)uwsgi.cores, sizeof *made);
    if (!made)
        return -1;
    if (!__atomic_compare_exchange_n(&sockets, &none, made, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        free(made);
    return 0;
}

/* Of several subprotocols a server names one. */
static size_t first_protocol(const struct wsgi_request *host)
{
    const char *list = host->http_sec_websocket_protocol;
    if (!list)
        return 0;
    const char *comma = memchr(list, ',', host->http_sec_websocket_protocol_len);
    size_t length = comma ? (size_t)(comma - list) : host->http_sec_websocket_protocol_len;
    while (length && (list[length - 1] == ' ' || list[length - 1] == '\t'))
        length--;
    return length;
}

static const char *no_handshake(const struct wsgi_request *host, size_t key_length)
{
    if (host->headers_sent || host->headers_size || host->response_size)
        return "the response has begun already";
    if (!key_length && !host->http_sec_websocket_key_len)
        return "the request has no Sec-WebSocket-Key";
    if (host->post_cl)
        return "the request has a body";
    return make_sockets() ? "there is no memory" : NULL;
}

/* of a handshake that was not possible */
static _Thread_local const char *last_why = "there was no handshake";

int upp_websocket_handshake(const char *key, size_t key_length, const char *origin,
                            size_t origin_length, const char *protocol, size_t protocol_length)
{
    struct wsgi_request *host = upp_api_request();
    const char *why = no_handshake(host, key_length);
    if (why) {
        last_why = why;
        return UPP_CANNOT;
    }
    if (!protocol_length) {
        protocol = host->http_sec_websocket_protocol;
        protocol_length = first_protocol(host);
    }
    struct websocket *socket = socket_of(host);
    clear(socket);
    if (uwsgi_websocket_handshake(host, (char *)key, (uint16_t)key_length, (char *)origin,
                                  (uint16_t)origin_length, (char *)protocol,
                                  (uint16_t)protocol_length)) {
        socket->why = "the client is gone, or uWSGI was built without TLS";
        return UPP_GONE;
    }
    socket->is_open = 1;
    socket->since = now();
    return UPP_OK;
}

/* ---- sending ------------------------------------------------------------ */

static int send_frame(struct wsgi_request *host, enum upp_frame_kind kind, const char *data,
                      size_t length)
{
    char frame[UPP_FRAME_HEAD_MAX + UPP_FRAME_CONTROL_MAX];
    size_t head = upp_frame_head(frame, kind, length);
    if (length)
        memcpy(frame + head, data, length);
    return uwsgi_response_write_body_do(host, frame, head + length);
}

/* Ends it, and says so to a client that may still listen. Returns UPP_GONE. */
static int fail(struct wsgi_request *host, struct websocket *socket, int code, const char *why)
{
    char status[2] = {(char)(code >> 8), (char)(code & 0xff)};
    if (code != CLOSE_NONE)
        send_frame(host, UPP_FRAME_CLOSE, status, sizeof status);
    socket->is_open = 0;
    socket->why = why;
    return UPP_GONE;
}

/* The same, with a line in the log: it is not how a websocket should end. */
static int fail_loudly(struct wsgi_request *host, struct websocket *socket, int code,
                       const char *why)
{
    uwsgi_log("websocket of %.*s %.*s (%.*s) closed: %s\n", host->method_len, host->method,
              host->uri_len, host->uri, host->remote_addr_len, host->remote_addr, why);
    return fail(host, socket, code, why);
}

int upp_websocket_send(const char *data, size_t length, int is_binary)
{
    struct wsgi_request *host = upp_api_request();
    struct websocket *socket = socket_of(host);
    if (!socket || (!socket->is_open && !socket->why))
        return UPP_CANNOT;
    if (!socket->is_open)
        return UPP_GONE;
    int failed = is_binary ? uwsgi_websocket_send_binary(host, (char *)data, length)
                           : uwsgi_websocket_send(host, (char *)data, length);
    return failed ? fail(host, socket, CLOSE_NONE, "the client is gone") : UPP_OK;
}

/* ---- receiving ---------------------------------------------------------- */

/* Makes room for `wanted` bytes from `start` on. */
static int reserve(struct websocket *socket, size_t wanted)
{
    if (socket->capacity - socket->start >= wanted && socket->end < socket->capacity)
        return 0;
    if (socket->end > socket->start)
        memmove(socket->input, socket->input + socket->start, socket->end - socket->start);
    socket->end -= socket->start;
    socket->start = 0;
    size_t capacity = wanted > INPUT_MIN ? wanted : INPUT_MIN;
    if (socket->capacity >= capacity)
        return 0;
    char *grown = realloc(socket->input, capacity);
    if (!grown)
        return -1;
    socket->input = grown;
    socket->capacity = capacity;
    return 0;
}

static int worker_stops(void)
{
    return !uwsgi.workers[uwsgi.mywid].manage_next_request;
}

/* Milliseconds until a ping has to be sent, or was not answered; -1: no pings. */
static int64_t until_ping(const struct websocket *socket)
{
    int seconds =
        socket->waits_for_pong ? uwsgi.websockets_pong_tolerance : uwsgi.websockets_ping_freq;
    if (uwsgi.websockets_ping_freq <= 0)
        return -1;
    uint64_t passed = now() - socket->since;
    uint64_t most = seconds > 0 ? (uint64_t)seconds * 1000 : 0;
    return passed < most ? (int64_t)(most - passed) : 0;
}

/* The client was quiet for as long as it may be. UPP_OK or UPP_GONE. */
static int ping(struct wsgi_request *host, struct websocket *socket)
{
    if (socket->waits_for_pong)
        return fail_loudly(host, socket, CLOSE_GOING_AWAY,
                           "no answer to a ping within --websockets-pong-tolerance");
    if (send_frame(host, UPP_FRAME_PING, NULL, 0))
        return fail(host, socket, CLOSE_NONE, "the client is gone");
    socket->waits_for_pong = 1;
    socket->since = now();
    return UPP_OK;
}

/* 1: there may be something to read, or time has passed; -1: an error. */
static int wait_a_moment(const struct wsgi_request *host, int64_t most)
{
    struct pollfd wait = {.fd = host->fd, .events = POLLIN};
    if (uwsgi.async > 1)
        return uwsgi.wait_read_hook(host->fd, (int)((most < 0 ? WAIT_SLICE : most) / 1000 + 1)) < 0
                   ? -1
                   : 1;
    int slice = most < 0 || most > WAIT_SLICE ? WAIT_SLICE : (int)most;
    return poll(&wait, 1, slice) < 0 && errno != EINTR ? -1 : 1;
}

/* The socket had nothing. UPP_OK: look again; UPP_WEBSOCKET_NOTHING; UPP_GONE. */
static int idle(struct wsgi_request *host, struct websocket *socket, int wait)
{
    int64_t most = until_ping(socket);
    if (worker_stops())
        return fail(host, socket, CLOSE_GOING_AWAY, "the worker stops");
    if (!most)
        return ping(host, socket) != UPP_OK ? UPP_GONE : wait ? UPP_OK : UPP_WEBSOCKET_NOTHING;
    if (!wait)
        return UPP_WEBSOCKET_NOTHING;
    if (wait_a_moment(host, most) < 0)
        return fail(host, socket, CLOSE_NONE, "the client is gone");
    return UPP_OK;
}

/* Reads once, what the socket has. UPP_OK, UPP_WEBSOCKET_NOTHING, UPP_GONE. */
static int receive_some(struct wsgi_request *host, struct websocket *socket, int wait)
{
    for (;;) {
        errno = 0;
        ssize_t got = host->socket->proto_read_body(host, socket->input + socket->end,
                                                    socket->capacity - socket->end);
        if (got > 0) {
            socket->end += (size_t)got;
            socket->waits_for_pong = 0;
            socket->since = now();
            return UPP_OK;
        }
        if (!got || !(uwsgi_is_again() || errno == EINTR))
            return fail(host, socket, CLOSE_NONE, "the client closed the connection");
        int result = idle(host, socket, wait);
        if (result != UPP_OK)
            return result;
    }
}

/* Adds a part to the message that is under way. */
static int add_part(struct websocket *socket, const char *data, size_t length)
{
    if (socket->length + length > socket->room) {
        size_t room = socket->length + length > INPUT_MIN ? socket->length + length : INPUT_MIN;
        char *grown = realloc(socket->message, room);
        if (!grown)
            return -1;
        socket->message = grown;
        socket->room = room;
    }
    if (length)
        memcpy(socket->message + socket->length, data, length);
    socket->length += length;
    return 0;
}

/* The client's close; the answer repeats its status code. */
static int closed_by_client(struct wsgi_request *host, struct websocket *socket, const char *data,
                            size_t length)
{
    unsigned code = 0;
    if (length >= 2)
        code = (unsigned)((unsigned char)data[0] << 8 | (unsigned char)data[1]);
    if (length && !upp_frame_is_close_code(code))
        return fail_loudly(host, socket, CLOSE_PROTOCOL, "a close with an invalid status code");
    send_frame(host, UPP_FRAME_CLOSE, data, length ? 2 : 0);
    return fail(host, socket, CLOSE_NONE, "the client closed the websocket");
}

static int take_control(struct wsgi_request *host, struct websocket *socket,
                        const struct upp_frame *frame, const char *data)
{
    size_t length = (size_t)frame->length;
    if (frame->kind == UPP_FRAME_CLOSE)
        return closed_by_client(host, socket, data, length);
    if (frame->kind == UPP_FRAME_PING && send_frame(host, UPP_FRAME_PONG, data, length))
        return fail(host, socket, CLOSE_NONE, "the client is gone");
    return UPP_WEBSOCKET_NOTHING;
}

/* Handles a frame that is there as a whole, `head` bytes and its payload. Returns the length of a
 * complete message at *data, UPP_WEBSOCKET_NOTHING if it completes none, UPP_GONE. */
static int64_t take_frame(struct wsgi_request *host, struct websocket *socket,
                          const struct upp_frame *frame, size_t head, const char **data)
{
    char *payload = socket->input + socket->start + head;
    size_t length = (size_t)frame->length;
    upp_frame_unmask(payload, length, frame->mask);
    socket->given = head + length;
    if (upp_frame_is_control(frame))
        return take_control(host, socket, frame, payload);
    if (frame->is_last && !socket->is_parted) {
        *data = payload;
        return (int64_t)length;
    }
    if (add_part(socket, payload, length))
        return fail_loudly(host, socket, CLOSE_TOO_BIG, "there is no memory for a message");
    socket->is_parted = !frame->is_last;
    if (socket->is_parted)
        return UPP_WEBSOCKET_NOTHING;
    length = socket->length;
    socket->length = 0;
    *data = socket->message;
    return (int64_t)length;
}

/* What is wrong with a frame whose head is there: the status code of the close, or 0. */
static int refuse_frame(const struct websocket *socket, const struct upp_frame *frame,
                        const char **why)
{
    if (upp_frame_is_control(frame))
        return 0;
    if (socket->is_parted != (frame->kind == UPP_FRAME_MORE)) {
        *why = "a message begins inside of another, or a part comes without one";
        return CLOSE_PROTOCOL;
    }
    if (frame->length > uwsgi.websockets_max_size * 1024 - socket->length) {
        *why = "a message is longer than --websockets-max-size";
        return CLOSE_TOO_BIG;
    }
    return 0;
}

/* Looks at what has come. The length of a message; UPP_WEBSOCKET_NOTHING: *wanted bytes are needed,
 * or if that is 0, the next frame can be looked at; UPP_GONE. */
static int64_t look(struct wsgi_request *host, struct websocket *socket, size_t *wanted,
                    const char **data)
{
    struct upp_frame frame;
    const char *why = NULL;
    size_t here = socket->end - socket->start;
    int head = here ? upp_frame_parse(&frame, socket->input + socket->start, here) : 0;
    *wanted = UPP_FRAME_HEAD_MAX;
    if (head < 0)
        return fail_loudly(host, socket, CLOSE_PROTOCOL, "a frame breaks the protocol");
    if (!head)
        return UPP_WEBSOCKET_NOTHING;
    int code = refuse_frame(socket, &frame, &why);
    if (code)
        return fail_loudly(host, socket, code, why);
    *wanted = (size_t)head + (size_t)frame.length;
    if (here < *wanted)
        return UPP_WEBSOCKET_NOTHING;
    *wanted = 0;
    return take_frame(host, socket, &frame, (size_t)head, data);
}

/* What the caller of the last time looked at is taken. */
static void step_over(struct websocket *socket)
{
    socket->start += socket->given;
    socket->given = 0;
    if (socket->start == socket->end)
        socket->start = socket->end = 0;
}

int64_t upp_websocket_receive(int wait, const char **data)
{
    struct wsgi_request *host = upp_api_request();
    struct websocket *socket = socket_of(host);
    if (!socket || (!socket->is_open && !socket->why))
        return UPP_CANNOT;
    while (socket->is_open) {
        size_t wanted;
        step_over(socket);
        int64_t result = look(host, socket, &wanted, data);
        if (result != UPP_WEBSOCKET_NOTHING)
            return result;
        if (!wanted)
            continue;
        if (reserve(socket, wanted))
            return fail_loudly(host, socket, CLOSE_TOO_BIG, "there is no memory for a message");
        result = receive_some(host, socket, wait);
        if (result != UPP_OK)
            return result;
    }
    return UPP_GONE;
}

const char *upp_websocket_why(void)
{
    const struct websocket *socket = socket_of(upp_api_request());
    return socket && socket->why ? socket->why : last_why;
}

void upp_websocket_leave(int core, int code)
{
    struct websocket *socket = sockets ? &sockets[core] : NULL;
    struct wsgi_request *host = upp_api_request();
    if (!socket)
        return;
    if (host && socket->is_open)
        fail(host, socket, code, "the application is done");
    clear(socket);
}
