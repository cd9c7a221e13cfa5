/* SPDX-License-Identifier: MIT */
#include "response.h"

#include <string.h>

const struct upp_slice upp_response_chunk_end = {"\r\n", 2};
const struct upp_slice upp_response_last_chunk = {"0\r\n\r\n", 5};

static size_t put(char *out, size_t at, const char *text)
{
    size_t length = strlen(text);
    memcpy(out + at, text, length);
    return at + length;
}

static size_t put_slice(char *out, size_t at, struct upp_slice slice)
{
    if (slice.length)
        memcpy(out + at, slice.base, slice.length);
    return at + slice.length;
}

static size_t put_number(char *out, size_t at, uint64_t number, unsigned base)
{
    char digits[20];
    size_t first = sizeof digits;
    do {
        digits[--first] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number);
    struct upp_slice text = {digits + first, sizeof digits - first};
    return put_slice(out, at, text);
}

int upp_response_status(const char *status)
{
    return (status[0] - '0') * 100 + (status[1] - '0') * 10 + (status[2] - '0');
}

size_t upp_response_frame(struct upp_response_framing *framing, char *out)
{
    size_t at = 0;
    framing->bodyless = framing->is_head || framing->status == 204 || framing->status == 304;
    framing->chunked = 0;
    if (framing->is_packet) {
        framing->keep_open = 0;
        return 0;
    }
    if (!framing->is_framed && !framing->bodyless) {
        if (framing->length >= 0) {
            at = put(out, at, "Content-Length: ");
            at = put_number(out, at, (uint64_t)framing->length, 10);
            at = put(out, at, "\r\n");
        } else if (framing->minor) {
            framing->chunked = 1;
            at = put(out, at, "Transfer-Encoding: chunked\r\n");
        } else {
            /* the end of the connection is the end of the body */
            framing->keep_open = 0;
        }
    }
    if (!framing->keep_open)
        at = put(out, at, "Connection: close\r\n");
    else if (!framing->minor)
        at = put(out, at, "Connection: keep-alive\r\n");
    return at;
}

size_t upp_response_head(struct upp_response_framing *framing, struct upp_slice status,
                         struct upp_slice headers, char *out)
{
    framing->status = upp_response_status(status.base);
    size_t at = put(out, 0, "HTTP/1.1 ");
    at = put_slice(out, at, status);
    at = put(out, at, "\r\n");
    at = put_slice(out, at, headers);
    at += upp_response_frame(framing, out + at);
    return put(out, at, "\r\n");
}

size_t upp_response_chunk(char *out, size_t length)
{
    return put(out, put_number(out, 0, length, 16), "\r\n");
}
