/* SPDX-License-Identifier: MIT */
/* http/response.c */
#include "http/response.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static struct upp_response_framing framing;

/* A request of HTTP/1.1 on a connection that may stay, a response of unknown length. */
static void begin(int status)
{
    struct upp_response_framing fresh = {
        .status = status, .length = -1, .minor = 1, .keep_open = 1};
    framing = fresh;
}

/* Into memory that ends where it must. */
static void check_frame(const char *expected)
{
    size_t length = strlen(expected);
    char *out = malloc(length ? length : 1);
    struct upp_slice made = {out, upp_response_frame(&framing, out)};
    CHECK_TEXT(made, expected);
    CHECK(made.length <= UPP_RESPONSE_FRAMING_MAX);
    free(out);
}

static void unknown_length(void)
{
    begin(200);
    check_frame("Transfer-Encoding: chunked\r\n");
    CHECK(framing.chunked && framing.keep_open && !framing.bodyless);
    begin(200);
    framing.keep_open = 0;
    check_frame("Transfer-Encoding: chunked\r\nConnection: close\r\n");
    CHECK(framing.chunked && !framing.keep_open);
}

static void known_length(void)
{
    begin(200);
    framing.length = 0;
    check_frame("Content-Length: 0\r\n");
    CHECK(!framing.chunked && framing.keep_open);
    begin(200);
    framing.length = INT64_MAX;
    framing.keep_open = 0;
    check_frame("Content-Length: 9223372036854775807\r\nConnection: close\r\n");
}

static void own_framing(void)
{
    begin(200);
    framing.is_framed = 1;
    framing.length = 5;
    check_frame("");
    CHECK(!framing.chunked && framing.keep_open);
}

/* It knows neither chunks nor that connections stay. */
static void old_client(void)
{
    begin(200);
    framing.minor = 0;
    check_frame("Connection: close\r\n");
    CHECK(!framing.chunked && !framing.keep_open);
    begin(200);
    framing.minor = 0;
    framing.length = 7;
    check_frame("Content-Length: 7\r\nConnection: keep-alive\r\n");
    CHECK(framing.keep_open);
}

/* RFC 9112 6.3: these end with their head, whatever it says. */
static void no_body(void)
{
    static const int statuses[] = {204, 304};
    for (int i = 0; i < 2; i++) {
        begin(statuses[i]);
        check_frame("");
        CHECK(framing.bodyless && !framing.chunked && framing.keep_open);
    }
    for (int length = -1; length < 2; length++) {
        begin(200);
        framing.is_head = 1;
        framing.length = length;
        check_frame("");
        CHECK(framing.bodyless && !framing.chunked && framing.keep_open);
    }
    begin(304);
    framing.minor = 0;
    check_frame("Connection: keep-alive\r\n");
}

static void packet(void)
{
    begin(200);
    framing.is_packet = 1;
    check_frame("");
    CHECK(!framing.chunked && !framing.keep_open && !framing.bodyless);
    begin(204);
    framing.is_packet = 1;
    framing.length = 0;
    check_frame("");
    CHECK(framing.bodyless && !framing.keep_open);
}

static void head(void)
{
    static const char expected[] = "HTTP/1.1 404 Not Found\r\nX-A: b\r\nX-C: d\r\n"
                                   "Content-Length: 12\r\n\r\n";
    struct upp_slice status = {"404 Not Found", 13};
    struct upp_slice headers = {"X-A: b\r\nX-C: d\r\n", 16};
    char *out = malloc(sizeof expected - 1);
    begin(0);
    framing.length = 12;
    struct upp_slice made = {out, upp_response_head(&framing, status, headers, out)};
    CHECK_TEXT(made, expected);
    CHECK_INT(framing.status, 404);
    free(out);
}

/* UPP_RESPONSE_ADDED_MAX holds for the longest. */
static void longest_head(void)
{
    struct upp_slice status = {"200", 3};
    struct upp_slice headers = {NULL, 0};
    char *out = malloc(3 + UPP_RESPONSE_ADDED_MAX);
    for (int minor = 0; minor < 2; minor++) {
        for (int keep_open = 0; keep_open < 2; keep_open++) {
            begin(0);
            framing.minor = minor;
            framing.keep_open = keep_open;
            framing.length = INT64_MAX;
            CHECK(upp_response_head(&framing, status, headers, out) <= 3 + UPP_RESPONSE_ADDED_MAX);
        }
    }
    free(out);
}

static void check_chunk(size_t length, const char *expected)
{
    char out[UPP_RESPONSE_CHUNK_MAX];
    struct upp_slice made = {out, upp_response_chunk(out, length)};
    CHECK_TEXT(made, expected);
}

static void chunks(void)
{
    check_chunk(1, "1\r\n");
    check_chunk(15, "f\r\n");
    check_chunk(16, "10\r\n");
    check_chunk(65536, "10000\r\n");
    check_chunk(SIZE_MAX, "ffffffffffffffff\r\n");
    CHECK_TEXT(upp_response_chunk_end, "\r\n");
    CHECK_TEXT(upp_response_last_chunk, "0\r\n\r\n");
}

int main(void)
{
    RUN(unknown_length);
    RUN(known_length);
    RUN(own_framing);
    RUN(old_client);
    RUN(no_body);
    RUN(packet);
    RUN(head);
    RUN(longest_head);
    RUN(chunks);
    return unit_result();
}
