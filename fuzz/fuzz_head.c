/* SPDX-License-Identifier: MIT */
/*
 * The head of a request: it reads the same in one piece and as it grows byte by byte, and what is
 * accepted is what a second, simple reading of the same lines finds.
 */
#include "fuzz.h"
#include "http/head.h"

#include <string.h>
#include <strings.h>

/* Small, so that they are met. */
static const struct upp_head_limits limits = {.head = 2048, .target = 512, .headers = 16};

/* Up to here each prefix is a block of its own, so that a byte too many is noticed. */
#define COPIED_MAX 256

static int is_inside(struct upp_slice slice, const char *data, size_t length)
{
    return slice.base >= data && slice.base + slice.length <= data + length;
}

static int is_same(struct upp_slice a, struct upp_slice b)
{
    return a.length == b.length && (!a.length || !memcmp(a.base, b.base, a.length));
}

static int is_named(struct upp_slice text, const char *name)
{
    return text.length == strlen(name) && !strncasecmp(text.base, name, text.length);
}

static void require_token(struct upp_slice text)
{
    static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    REQUIRE(text.length);
    for (size_t i = 0; i < text.length; i++)
        REQUIRE(text.base[i] && strchr(token, text.base[i]));
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void require_value(struct upp_slice value)
{
    if (value.length)
        REQUIRE(!is_blank(value.base[0]) && !is_blank(value.base[value.length - 1]));
    for (size_t i = 0; i < value.length; i++) {
        unsigned char c = (unsigned char)value.base[i];
        REQUIRE((c >= 0x20 && c != 0x7f) || c == '\t');
    }
}

/* The headers, as they are, with their colons, white space and line ends, are all there is. */
static void require_lines(const struct upp_head *head, const char *at, const char *end)
{
    for (size_t i = 0; i < head->header_count; i++) {
        const struct upp_header *header = &head->headers[i];
        require_token(header->name);
        require_value(header->value);
        REQUIRE(header->name.base == at);
        at += header->name.length;
        REQUIRE(*at++ == ':');
        while (is_blank(*at))
            at++;
        REQUIRE(!header->value.length || header->value.base == at);
        at += header->value.length;
        while (is_blank(*at))
            at++;
        REQUIRE(!memcmp(at, "\r\n", 2));
        at += 2;
    }
    REQUIRE(end - at == 2 && !memcmp(at, "\r\n", 2));
}

static size_t count(const struct upp_head *head, const char *name, struct upp_slice *value)
{
    size_t found = 0;
    for (size_t i = 0; i < head->header_count; i++) {
        if (is_named(head->headers[i].name, name)) {
            *value = head->headers[i].value;
            found++;
        }
    }
    return found;
}

static void require_framing(const struct upp_head *head)
{
    struct upp_slice host = {NULL, 0};
    struct upp_slice length = {NULL, 0};
    struct upp_slice encoding = {NULL, 0};
    size_t hosts = count(head, "Host", &host);
    size_t lengths = count(head, "Content-Length", &length);
    size_t encodings = count(head, "Transfer-Encoding", &encoding);
    char text[2048];
    REQUIRE(hosts <= 1 && (hosts || !head->minor) && is_same(head->host, host));
    REQUIRE(lengths + encodings <= 1);
    REQUIRE(head->body == (lengths     ? UPP_BODY_LENGTH
                           : encodings ? UPP_BODY_CHUNKED
                                       : UPP_BODY_NONE));
    if (encodings)
        REQUIRE(head->minor && is_named(encoding, "chunked"));
    if (lengths) {
        snprintf(text, sizeof text, "%.*s", (int)length.length, length.base);
        REQUIRE(strspn(text, "0123456789") == length.length && length.length);
        REQUIRE(strtoull(text, NULL, 10) == head->content_length);
        REQUIRE(head->content_length <= INT64_MAX);
    } else {
        REQUIRE(!head->content_length);
    }
}

/* Each %XX is the byte that the C library reads in it, NUL as well; % without digits is refused. */
static void require_decoded(struct upp_slice path)
{
    char *decoded = malloc(path.length);
    int64_t size = upp_path_decode(path, decoded);
    size_t at = 0;
    for (int64_t i = 0; i < size; i++, at++) {
        char digits[3] = {0};
        if (path.base[at] != '%') {
            REQUIRE(decoded[i] == path.base[at]);
            continue;
        }
        REQUIRE(path.length - at > 2);
        memcpy(digits, path.base + at + 1, 2);
        REQUIRE(strspn(digits, "0123456789abcdefABCDEF") == 2);
        REQUIRE(decoded[i] == (char)strtoul(digits, NULL, 16));
        at += 2;
    }
    REQUIRE(size < 0 ? memchr(path.base, '%', path.length) != NULL : at == path.length);
    free(decoded);
}

static void require_target(const struct upp_head *head, const char *data, size_t length)
{
    REQUIRE(is_named(head->path, "*") || head->path.base[0] == '/');
    REQUIRE(head->target.length && (!head->query.length || is_inside(head->query, data, length)));
    require_decoded(head->path);
    for (size_t i = 0; i < head->target.length; i++)
        REQUIRE(head->target.base[i] > ' ' && head->target.base[i] < 0x7f);
    REQUIRE(!memchr(head->target.base, '#', head->target.length));
    if (head->authority.length) {
        REQUIRE(is_inside(head->authority, data, length));
        REQUIRE(!memchr(head->authority.base, '@', head->authority.length));
    }
}

static void require_accepted(const struct upp_head *head, const char *data, size_t length)
{
    const char *line = data;
    while (*line == '\r')
        line += 2;
    const char *end = strstr(line, "\r\n");
    REQUIRE(line - data <= 4 && head->method.base == line);
    REQUIRE(end && !memcmp(end - 9, head->minor ? " HTTP/1.1" : " HTTP/1.0", 9));
    REQUIRE(line[head->method.length] == ' ');
    REQUIRE(!memchr(line + head->method.length + 1, ' ',
                    (size_t)(end - 9 - line) - head->method.length - 1));
    require_token(head->method);
    require_lines(head, end + 2, data + length);
    require_framing(head);
    require_target(head, data, length);
}

static void require_same(const struct upp_head *a, const struct upp_head *b)
{
    REQUIRE(is_same(a->method, b->method) && is_same(a->target, b->target));
    REQUIRE(is_same(a->path, b->path) && is_same(a->query, b->query));
    REQUIRE(is_same(a->authority, b->authority) && is_same(a->host, b->host));
    REQUIRE(a->minor == b->minor && a->is_https_target == b->is_https_target);
    REQUIRE(a->body == b->body && a->content_length == b->content_length);
    REQUIRE(a->keep_open == b->keep_open && a->expects_continue == b->expects_continue);
    REQUIRE(a->upgrade == b->upgrade && a->header_count == b->header_count);
    for (size_t i = 0; i < a->header_count; i++) {
        REQUIRE(is_same(a->headers[i].name, b->headers[i].name));
        REQUIRE(is_same(a->headers[i].value, b->headers[i].value));
    }
}

/* One call over a prefix; `head` may point into a copy that is gone, and is for its numbers then.
 */
static int64_t parse_prefix(struct upp_head *head, const char *data, size_t length, size_t *seen,
                            const struct upp_head *whole)
{
    const char *why = NULL;
    char *copy = length <= COPIED_MAX ? malloc(length) : NULL;
    if (copy && length)
        memcpy(copy, data, length);
    int64_t result = upp_head_parse(head, copy ? copy : data, length, seen, &limits, &why);
    REQUIRE(result >= 0 || why);
    if (result > 0)
        require_same(head, whole);
    free(copy);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct upp_head whole;
    static struct upp_head grown;
    const char *why = NULL;
    size_t seen = 0;
    char *data = malloc(size + 1);
    memcpy(data, bytes, size);
    data[size] = 0;
    int64_t expected = upp_head_parse(&whole, data, size, &seen, &limits, &why);
    REQUIRE(expected >= 0 || why);
    REQUIRE(expected <= (int64_t)size && expected <= (int64_t)limits.head);
    if (expected > 0)
        require_accepted(&whole, data, (size_t)expected);
    seen = 0;
    int64_t result = UPP_HEAD_AGAIN;
    for (size_t length = 0; length <= size && result == UPP_HEAD_AGAIN; length++)
        result = parse_prefix(&grown, data, length, &seen, &whole);
    REQUIRE(result == expected);
    free(data);
    return 0;
}
