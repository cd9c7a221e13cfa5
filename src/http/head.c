/* SPDX-License-Identifier: MIT */
/*
 * Four steps, each of which only has to hold for what the earlier ones let through:
 *
 *     find_end        where the head ends; no byte in it that no head has, no folded line
 *     split_line      the three parts of the request line
 *     read_grammar    llhttp over the target and the headers
 *     apply_rules     what the headers mean for the framing, where two parsers could differ
 *
 * The first runs again as bytes arrive and goes on where it was. The others run once.
 */
#include "head.h"

#include "authority.h"
#include "chars.h"

#include <llhttp.h>
#include <string.h>

static const char no_text[] = "";

/* What the headers said. */
enum {
    HAS_HOST = 1,
    HAS_LENGTH = 2,
    HAS_ENCODING = 4,
    IS_CHUNKED = 8,
    HAS_UPGRADE = 16,
    EXPECTS_CONTINUE = 32,
    OPTION_CLOSE = 64,
    OPTION_KEEP_ALIVE = 128,
    OPTION_UPGRADE = 256
};

struct parse {
    struct upp_head *head;
    const struct upp_head_limits *limits;
    const char *why; /* set when refused */
    int status;      /* the negated HTTP status, from within llhttp */
    unsigned found;
};

static int refuse(struct parse *parse, int status, const char *why)
{
    parse->why = why;
    return -status;
}

/* `lower` has lower case letters and '-' only: OR 0x20 keeps the second and leads nothing else to
 * them that a token or a field value can have. */
static int is_word(struct upp_slice text, const char *lower, size_t length)
{
    if (text.length != length)
        return 0;
    for (size_t i = 0; i < length; i++) {
        if ((text.base[i] | 0x20) != lower[i])
            return 0;
    }
    return 1;
}

#define IS_WORD(text, lower) is_word(text, lower, sizeof lower - 1)

/* ---- the end of the head --------------------------------------------------------------------- */

#define EACH_BYTE(value) (UINT64_MAX / 255 * (value))

/* Eight bytes at once: the lowest bit set is that of the first control character (below 0x20, or
 * 0x7f); those above it may be wrong, by the borrow. 0 if there is none. */
static uint64_t find_control(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    uint64_t below = (word - EACH_BYTE(0x20)) & ~word;
    uint64_t del = word ^ EACH_BYTE(0x7f);
    del = (del - EACH_BYTE(1)) & ~del;
    return (below | del) & EACH_BYTE(0x80);
}

static size_t next_control(const char *data, size_t at, size_t length)
{
    for (; length - at >= 8; at += 8) {
        uint64_t found = find_control(data + at);
        if (found)
            return at + (size_t)__builtin_ctzll(found) / 8;
    }
    while (at < length && (unsigned char)data[at] >= 0x20 && data[at] != 0x7f)
        at++;
    return at;
}

static size_t skip_empty_lines(const char *data, size_t length)
{
    size_t start = 0;
    while (start < 4 && length - start >= 2 && !memcmp(data + start, "\r\n", 2))
        start += 2;
    return start;
}

static const char *name_control(char c)
{
    return c == '\n' ? "a bare LF" : c ? "a control character" : "a NUL";
}

/* The result is that of upp_head_parse(). `*seen` stays at a CR whose line end cannot be judged
 * yet. */
static int64_t find_end(struct parse *parse, const char *data, size_t length, size_t start,
                        size_t *seen)
{
    size_t at = *seen > start ? *seen : start;
    while ((at = next_control(data, at, length)) < length) {
        if (data[at] == '\t') {
            at++;
            continue;
        }
        if (data[at] != '\r')
            return refuse(parse, 400, name_control(data[at]));
        if (at + 1 == length)
            break;
        if (data[at + 1] != '\n')
            return refuse(parse, 400, "a bare CR");
        if (at == start)
            return refuse(parse, 400, "too many empty lines before the request");
        if (data[at - 1] == '\n')
            return (int64_t)at + 2;
        if (at + 2 == length)
            break;
        if (data[at + 2] == ' ' || data[at + 2] == '\t')
            return refuse(parse, 400, "white space at the start of a line");
        at += 2;
    }
    *seen = at;
    return UPP_HEAD_AGAIN;
}

/* Whose fault it is: a target that leaves no room, or all of it. */
static int refuse_size(struct parse *parse, const char *line, size_t length)
{
    const char *end = memchr(line, '\r', length);
    const char *space = memchr(line, ' ', end ? (size_t)(end - line) : length);
    if (space) {
        size_t rest = (size_t)((end ? end : line + length) - space) - 1;
        const char *stop = memchr(space + 1, ' ', rest);
        if ((stop ? (size_t)(stop - space) - 1 : rest) > parse->limits->target)
            return refuse(parse, 414, "the request target is too long");
    }
    return refuse(parse, 431, "the request head is too large");
}

/* ---- the request line ------------------------------------------------------------------------ */

static int is_token(struct upp_slice text)
{
    size_t i = 0;
    while (i < text.length && upp_char_is(text.base[i], UPP_CHAR_TOKEN))
        i++;
    return i && i == text.length;
}

/* method SP target SP version (RFC 9112 3); what is in the target is llhttp's. */
static int split_line(struct parse *parse, const char *line, size_t length)
{
    struct upp_head *head = parse->head;
    const char *end = memchr(line, '\r', length);
    const char *space = memchr(line, ' ', (size_t)(end - line));
    const char *version = end - sizeof "HTTP/1.1" + 1;
    if (!space)
        return refuse(parse, 400, "not a request line");
    head->method = (struct upp_slice){line, (size_t)(space - line)};
    if (!is_token(head->method))
        return refuse(parse, 400, "the method is not a token");
    if (version - space < 3 || version[-1] != ' ' || memcmp(version, "HTTP/", 5) != 0 ||
        !upp_char_is(version[5], UPP_CHAR_DIGIT) || version[6] != '.' ||
        !upp_char_is(version[7], UPP_CHAR_DIGIT))
        return refuse(parse, 400, "no protocol version at the end of the request line");
    if (version[5] != '1' || version[7] > '1')
        return refuse(parse, 505, "a version other than HTTP/1.0 and HTTP/1.1");
    head->minor = version[7] - '0';
    head->target = (struct upp_slice){space + 1, (size_t)(version - space) - 2};
    if (head->target.length > parse->limits->target)
        return refuse(parse, 414, "the request target is too long");
    if (head->method.length == 7 && !memcmp(line, "CONNECT", 7))
        return refuse(parse, 501, "CONNECT");
    return 0;
}

/* ---- the grammar, by llhttp ------------------------------------------------------------------ */

/* A part that comes in two spans, or is not what split_line() took it for, is a misunderstanding
 * between llhttp and us: -1 refuses it. */
static int on_target(llhttp_t *parser, const char *at, size_t length)
{
    const struct parse *parse = parser->data;
    struct upp_slice target = parse->head->target;
    return at == target.base && length == target.length ? 0 : -1;
}

static int on_name(llhttp_t *parser, const char *at, size_t length)
{
    struct parse *parse = parser->data;
    struct upp_head *head = parse->head;
    if (head->header_count >= parse->limits->headers || head->header_count >= UPP_HEADERS_MAX) {
        parse->status = refuse(parse, 431, "too many headers");
        return -1;
    }
    head->headers[head->header_count++] = (struct upp_header){{at, length}, {at + length, 0}};
    return length && at[length] == ':' ? 0 : -1;
}

static int on_value(llhttp_t *parser, const char *at, size_t length)
{
    const struct parse *parse = parser->data;
    struct upp_head *head = parse->head;
    struct upp_slice *value = &head->headers[head->header_count - 1].value;
    if (value->length)
        return -1;
    while (length && (at[length - 1] == ' ' || at[length - 1] == '\t'))
        length--;
    *value = (struct upp_slice){at, length};
    return 0;
}

static int on_end(llhttp_t *parser)
{
    (void)parser;
    return HPE_PAUSED;
}

static int apply_rules(struct parse *parse);

static int refuse_encoding(struct parse *parse)
{
    int status = apply_rules(parse);
    return status ? status : refuse(parse, 501, "a transfer coding other than chunked");
}

static int refuse_grammar(struct parse *parse, const llhttp_t *parser)
{
    const char *reason = llhttp_get_error_reason(parser);
    if (parse->status)
        return parse->status;
    return refuse(parse, 400, reason && *reason ? reason : "malformed");
}

static const llhttp_settings_t settings = {
    .on_url = on_target,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_end,
};

/* llhttp has a list of methods, and for some of them another grammar. HTTP has neither (RFC
 * 9110 9.1): it is told GET. A parser is a plain struct, so one that was told is copied. */
static llhttp_errno_t begin_with_get(llhttp_t *parser)
{
    static _Thread_local llhttp_t told;
    llhttp_errno_t error = HPE_OK;
    if (!told.settings) {
        llhttp_init(&told, HTTP_REQUEST, &settings);
        error = llhttp_execute(&told, "GET ", 4);
    }
    *parser = told;
    return error;
}

static int read_grammar(struct parse *parse, const char *end)
{
    llhttp_t parser;
    const char *target = parse->head->target.base;
    llhttp_errno_t error = begin_with_get(&parser);
    parser.data = parse;
    if (!error)
        error = llhttp_execute(&parser, target, (size_t)(end - target));
    if (error == HPE_PAUSED && llhttp_get_error_pos(&parser) == end)
        return 0;
    /* That one is for the rules to judge, over the headers so far. */
    if (error == HPE_INVALID_TRANSFER_ENCODING)
        return refuse_encoding(parse);
    return refuse_grammar(parse, &parser);
}

/* ---- the target ------------------------------------------------------------------------------ */

/* Takes scheme and authority off the target, and leaves the origin-form of it (RFC 9112 3.2.2). */
static int take_absolute(struct parse *parse)
{
    struct upp_head *head = parse->head;
    const char *at = head->target.base;
    const char *end = at + head->target.length;
    head->is_https_target =
        head->target.length > 8 && IS_WORD(((struct upp_slice){at, 5}), "https");
    at += head->is_https_target ? 5 : 4;
    if (head->target.length < 8 || !IS_WORD(((struct upp_slice){head->target.base, 4}), "http") ||
        memcmp(at, "://", 3) != 0)
        return refuse(parse, 400, "the request target has none of the forms of HTTP");
    head->authority.base = at += 3;
    while (at < end && *at != '/' && *at != '?')
        at++;
    head->authority.length = (size_t)(at - head->authority.base);
    if (!upp_authority_is_valid(head->authority))
        return refuse(parse, 400, "the request target has no valid host");
    head->target = (struct upp_slice){at, (size_t)(end - at)};
    return 0;
}

/* Path and query of what is left of the target. An empty path is "/", and for OPTIONS with no query
 * either it is "*" (RFC 9112 3.2.4). */
static void split_target(struct upp_head *head, int is_options)
{
    static const char root[] = "/";
    static const char server[] = "*";
    struct upp_slice target = head->target;
    const char *mark = target.length ? memchr(target.base, '?', target.length) : NULL;
    head->path =
        (struct upp_slice){target.base, mark ? (size_t)(mark - target.base) : target.length};
    head->query = (struct upp_slice){no_text, 0};
    if (mark)
        head->query = (struct upp_slice){mark + 1, target.length - head->path.length - 1};
    if (!head->path.length)
        head->path = (struct upp_slice){is_options && !mark ? server : root, 1};
    if (!target.length)
        head->target = head->path;
}

static int read_target(struct parse *parse)
{
    struct upp_head *head = parse->head;
    struct upp_slice target = head->target;
    int is_options = head->method.length == 7 && !memcmp(head->method.base, "OPTIONS", 7);
    int status = 0;
    if (memchr(target.base, '#', target.length))
        return refuse(parse, 400, "a fragment in the request target");
    if (*target.base == '*' && (target.length > 1 || !is_options))
        return refuse(parse, 400, "\"*\" is a target of OPTIONS alone");
    if (*target.base != '/' && *target.base != '*')
        status = take_absolute(parse);
    if (!status)
        split_target(head, is_options);
    return status;
}

/* ---- the rules ------------------------------------------------------------------------------- */

static int take_host(struct parse *parse, struct upp_slice value)
{
    if (parse->found & HAS_HOST)
        return refuse(parse, 400, "more than one Host");
    if (!upp_authority_is_valid(value))
        return refuse(parse, 400, "an invalid Host");
    parse->found |= HAS_HOST;
    parse->head->host = value;
    return 0;
}

/* 1*DIGIT up to 2^63-1, once (RFC 9112 6.3) */
static int take_length(struct parse *parse, struct upp_slice value)
{
    uint64_t length = 0;
    if (parse->found & HAS_LENGTH)
        return refuse(parse, 400, "more than one Content-Length");
    for (size_t i = 0; i < value.length; i++) {
        uint64_t digit = upp_char_hex(value.base[i]);
        if (!upp_char_is(value.base[i], UPP_CHAR_DIGIT) || length > (INT64_MAX - digit) / 10)
            return refuse(parse, 400, "an invalid Content-Length");
        length = length * 10 + digit;
    }
    if (!value.length)
        return refuse(parse, 400, "an empty Content-Length");
    parse->found |= HAS_LENGTH;
    parse->head->content_length = length;
    return 0;
}

static int take_encoding(struct parse *parse, struct upp_slice value)
{
    if (parse->found & HAS_ENCODING)
        return refuse(parse, 400, "more than one Transfer-Encoding");
    parse->found |= HAS_ENCODING;
    if (IS_WORD(value, "chunked"))
        parse->found |= IS_CHUNKED;
    return 0;
}

static int take_expect(struct parse *parse, struct upp_slice value)
{
    static const char expected[] = "100-continue";
    if (value.length < 4 || memcmp(value.base, expected, 4) != 0 ||
        !IS_WORD(((struct upp_slice){value.base + 4, value.length - 4}), "continue"))
        return refuse(parse, 417, "an Expect other than 100-continue");
    parse->found |= EXPECTS_CONTINUE;
    return 0;
}

static void take_option(struct parse *parse, struct upp_slice option)
{
    if (IS_WORD(option, "close"))
        parse->found |= OPTION_CLOSE;
    else if (IS_WORD(option, "keep-alive"))
        parse->found |= OPTION_KEEP_ALIVE;
    else if (IS_WORD(option, "upgrade"))
        parse->found |= OPTION_UPGRADE;
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* A comma separated list, perhaps over several headers (RFC 9110 5.6.1). */
static int take_connection(struct parse *parse, struct upp_slice value)
{
    const char *at = value.base;
    const char *end = at + value.length;
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma ? comma : end;
        const char *next = comma ? comma + 1 : end;
        while (at < stop && is_blank(*at))
            at++;
        while (at < stop && is_blank(stop[-1]))
            stop--;
        take_option(parse, (struct upp_slice){at, (size_t)(stop - at)});
        at = next;
    }
    return 0;
}

static int take_header(struct parse *parse, struct upp_slice name, struct upp_slice value)
{
    switch (name.length) {
    case 4:
        return IS_WORD(name, "host") ? take_host(parse, value) : 0;
    case 6:
        return IS_WORD(name, "expect") ? take_expect(parse, value) : 0;
    case 7:
        if (IS_WORD(name, "upgrade") && value.length)
            parse->found |= HAS_UPGRADE;
        return 0;
    case 10:
        return IS_WORD(name, "connection") ? take_connection(parse, value) : 0;
    case 14:
        return IS_WORD(name, "content-length") ? take_length(parse, value) : 0;
    case 17:
        return IS_WORD(name, "transfer-encoding") ? take_encoding(parse, value) : 0;
    default:
        return 0;
    }
}

/* How the body is framed (RFC 9112 6.1, 6.3). */
static int conclude_body(struct parse *parse)
{
    struct upp_head *head = parse->head;
    unsigned found = parse->found;
    head->body = found & HAS_LENGTH ? UPP_BODY_LENGTH : UPP_BODY_NONE;
    if (!(found & HAS_ENCODING))
        return 0;
    if (found & HAS_LENGTH)
        return refuse(parse, 400, "both Content-Length and Transfer-Encoding");
    if (!head->minor)
        return refuse(parse, 400, "Transfer-Encoding in HTTP/1.0");
    if (!(found & IS_CHUNKED))
        return refuse(parse, 501, "a transfer coding other than chunked");
    head->body = UPP_BODY_CHUNKED;
    return 0;
}

static int conclude(struct parse *parse)
{
    struct upp_head *head = parse->head;
    unsigned found = parse->found;
    unsigned both = OPTION_UPGRADE | HAS_UPGRADE;
    int status = conclude_body(parse);
    if (status)
        return status;
    if (head->minor && !(found & HAS_HOST))
        return refuse(parse, 400, "no Host");
    head->keep_open = !(found & OPTION_CLOSE) && (head->minor || found & OPTION_KEEP_ALIVE);
    head->expects_continue = head->minor && found & EXPECTS_CONTINUE &&
                             (head->body == UPP_BODY_CHUNKED || head->content_length);
    head->upgrade = head->minor && (found & both) == both;
    return 0;
}

static int apply_rules(struct parse *parse)
{
    struct upp_head *head = parse->head;
    int status = 0;
    for (size_t i = 0; !status && i < head->header_count; i++)
        status = take_header(parse, head->headers[i].name, head->headers[i].value);
    return status ? status : conclude(parse);
}

/* ---------------------------------------------------------------------------------------------- */

/* All but the headers: they are four kilobytes. */
static void clear(struct upp_head *head)
{
    struct upp_slice empty = {no_text, 0};
    head->authority = empty;
    head->host = empty;
    head->is_https_target = 0;
    head->content_length = 0;
    head->header_count = 0;
}

static int64_t parse_head(struct parse *parse, const char *data, size_t length, size_t *seen)
{
    size_t bound = length < parse->limits->head ? length : parse->limits->head;
    size_t start = skip_empty_lines(data, bound);
    int64_t end = find_end(parse, data, bound, start, seen);
    if (end == UPP_HEAD_AGAIN && length >= parse->limits->head)
        return refuse_size(parse, data + start, bound - start);
    if (end <= 0)
        return end;
    clear(parse->head);
    int status = split_line(parse, data + start, (size_t)end - start);
    if (!status)
        status = read_grammar(parse, data + end);
    if (!status)
        status = read_target(parse);
    if (!status)
        status = apply_rules(parse);
    return status ? status : end;
}

int64_t upp_head_parse(struct upp_head *head, const char *data, size_t length, size_t *seen,
                       const struct upp_head_limits *limits, const char **why)
{
    struct parse parse = {.head = head, .limits = limits};
    int64_t result = parse_head(&parse, data, length, seen);
    if (result < 0)
        *why = parse.why;
    return result;
}

int64_t upp_path_decode(struct upp_slice path, char *out)
{
    size_t length = 0;
    for (size_t i = 0; i < path.length; i++) {
        char c = path.base[i];
        if (c == '%') {
            if (path.length - i < 3 || !upp_char_is(path.base[i + 1], UPP_CHAR_HEX) ||
                !upp_char_is(path.base[i + 2], UPP_CHAR_HEX))
                return -1;
            c = (char)(upp_char_hex(path.base[i + 1]) << 4 | upp_char_hex(path.base[i + 2]));
            i += 2;
        }
        out[length++] = c;
    }
    return (int64_t)length;
}
