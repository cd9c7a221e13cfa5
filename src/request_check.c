/* SPDX-License-Identifier: MIT */
#include "request_check.h"

#include "names.h"

#include <string.h>
#include <strings.h>

/* What one pass over the variables found; a NULL value was not there. */
struct seen {
    const struct upp_variable *method;
    const struct upp_variable *path;
    const struct upp_variable *target;
    const struct upp_variable *protocol;
    const struct upp_variable *content_length;
    const struct upp_variable *transfer_encoding;
    const struct upp_variable *connection;
    int two_lengths;
};

static int same_value(const struct upp_variable *a, const struct upp_variable *b)
{
    return a->value_length == b->value_length && !memcmp(a->value, b->value, a->value_length);
}

static void look(struct seen *seen, int name_id, const struct upp_variable *variable)
{
    switch (name_id) {
    case UPP_NAME_REQUEST_METHOD:
        seen->method = variable;
        break;
    case UPP_NAME_PATH_INFO:
        seen->path = variable;
        break;
    case UPP_NAME_REQUEST_URI:
        seen->target = variable;
        break;
    case UPP_NAME_SERVER_PROTOCOL:
        seen->protocol = variable;
        break;
    case UPP_NAME_TRANSFER_ENCODING:
        seen->transfer_encoding = variable;
        break;
    case UPP_NAME_CONNECTION:
        seen->connection = variable;
        break;
    case UPP_NAME_CONTENT_LENGTH:
        if (seen->content_length && !same_value(seen->content_length, variable))
            seen->two_lengths = 1;
        seen->content_length = variable;
        break;
    default:
        break;
    }
}

/* token: RFC 9110 section 5.6.2 */
static int is_token(const char *text, size_t length)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    if (!length)
        return 0;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        int alphanumeric =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!alphanumeric && (!c || !strchr(others, c)))
            return 0;
    }
    return 1;
}

static int is_digits(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
    }
    return 1;
}

static int is_http1(const struct upp_variable *protocol)
{
    return protocol->value_length == 8 &&
           (!memcmp(protocol->value, "HTTP/1.1", 8) || !memcmp(protocol->value, "HTTP/1.0", 8));
}

/* A proxy in front tells what it speaks with its own client: HTTP/2.0, or HTTP/3 */
static int is_any_http(const struct upp_variable *protocol)
{
    const char *text = protocol->value;
    size_t length = protocol->value_length;
    if (length < 6 || memcmp(text, "HTTP/", 5) != 0 || !is_digits(text + 5, 1))
        return 0;
    return length == 6 || (length == 8 && text[6] == '.' && is_digits(text + 7, 1));
}

/* A path, "*" or an absolute URI (RFC 9112 section 3.2), of bytes that a target may have */
static int is_target(const struct upp_variable *target)
{
    const char *text = target->value;
    size_t length = target->value_length;
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
            return 0;
    }
    if (length && (text[0] == '/' || (length == 1 && text[0] == '*')))
        return 1;
    return (length > 7 && !strncasecmp(text, "http://", 7)) ||
           (length > 8 && !strncasecmp(text, "https://", 8));
}

/* 18 digits always fit 63 bits */
static int is_length(const struct upp_variable *length)
{
    return length->value_length <= 18 && is_digits(length->value, length->value_length);
}

static const char *verdict(const struct seen *seen, int is_http)
{
    if (!seen->method || !seen->method->value_length)
        return "no request method";
    if (!is_token(seen->method->value, seen->method->value_length))
        return "the request method is not a token";
    if (is_http && (!seen->path || !seen->target))
        return "no request target";
    if (is_http && !is_target(seen->target))
        return "the request target is not a path or URI";
    if (is_http && !(seen->protocol && is_http1(seen->protocol)))
        return "the protocol version is not HTTP/1.0 or HTTP/1.1";
    if (!is_http && seen->protocol && seen->protocol->value_length && !is_any_http(seen->protocol))
        return "the protocol version is not HTTP";
    if (seen->two_lengths)
        return "two different Content-Length headers";
    if (seen->content_length && !is_length(seen->content_length))
        return "Content-Length is not a number";
    if (is_http && seen->content_length && seen->transfer_encoding)
        return "both Content-Length and Transfer-Encoding";
    return NULL;
}

/* `close` as one of the comma separated options of Connection */
static int wants_close(const struct upp_variable *connection)
{
    const char *at = connection->value;
    const char *end = at + connection->value_length;
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma ? comma : end;
        while (at < stop && (*at == ' ' || *at == '\t'))
            at++;
        size_t length = (size_t)(stop - at);
        while (length && (at[length - 1] == ' ' || at[length - 1] == '\t'))
            length--;
        if (length == 5 && !strncasecmp(at, "close", 5))
            return 1;
        at = comma ? comma + 1 : end;
    }
    return 0;
}

struct upp_request_check upp_request_check(const struct upp_variable *variables,
                                           const int16_t *name_ids, size_t count,
                                           const char *protocol)
{
    struct seen seen = {0};
    int is_http = protocol && !strncmp(protocol, "http", 4);
    for (size_t i = 0; i < count; i++)
        look(&seen, name_ids[i], &variables[i]);
    const struct upp_variable *coding = seen.transfer_encoding;
    struct upp_request_check result = {
        .refused = verdict(&seen, is_http),
        .may_keep_open =
            !seen.transfer_encoding && !(seen.connection && wants_close(seen.connection)),
        /* a server in front that decodes a body says both, over the uwsgi protocol */
        .is_chunked = coding && coding->value_length == 7 &&
                      !strncasecmp(coding->value, "chunked", 7) &&
                      !(seen.content_length && seen.content_length->value_length),
    };
    return result;
}
