/* SPDX-License-Identifier: MIT */
/* http/chunked.c: how it is fed, and its bounds. What it accepts is in the corpus. */
#include "http/chunked.h"
#include "unit.h"

#include <string.h>

static struct upp_chunked chunked;
static char text[65536];
static size_t text_length;

static void begin(void)
{
    upp_chunked_init(&chunked);
    text_length = 0;
}

static void add(const char *more, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        memcpy(text + text_length, more, strlen(more));
        text_length += strlen(more);
    }
}

/* All of `text`, whatever comes out. The state at the end. */
static enum upp_chunked_state feed_all(void)
{
    struct upp_slice run;
    const char *data = unit_guarded(text, text_length);
    size_t at = 0;
    int64_t consumed;
    while ((consumed = upp_chunked_feed(&chunked, data + at, text_length - at, &run)) > 0)
        at += (size_t)consumed;
    if (consumed < 0)
        CHECK_INT(chunked.state, UPP_CHUNKED_BROKEN);
    return chunked.state;
}

static void one_run_at_a_time(void)
{
    const char *data = unit_guarded("3\r\nabc\r\n2;x\r\nde\r\n0\r\nA: b\r\n\r\nGET", 32);
    struct upp_slice run;
    begin();
    CHECK_INT(upp_chunked_feed(&chunked, data, 32, &run), 6);
    CHECK_TEXT(run, "abc");
    CHECK_INT(chunked.state, UPP_CHUNKED_DATA_CR);
    CHECK_INT(upp_chunked_feed(&chunked, data + 6, 26, &run), 9);
    CHECK_TEXT(run, "de");
    CHECK_INT(upp_chunked_feed(&chunked, data + 15, 17, &run), 13);
    CHECK_TEXT(run, "");
    CHECK_INT(chunked.state, UPP_CHUNKED_DONE);
    CHECK_INT(upp_chunked_feed(&chunked, data + 28, 4, &run), 0);
    CHECK_TEXT(run, "");
}

static void a_chunk_in_parts(void)
{
    struct upp_slice run;
    begin();
    CHECK_INT(upp_chunked_feed(&chunked, unit_guarded("6\r\nab", 5), 5, &run), 5);
    CHECK_TEXT(run, "ab");
    CHECK_INT((int64_t)chunked.left, 4);
    CHECK_INT(upp_chunked_feed(&chunked, unit_guarded("cd", 2), 2, &run), 2);
    CHECK_TEXT(run, "cd");
    CHECK_INT(upp_chunked_feed(&chunked, unit_guarded("", 0), 0, &run), 0);
    CHECK_TEXT(run, "");
    CHECK_INT(upp_chunked_feed(&chunked, unit_guarded("ef\r\n", 4), 4, &run), 2);
    CHECK_TEXT(run, "ef");
}

static void broken_stays_broken(void)
{
    struct upp_slice run;
    begin();
    CHECK_INT(upp_chunked_feed(&chunked, unit_guarded("x", 1), 1, &run), -1);
    CHECK_TEXT(run, "");
    CHECK_INT(chunked.state, UPP_CHUNKED_BROKEN);
    CHECK_INT(upp_chunked_feed(&chunked, unit_guarded("0\r\n\r\n", 5), 5, &run), -1);
}

static void bound_of_the_size(void)
{
    begin();
    add("f", UPP_CHUNKED_SIZE_DIGITS);
    add("\r\n", 1);
    CHECK_INT(feed_all(), UPP_CHUNKED_DATA);
    CHECK(chunked.left == ((uint64_t)1 << 60) - 1);
    begin();
    add("0", UPP_CHUNKED_SIZE_DIGITS + 1);
    CHECK_INT(feed_all(), UPP_CHUNKED_BROKEN);
}

/* Over the whole body: a name of one byte on each of many chunks is a flood, too. */
static void bound_of_extensions(void)
{
    begin();
    add("1;", 1);
    add("x", UPP_CHUNKED_EXTENSIONS_MAX - 1);
    CHECK_INT(feed_all(), UPP_CHUNKED_EXTENSION);
    text_length = 0;
    add("x", 1);
    CHECK_INT(feed_all(), UPP_CHUNKED_BROKEN);
    begin();
    add("1;x\r\na\r\n", UPP_CHUNKED_EXTENSIONS_MAX / 2);
    add("0\r\n\r\n", 1);
    CHECK_INT(feed_all(), UPP_CHUNKED_DONE);
    begin();
    add("1;x\r\na\r\n", UPP_CHUNKED_EXTENSIONS_MAX / 2 + 1);
    CHECK_INT(feed_all(), UPP_CHUNKED_BROKEN);
    begin();
    add("1;\r\na\r\n", UPP_CHUNKED_EXTENSIONS_MAX + 1);
    CHECK_INT(feed_all(), UPP_CHUNKED_BROKEN);
}

static void bound_of_trailers(void)
{
    begin();
    add("0\r\n", 1);
    add("ab: cd\r\n", UPP_CHUNKED_TRAILERS_MAX / 8);
    CHECK_INT(feed_all(), UPP_CHUNKED_TRAILER_START);
    text_length = 0;
    add("\r\n", 1);
    CHECK_INT(feed_all(), UPP_CHUNKED_DONE);
    begin();
    add("0\r\n", 1);
    add("ab: cd\r\n", UPP_CHUNKED_TRAILERS_MAX / 8);
    add("x: y\r\n", 1);
    CHECK_INT(feed_all(), UPP_CHUNKED_BROKEN);
}

int main(void)
{
    RUN(one_run_at_a_time);
    RUN(a_chunk_in_parts);
    RUN(broken_stays_broken);
    RUN(bound_of_the_size);
    RUN(bound_of_extensions);
    RUN(bound_of_trailers);
    return unit_result();
}
