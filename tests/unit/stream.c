/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Below the smallest case that must be refused, above the largest that must not (README.md there).
 */
static const struct upp_head_limits limits = {.head = 32768, .target = 8192, .headers = 100};

static void say(struct stream *stream, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t room = sizeof stream->text - stream->length;
    int length = vsnprintf(stream->text + stream->length, room, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= room)
        abort();
    stream->length += (size_t)length;
}

static void say_bytes(struct stream *stream, struct upp_slice bytes)
{
    for (size_t i = 0; i < bytes.length; i++) {
        unsigned char c = (unsigned char)bytes.base[i];
        if (c == '\r')
            say(stream, "\\r");
        else if (c == '\n')
            say(stream, "\\n");
        else if (c == '\\')
            say(stream, "\\\\");
        else if (c < 0x20 || c > 0x7e)
            say(stream, "\\x%02x", c);
        else
            say(stream, "%c", c);
    }
}

static void say_line(struct stream *stream, const char *key, struct upp_slice value)
{
    say(stream, "%s: ", key);
    say_bytes(stream, value);
    say(stream, "\n");
}

void stream_init(struct stream *stream)
{
    stream->state = STREAM_HEAD;
    stream->at = stream->seen = stream->length = stream->request = 0;
    stream->why = NULL;
}

/* A refused request leaves no trace but the status. */
static void refuse(struct stream *stream, int status)
{
    stream->length = stream->request;
    say(stream, "end: %d\n", status);
    stream->state = STREAM_ENDED;
}

static void begin_request(struct stream *stream)
{
    const struct upp_head *head = &stream->head;
    stream->request = stream->length;
    say(stream, "request: ");
    say_bytes(stream, head->method);
    say(stream, " ");
    say_bytes(stream, head->path);
    if (head->query.length) {
        say(stream, "?");
        say_bytes(stream, head->query);
    }
    say(stream, " HTTP/1.%d\n", head->minor);
    if (head->authority.length)
        say_line(stream, "host", head->authority);
    else if (head->host.length)
        say_line(stream, "host", head->host);
    say(stream, "keep: %s\n", head->keep_open ? "yes" : "no");
    if (head->expects_continue)
        say(stream, "expect: yes\n");
    if (head->upgrade)
        say(stream, "upgrade: yes\n");
    if (head->body != UPP_BODY_NONE)
        say(stream, "body: ");
    stream->left = head->content_length;
    upp_chunked_init(&stream->chunked);
    stream->state = STREAM_BODY;
}

static int feed_head(struct stream *stream, const char *data, size_t length)
{
    int64_t result = upp_head_parse(&stream->head, data + stream->at, length - stream->at,
                                    &stream->seen, &limits, &stream->why);
    if (result < 0)
        refuse(stream, (int)-result);
    if (result <= 0)
        return 0;
    stream->at += (size_t)result;
    stream->seen = 0;
    begin_request(stream);
    return 1;
}

static void end_request(struct stream *stream)
{
    if (stream->head.body != UPP_BODY_NONE)
        say(stream, "\n");
    stream->request = stream->length;
    stream->state = STREAM_HEAD;
    if (!stream->head.keep_open) {
        say(stream, "end: close\n");
        stream->state = STREAM_ENDED;
    }
}

static void feed_length(struct stream *stream, const char *data, size_t length)
{
    size_t size = length - stream->at;
    size = stream->left < size ? (size_t)stream->left : size;
    say_bytes(stream, (struct upp_slice){data + stream->at, size});
    stream->at += size;
    stream->left -= size;
    if (!stream->left)
        end_request(stream);
}

static void feed_chunked(struct stream *stream, const char *data, size_t length)
{
    struct upp_slice run;
    int64_t result;
    do {
        result = upp_chunked_feed(&stream->chunked, data + stream->at, length - stream->at, &run);
        if (result < 0) {
            stream->why = "chunked";
            refuse(stream, 400);
            return;
        }
        say_bytes(stream, run);
        stream->at += (size_t)result;
    } while (result);
    if (stream->chunked.state == UPP_CHUNKED_DONE)
        end_request(stream);
}

static void feed_body(struct stream *stream, const char *data, size_t length)
{
    if (stream->head.body == UPP_BODY_CHUNKED)
        feed_chunked(stream, data, length);
    else
        feed_length(stream, data, length);
}

void stream_feed(struct stream *stream, const char *data, size_t length,
                 void (*on_head)(const struct upp_head *head, void *context), void *context)
{
    enum stream_state before;
    do {
        before = stream->state;
        if (before == STREAM_HEAD && feed_head(stream, data, length) && on_head)
            on_head(&stream->head, context);
        else if (before == STREAM_BODY)
            feed_body(stream, data, length);
    } while (stream->state != before);
}

void stream_end(struct stream *stream)
{
    if (stream->state == STREAM_ENDED)
        return;
    stream->length = stream->request;
    say(stream, "end: open\n");
}
