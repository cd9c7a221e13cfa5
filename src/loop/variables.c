/* SPDX-License-Identifier: MIT */
#include "variables.h"

#include <stdio.h>
#include <string.h>

struct builder {
    struct upp_core *core;
    int count;                   /* of variables */
    int full;                    /* there was no room for all of them */
    struct upp_name_set headers; /* those that have an id */
};

static void add(struct builder *builder, int id, struct upp_slice name, const char *value,
                size_t length)
{
    struct iovec *vector = builder->core->vector + 2 * builder->count;
    if (builder->count >= UPP_NAME_IDS) {
        builder->full = 1;
        return;
    }
    vector[0].iov_base = (char *)name.base;
    vector[0].iov_len = name.length;
    vector[1].iov_base = (char *)value;
    vector[1].iov_len = length;
    builder->core->name_ids[builder->count++] = (int16_t)id;
}

static void add_fixed(struct builder *builder, enum upp_name id, const char *value, size_t length)
{
    add(builder, (int)id, upp_names_text((int)id), value, length);
}

static char *arena_take(struct upp_core *core, size_t length)
{
    if (UPP_ARENA - core->arena_used < length)
        return NULL;
    char *taken = core->arena + core->arena_used;
    core->arena_used += length;
    return taken;
}

/* A header that came before: RFC 9110 5.2 joins the values, with "; " for Cookie (RFC 6265 5.4).
 * What was joined last lies at the end of the arena and grows in place. */
static int join(struct builder *builder, int at, const struct upp_header *header, int is_cookie)
{
    struct upp_core *core = builder->core;
    struct iovec *value = &builder->core->vector[2 * at + 1];
    size_t more = 2 + header->value.length;
    char *end = core->arena + core->arena_used;
    if ((char *)value->iov_base + value->iov_len != end) {
        char *copy = arena_take(core, value->iov_len);
        if (!copy)
            return -1;
        memcpy(copy, value->iov_base, value->iov_len);
        value->iov_base = copy;
        end = core->arena + core->arena_used;
    }
    if (!arena_take(core, more))
        return -1;
    memcpy(end, is_cookie ? "; " : ", ", 2);
    memcpy(end + 2, header->value.base, header->value.length);
    value->iov_len += more;
    return 0;
}

static int find_name(const struct builder *builder, int first, struct upp_slice name)
{
    for (int i = first; i < builder->count; i++) {
        const struct iovec *other = &builder->core->vector[2 * i];
        if (other->iov_len == name.length && !memcmp(other->iov_base, name.base, name.length))
            return i;
    }
    return -1;
}

/* The index of an earlier header with that name, -1: there is none. */
static int find_header(struct builder *builder, int first, int id, struct upp_slice name)
{
    if (id >= 0 && !upp_name_set_add(&builder->headers, id))
        return -1;
    return find_name(builder, first, name);
}

/* The id of the name that stood here in the last request. */
static int likely_id(const struct builder *builder)
{
    return builder->count < UPP_NAME_IDS ? builder->core->name_ids[builder->count]
                                         : UPP_NAME_UNKNOWN;
}

/* Returns 0, or -1 when the arena is full. */
static int add_header(struct builder *builder, int first, const struct upp_header *header)
{
    /* X_Real_IP would shadow X-Real-IP: both become HTTP_X_REAL_IP */
    if (memchr(header->name.base, '_', header->name.length))
        return 0;
    int id = upp_names_of_header(header->name, likely_id(builder));
    struct upp_slice name;
    if (id >= 0) {
        name = upp_names_text(id);
    } else {
        char *text = arena_take(builder->core, header->name.length + 5);
        if (!text)
            return -1;
        name.base = text;
        name.length = upp_names_write(header->name, text);
    }
    /* a chunked body that is here as a whole has a length, and is chunked no more */
    if (id == UPP_NAME_TRANSFER_ENCODING && upp_conn_is_decoded(builder->core->conn))
        return 0;
    if (id == UPP_NAME_CONTENT_LENGTH ||
        (id == UPP_NAME_HOST && builder->core->head.authority.length))
        return 0;
    int before = find_header(builder, first, id, name);
    if (before >= 0)
        return join(builder, before, header, id == UPP_NAME_COOKIE);
    add(builder, id, name, header->value.base, header->value.length);
    return 0;
}

/* Content-Length as the application sees it: also of a chunked body that is here as a whole. */
static int add_length(struct builder *builder)
{
    struct upp_core *core = builder->core;
    struct upp_conn *conn = core->conn;
    uint64_t length = core->head.content_length;
    if (conn->body == UPP_BODY_NONE ||
        (conn->body == UPP_BODY_CHUNKED && !upp_conn_body_complete(conn)))
        return 0;
    if (conn->body == UPP_BODY_CHUNKED)
        length = conn->body_end - conn->body_start;
    char *text = arena_take(core, 24);
    if (!text)
        return -1;
    int written = snprintf(text, 24, "%llu", (unsigned long long)length);
    add_fixed(builder, UPP_NAME_CONTENT_LENGTH, text, (size_t)written);
    return 0;
}

static int decode_path(struct builder *builder)
{
    struct upp_core *core = builder->core;
    struct upp_slice path = core->head.path;
    if (memchr(path.base, '%', path.length)) {
        char *decoded = arena_take(core, path.length);
        int64_t length = decoded ? upp_path_decode(path, decoded) : -1;
        if (length < 0)
            return -1;
        path.base = decoded;
        path.length = (size_t)length;
    }
    add_fixed(builder, UPP_NAME_PATH_INFO, path.base, path.length);
    return 0;
}

static void add_connection(struct builder *builder)
{
    const struct upp_conn *conn = builder->core->conn;
    const char *port = conn->listener->port;
    add_fixed(builder, UPP_NAME_SERVER_PORT, port, strlen(port));
    add_fixed(builder, UPP_NAME_REMOTE_ADDR, conn->address, conn->address_length);
    if (conn->port_length)
        add_fixed(builder, UPP_NAME_REMOTE_PORT, conn->port, conn->port_length);
}

/* Returns 0, or -1 when there is no room. */
static int add_headers(struct builder *builder)
{
    const struct upp_head *head = &builder->core->head;
    if (head->authority.length)
        add_fixed(builder, UPP_NAME_HOST, head->authority.base, head->authority.length);
    int first = builder->count;
    for (size_t i = 0; i < head->header_count; i++) {
        if (add_header(builder, first, &head->headers[i]))
            return -1;
    }
    return add_length(builder);
}

int upp_variables_make(struct upp_core *core, const struct upp_variables_server *server)
{
    struct builder builder = {.core = core};
    const struct upp_head *head = &core->head;
    add_fixed(&builder, UPP_NAME_REQUEST_METHOD, head->method.base, head->method.length);
    add_fixed(&builder, UPP_NAME_REQUEST_URI, head->target.base, head->target.length);
    if (decode_path(&builder))
        return -1;
    add_fixed(&builder, UPP_NAME_QUERY_STRING, head->query.base, head->query.length);
    add_fixed(&builder, UPP_NAME_SERVER_PROTOCOL, head->minor ? "HTTP/1.1" : "HTTP/1.0", 8);
    if (server->has_script_name)
        add_fixed(&builder, UPP_NAME_SCRIPT_NAME, "", 0);
    add_fixed(&builder, UPP_NAME_SERVER_NAME, server->name.base, server->name.length);
    add_connection(&builder);
    return add_headers(&builder) || builder.full ? -1 : builder.count;
}
