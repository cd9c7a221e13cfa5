/* SPDX-License-Identifier: MIT */
/*
 * The chunked coding: the same data and the same end in one piece and in pieces of any size, and
 * what is accepted is what a second, simple decoder makes of it.
 */
#include "fuzz.h"
#include "http/chunked.h"

#include <string.h>

struct result {
    int broken;
    int done;
    size_t consumed;
    size_t length;
    char *data; /* as large as the input */
};

static void feed_piece(struct upp_chunked *chunked, const char *data, size_t length,
                       struct result *result)
{
    size_t at = 0;
    int64_t consumed;
    do {
        struct upp_slice run = {NULL, 0};
        consumed = upp_chunked_feed(chunked, data + at, length - at, &run);
        if (consumed < 0) {
            REQUIRE(consumed == -1 && chunked->state == UPP_CHUNKED_BROKEN);
            result->broken = 1;
            return;
        }
        REQUIRE(at + (size_t)consumed <= length);
        if (run.length) {
            REQUIRE(run.base >= data + at && run.base + run.length == data + at + consumed);
            memcpy(result->data + result->length, run.base, run.length);
            result->length += run.length;
        }
        at += (size_t)consumed;
    } while (consumed);
    result->done = chunked->state == UPP_CHUNKED_DONE;
    REQUIRE(result->done || at == length);
    result->consumed += at;
}

static struct result decode(const char *data, size_t size, size_t piece)
{
    struct result result = {.data = malloc(size + 1)};
    struct upp_chunked chunked;
    upp_chunked_init(&chunked);
    for (size_t at = 0; at < size && !result.broken && !result.done; at += piece) {
        size_t length = size - at < piece ? size - at : piece;
        char *copy = malloc(length);
        memcpy(copy, data + at, length);
        feed_piece(&chunked, copy, length, &result);
        free(copy);
    }
    REQUIRE(chunked.extensions <= UPP_CHUNKED_EXTENSIONS_MAX);
    REQUIRE(chunked.trailers <= UPP_CHUNKED_TRAILERS_MAX);
    return result;
}

/* `data` is complete and ends with NUL. */
static void require_accepted(const char *data, const struct result *result)
{
    const char *at = data;
    size_t length = 0;
    for (;;) {
        char *end;
        REQUIRE(*at && strchr("0123456789abcdefABCDEF", *at));
        size_t size = strtoull(at, &end, 16);
        REQUIRE(end - at <= UPP_CHUNKED_SIZE_DIGITS);
        REQUIRE(*end == ';' || *end == '\r');
        at = strchr(end, '\r');
        REQUIRE(at[1] == '\n');
        at += 2;
        if (!size)
            break;
        REQUIRE(length + size <= result->length && !memcmp(result->data + length, at, size));
        length += size;
        at += size;
        REQUIRE(!memcmp(at, "\r\n", 2));
        at += 2;
    }
    while (*at != '\r') {
        REQUIRE(strchr(at, ':') < strchr(at, '\r'));
        at = strchr(at, '\r') + 2;
    }
    REQUIRE(length == result->length && (size_t)(at + 2 - data) == result->consumed);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const size_t pieces[] = {1, 2, 3, 7, 64};
    char *data = malloc(size + 1);
    memcpy(data, bytes, size);
    data[size] = 0;
    struct result whole = decode(data, size, size ? size : 1);
    if (whole.done)
        require_accepted(data, &whole);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct result result = decode(data, size, pieces[i]);
        REQUIRE(result.broken == whole.broken && result.done == whole.done);
        REQUIRE(result.length == whole.length && !memcmp(result.data, whole.data, whole.length));
        REQUIRE(result.broken || result.consumed == whole.consumed);
        free(result.data);
    }
    free(whole.data);
    free(data);
    return 0;
}
