/* SPDX-License-Identifier: MIT */
/* http/head.c: what the corpus cannot say, that is limits, slices and the decoding of paths. */
#include "http/head.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

#define HOST "Host: example.com\r\n"

static const struct upp_head_limits limits = {.head = 1024, .target = 64, .headers = 8};
static struct upp_head head;
static const char *why;

static int64_t parse_with(const char *data, size_t length,
                          const struct upp_head_limits *some_limits)
{
    size_t seen = 0;
    why = NULL;
    return upp_head_parse(&head, unit_guarded(data, length), length, &seen, some_limits, &why);
}

static int64_t parse(const char *data)
{
    return parse_with(data, strlen(data), &limits);
}

/* `count` bytes 'a' between two texts. */
static const char *padded(const char *before, size_t count, const char *after)
{
    static char text[4096];
    size_t length = strlen(before);
    memcpy(text, before, length);
    memset(text + length, 'a', count);
    memcpy(text + length + count, after, strlen(after) + 1);
    return text;
}

static void slices(void)
{
    const char *data = "\r\nPOST /a%20b?c=d?e HTTP/1.1\r\nHost:\texample.com:80 \r\nX-Empty:  \r\n"
                       "Content-Length: 3\r\n\r\nabc";
    CHECK_INT(parse(data), (int64_t)strlen(data) - 3);
    CHECK_TEXT(head.method, "POST");
    CHECK_TEXT(head.target, "/a%20b?c=d?e");
    CHECK_TEXT(head.path, "/a%20b");
    CHECK_TEXT(head.query, "c=d?e");
    CHECK_TEXT(head.host, "example.com:80");
    CHECK_TEXT(head.authority, "");
    CHECK_INT(head.minor, 1);
    CHECK_INT(head.is_https_target, 0);
    CHECK_INT(head.body, UPP_BODY_LENGTH);
    CHECK_INT((int64_t)head.content_length, 3);
    CHECK_INT((int64_t)head.header_count, 3);
    CHECK_TEXT(head.headers[0].name, "Host");
    CHECK_TEXT(head.headers[0].value, "example.com:80");
    CHECK_TEXT(head.headers[1].name, "X-Empty");
    CHECK_TEXT(head.headers[1].value, "");
    CHECK_TEXT(head.headers[2].value, "3");
}

static void absolute_targets(void)
{
    CHECK(parse("GET https://a.example:8443/x?y HTTP/1.1\r\n" HOST "\r\n") > 0);
    CHECK_TEXT(head.target, "/x?y");
    CHECK_TEXT(head.path, "/x");
    CHECK_TEXT(head.query, "y");
    CHECK_TEXT(head.authority, "a.example:8443");
    CHECK_TEXT(head.host, "example.com");
    CHECK_INT(head.is_https_target, 1);
    CHECK(parse("GET http://a.example?y HTTP/1.1\r\n" HOST "\r\n") > 0);
    CHECK_TEXT(head.target, "?y");
    CHECK_TEXT(head.path, "/");
    CHECK_TEXT(head.query, "y");
    CHECK_INT(head.is_https_target, 0);
    CHECK(parse("GET HTTPS://a.example HTTP/1.1\r\n" HOST "\r\n") > 0);
    CHECK_TEXT(head.target, "/");
    CHECK_TEXT(head.path, "/");
    CHECK_INT(head.is_https_target, 1);
    CHECK(parse("OPTIONS http://a.example HTTP/1.1\r\n" HOST "\r\n") > 0);
    CHECK_TEXT(head.target, "*");
    CHECK_TEXT(head.path, "*");
}

/* The struct is used again and again: nothing of the last request stays. */
static void nothing_is_left(void)
{
    CHECK(parse("POST https://a.example/?q HTTP/1.1\r\n" HOST "Content-Length: 7\r\n"
                "Expect: 100-continue\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n") > 0);
    CHECK_INT(head.expects_continue, 1);
    CHECK_INT(head.upgrade, 1);
    CHECK(parse("GET / HTTP/1.0\r\n\r\n") > 0);
    CHECK_TEXT(head.query, "");
    CHECK_TEXT(head.authority, "");
    CHECK_TEXT(head.host, "");
    CHECK_INT(head.is_https_target, 0);
    CHECK_INT(head.body, UPP_BODY_NONE);
    CHECK_INT((int64_t)head.content_length, 0);
    CHECK_INT((int64_t)head.header_count, 0);
    CHECK_INT(head.expects_continue, 0);
    CHECK_INT(head.upgrade, 0);
    CHECK_INT(head.keep_open, 0);
}

/* A head of exactly `size` bytes. */
static const char *head_of(size_t size)
{
    static const char before[] = "GET / HTTP/1.1\r\n" HOST "X: ";
    return padded(before, size - strlen(before) - 4, "\r\n\r\n");
}

static void limit_of_the_head(void)
{
    CHECK_INT(parse(head_of(1024)), 1024);
    CHECK_INT(parse(head_of(1025)), -431);
    CHECK(why != NULL);
    CHECK_INT(parse_with(head_of(1100), 1023, &limits), UPP_HEAD_AGAIN);
    CHECK_INT(parse_with(head_of(1100), 1024, &limits), -431);
    /* empty lines before it count */
    CHECK_INT(parse(padded("\r\nGET / HTTP/1.1\r\n" HOST "X: ", 1024 - 40 - 4 + 3, "\r\n\r\n")),
              -431);
    /* what comes behind the limit is not looked at, what comes before it is */
    CHECK_INT(parse(padded("GET / HTTP/1.1\r\nX: ", 1024, "\n")), -431);
    CHECK_INT(parse(padded("GET / HTTP/1.1\nX: ", 1024, "\n")), -400);
}

static void limit_of_the_target(void)
{
    CHECK(parse(padded("GET /", 63, " HTTP/1.1\r\n" HOST "\r\n")) > 0);
    CHECK_INT(parse(padded("GET /", 64, " HTTP/1.1\r\n" HOST "\r\n")), -414);
    CHECK_INT(parse(padded("GET /", 2000, " HTTP/1.1\r\n" HOST "\r\n")), -414);
    CHECK_INT(parse(padded("GET /", 2000, "")), -414);
    CHECK_INT(parse(padded("GET ", 63, " HTTP/1.1\r\nX: b\r\n")), UPP_HEAD_AGAIN);
    CHECK_INT(parse(padded("", 2000, "")), -431);
}

static void limit_of_the_headers(void)
{
    char data[4096];
    const struct upp_head_limits wide = {.head = sizeof data, .target = 64, .headers = 1000};
    int length = snprintf(data, sizeof data, "GET / HTTP/1.1\r\n" HOST);
    for (int i = 1; i < UPP_HEADERS_MAX; i++)
        length += snprintf(data + length, sizeof data - (size_t)length, "X-%d: %d\r\n", i, i);
    memcpy(data + length, "\r\n", 3);
    CHECK_INT(parse_with(data, (size_t)length + 2, &wide), length + 2);
    CHECK_INT((int64_t)head.header_count, UPP_HEADERS_MAX);
    CHECK_TEXT(head.headers[UPP_HEADERS_MAX - 1].value, "127");
    memcpy(data + length, "X: y\r\n\r\n", 9);
    CHECK_INT(parse_with(data, (size_t)length + 8, &wide), -431);
    CHECK(parse("GET / HTTP/1.1\r\n" HOST "a:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\n\r\n") > 0);
    CHECK_INT(
        parse("GET / HTTP/1.1\r\n" HOST "a:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\n\r\n"),
        -431);
}

/* Each byte of the search is looked at once: what was before `*seen` may be anything by then. */
static void search_goes_on(void)
{
    char data[] = "GET / HTTP/1.1\r\n" HOST "\r\n";
    size_t length = sizeof data - 1;
    size_t seen = 0;
    CHECK_INT(upp_head_parse(&head, data, length - 1, &seen, &limits, &why), UPP_HEAD_AGAIN);
    CHECK_INT((int64_t)seen, (int64_t)length - 2);
    data[20] = '\n';
    CHECK_INT(upp_head_parse(&head, data, length - 1, &seen, &limits, &why), UPP_HEAD_AGAIN);
    data[20] = ':';
    CHECK(upp_head_parse(&head, data, length, &seen, &limits, &why) == (int64_t)length);
}

/* Refused as soon as the byte is there. */
static void refused_early(void)
{
    CHECK_INT(parse("\x16"), -400);
    CHECK_INT(parse("\n"), -400);
    CHECK_INT(parse("GET / HTTP/1.1\n"), -400);
    CHECK_INT(parse("GET / HTTP/1.1\rX"), -400);
    CHECK_INT(parse("GET / HTTP/1.1\r\n "), -400);
    CHECK_INT(parse("\r\n\r\n\r\n"), -400);
    CHECK_INT(parse("\r\n\r\n\r"), UPP_HEAD_AGAIN);
    CHECK_INT(parse(""), UPP_HEAD_AGAIN);
}

static const char *decode(const char *text, int64_t *length)
{
    static char out[64];
    size_t size = strlen(text);
    struct upp_slice path = {unit_guarded(text, size), size};
    *length = upp_path_decode(path, out);
    if (*length >= 0)
        out[*length] = 0;
    return *length < 0 ? "" : out;
}

static void paths(void)
{
    static const char *const sound[][2] = {
        {"/", "/"},         {"", ""},       {"/a%20b", "/a b"}, {"/%41%5a%7A", "/AZz"},
        {"/%2F%2f", "///"}, {"/%25", "/%"}, {"/%2541", "/%41"}, {"/%0d%0A", "/\r\n"},
        {"/%ff", "/\xff"},  {"/+", "/+"},
    };
    static const char *const broken[] = {"/%",     "/%4",   "/%g0", "/%0g", "%",
                                         "/a%%41", "/% 41", "/%-1", "/%+1"};
    int64_t length;
    for (size_t i = 0; i < sizeof sound / sizeof *sound; i++) {
        CHECK(!strcmp(decode(sound[i][0], &length), sound[i][1]));
        CHECK_INT(length, (int64_t)strlen(sound[i][1]));
    }
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        decode(broken[i], &length);
        CHECK_INT(length, -1);
    }
}

int main(void)
{
    RUN(slices);
    RUN(absolute_targets);
    RUN(nothing_is_left);
    RUN(limit_of_the_head);
    RUN(limit_of_the_target);
    RUN(limit_of_the_headers);
    RUN(search_goes_on);
    RUN(refused_early);
    RUN(paths);
    return unit_result();
}
