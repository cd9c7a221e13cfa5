/* SPDX-License-Identifier: MIT */
/*
 * The framing of responses: what a second, simple client reads off the connection is what the
 * application gave, response after response, and nothing is left over or read as the next one.
 *
 * The input says what the responses are: for each two bytes of choices, a byte for the number of
 * its chunks, and one for the size of each. The body is what follows in the input, as often as
 * needed, so that it may look like anything.
 */
#include "fuzz.h"
#include "http/response.h"

#include <string.h>

#define RESPONSES_MAX 8
#define CHUNKS_MAX 8
#define WIRE_MAX ((size_t)64 * 1024)

/* the first byte of choices */
#define CHOICE_HEAD 1
#define CHOICE_OLD 2
#define CHOICE_CLOSE 4
#define CHOICE_FRAMED 8 /* the application declares the length */
#define CHOICE_WHOLE 16 /* the length is known with the first chunk */
#define CHOICE_PACKET 32
#define CHOICE_HEADERS 64

static const char *const statuses[] = {
    "200 OK", "204 No Content", "304 Not Modified", "404 Not Found", "200", "500 x"};

struct input {
    const uint8_t *bytes;
    size_t size;
    size_t at;
};

/* What the client has to find. */
struct sent {
    int is_head;
    int is_old;
    int keep_open;
    int status;
    size_t length;
    char body[CHUNKS_MAX * 256];
};

struct wire {
    size_t length;
    char data[WIRE_MAX];
};

static unsigned take(struct input *input)
{
    return input->at < input->size ? input->bytes[input->at++] : 0;
}

static void put(struct wire *wire, const void *data, size_t length)
{
    REQUIRE(wire->length + length < WIRE_MAX);
    if (length)
        memcpy(wire->data + wire->length, data, length);
    wire->length += length;
}

/* ---- the server ---------------------------------------------------------- */

static void put_head(struct wire *wire, struct upp_response_framing *framing, const char *status,
                     const char *headers)
{
    struct upp_slice line = {status, strlen(status)};
    struct upp_slice block = {headers, strlen(headers)};
    /* just as large as promised */
    size_t most = line.length + block.length + UPP_RESPONSE_ADDED_MAX;
    char *out = malloc(most);
    size_t length = upp_response_head(framing, line, block, out);
    REQUIRE(length <= most);
    put(wire, out, length);
    free(out);
}

static void put_part(struct wire *wire, const struct upp_response_framing *framing,
                     const char *data, size_t length)
{
    char line[UPP_RESPONSE_CHUNK_MAX];
    if (framing->bodyless || !length)
        return;
    if (framing->chunked)
        put(wire, line, upp_response_chunk(line, length));
    put(wire, data, length);
    if (framing->chunked)
        put(wire, upp_response_chunk_end.base, upp_response_chunk_end.length);
}

/* The chunks' sizes; the body is made of the rest of the input. */
static unsigned make_body(struct input *input, struct sent *sent, size_t *sizes)
{
    unsigned count = take(input) % (CHUNKS_MAX + 1);
    for (unsigned i = 0; i < count; i++) {
        sizes[i] = take(input);
        for (size_t k = 0; k < sizes[i]; k++, sent->length++) {
            size_t rest = input->size - input->at;
            uint8_t byte = rest ? input->bytes[input->at + sent->length % rest] : 'x';
            sent->body[sent->length] = (char)byte;
        }
    }
    return count;
}

/* Returns what became of the framing. */
static struct upp_response_framing respond(struct input *input, struct wire *wire,
                                           struct sent *sent)
{
    size_t sizes[CHUNKS_MAX];
    char headers[64] = "";
    unsigned choices = take(input);
    const char *status = statuses[take(input) % (sizeof statuses / sizeof *statuses)];
    unsigned count = make_body(input, sent, sizes);
    int whole = count < 2 && (choices & CHOICE_WHOLE);
    struct upp_response_framing framing = {
        .length = whole ? (int64_t)sent->length : -1,
        .is_framed = !!(choices & CHOICE_FRAMED),
        .is_head = choices & CHOICE_HEAD,
        .is_packet = !!(choices & CHOICE_PACKET),
        .minor = !(choices & CHOICE_OLD),
        .keep_open = !(choices & CHOICE_CLOSE),
    };
    if (framing.is_framed)
        snprintf(headers, sizeof headers, "Content-Length: %zu\r\n", sent->length);
    else if (choices & CHOICE_HEADERS)
        snprintf(headers, sizeof headers, "X-A: b\r\nContent-Type: text/plain\r\n");
    put_head(wire, &framing, status, headers);
    size_t at = 0;
    for (unsigned i = 0; i < count; at += sizes[i++])
        put_part(wire, &framing, sent->body + at, sizes[i]);
    if (framing.chunked)
        put(wire, upp_response_last_chunk.base, upp_response_last_chunk.length);
    sent->is_head = framing.is_head;
    sent->is_old = !framing.minor;
    sent->status = framing.status;
    sent->keep_open = framing.keep_open;
    return framing;
}

/* ---- the client ---------------------------------------------------------- */

/* The value of a header in a head; it has the header `count` times. */
static const char *find(const char *head, const char *end, const char *name, int *count)
{
    const char *found = NULL;
    size_t length = strlen(name);
    *count = 0;
    for (const char *line = strstr(head, "\r\n") + 2; line < end; line = strstr(line, "\r\n") + 2) {
        if (!strncmp(line, name, length) && line[length] == ':') {
            found = line + length + 2;
            (*count)++;
        }
    }
    return found;
}

static const char *read_chunks(const char *at, struct sent *read)
{
    for (;;) {
        char *end;
        size_t size = strtoull(at, &end, 16);
        REQUIRE(end > at && *at != '+' && *at != '-' && *at != ' ');
        REQUIRE(!memcmp(end, "\r\n", 2));
        at = end + 2;
        REQUIRE(read->length + size <= sizeof read->body);
        memcpy(read->body + read->length, at, size);
        read->length += size;
        at += size;
        REQUIRE(!memcmp(at, "\r\n", 2));
        at += 2;
        if (!size)
            return at;
    }
}

/* RFC 9112 6.3, as the client of a request that was HEAD or was not. Returns the response's end. */
static const char *read_response(const char *at, const char *end, const struct sent *sent,
                                 struct sent *read)
{
    int lengths;
    int codings;
    int connections;
    const char *blank = strstr(at, "\r\n\r\n");
    REQUIRE(!memcmp(at, "HTTP/1.1 ", 9) && blank);
    read->status = (int)strtol(at + 9, NULL, 10);
    const char *length = find(at, blank + 2, "Content-Length", &lengths);
    const char *coding = find(at, blank + 2, "Transfer-Encoding", &codings);
    const char *connection = find(at, blank + 2, "Connection", &connections);
    REQUIRE(lengths + codings <= 1 && connections <= 1);
    read->keep_open = connection ? !strncmp(connection, "keep-alive\r", 11) : !sent->is_old;
    REQUIRE(!connection || read->keep_open || !strncmp(connection, "close\r", 6));
    at = blank + 4;
    if (sent->is_head || read->status == 204 || read->status == 304)
        return at;
    if (coding) {
        REQUIRE(!strncmp(coding, "chunked\r", 8) && !sent->is_old);
        return read_chunks(at, read);
    }
    read->length = length ? strtoull(length, NULL, 10) : (size_t)(end - at);
    REQUIRE(length || !read->keep_open);
    REQUIRE(read->length <= sizeof read->body && read->length <= (size_t)(end - at));
    memcpy(read->body, at, read->length);
    return at + read->length;
}

static void require_same(const struct sent *sent, const struct sent *read)
{
    int bodyless = sent->is_head || sent->status == 204 || sent->status == 304;
    REQUIRE(read->status == sent->status && read->keep_open == sent->keep_open);
    REQUIRE(read->length == (bodyless ? 0 : sent->length));
    REQUIRE(!memcmp(read->body, sent->body, read->length));
}

/* A packet's answer says nothing about the connection: all of it is the head and the body. */
static void require_bare(const char *at, const char *end, const struct sent *sent)
{
    const char *blank = strstr(at, "\r\n\r\n");
    int bodyless = sent->is_head || sent->status == 204 || sent->status == 304;
    int count;
    REQUIRE(blank && !sent->keep_open);
    REQUIRE(!find(at, blank + 2, "Connection", &count));
    REQUIRE(!find(at, blank + 2, "Transfer-Encoding", &count));
    REQUIRE((size_t)(end - blank - 4) == (bodyless ? 0 : sent->length));
    REQUIRE(bodyless || !memcmp(blank + 4, sent->body, sent->length));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct wire wire;
    static struct sent sent[RESPONSES_MAX];
    static struct sent read;
    struct input input = {bytes, size, 0};
    struct upp_response_framing framing;
    int count = 0;
    wire.length = 0;
    memset(sent, 0, sizeof sent);
    do {
        framing = respond(&input, &wire, &sent[count++]);
    } while (framing.keep_open && count < RESPONSES_MAX && input.at < size);
    wire.data[wire.length] = 0;
    const char *at = wire.data;
    const char *end = wire.data + wire.length;
    for (int i = 0; i < count; i++) {
        if (framing.is_packet && i == count - 1) {
            require_bare(at, end, &sent[i]);
            return 0;
        }
        memset(&read, 0, sizeof read);
        at = read_response(at, end, &sent[i], &read);
        require_same(&sent[i], &read);
    }
    REQUIRE(at == end);
    return 0;
}
