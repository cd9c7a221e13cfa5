/* SPDX-License-Identifier: MIT */
/* Every case of tests/wire/corpus/: in one piece, in two pieces cut at every byte, and byte by
 * byte. */
#include "stream.h"
#include "unit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer streams are cut at some places only. */
#define CUT_EVERYWHERE 4096

struct corpus_case {
    const char *path;
    char *text; /* the expectation, and NUL in place of the line "---" */
    const char *data;
    size_t length;
    int requests; /* that were seen */
};

static struct stream stream;
static char expected[STREAM_TEXT_MAX];
static int cases;

static void *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END)) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    *length = (size_t)ftell(file);
    char *bytes = malloc(*length + 1);
    rewind(file);
    if (!bytes || fread(bytes, 1, *length, file) != *length) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    bytes[*length] = 0;
    fclose(file);
    return bytes;
}

static void load(struct corpus_case *a_case, const char *path)
{
    size_t length;
    a_case->path = path;
    a_case->text = read_file(path, &length);
    char *mark = strstr(a_case->text, "\n---\n");
    if (!mark) {
        fprintf(stderr, "%s: no line \"---\"\n", path);
        exit(EXIT_FAILURE);
    }
    mark[1] = 0;
    a_case->data = mark + 5;
    a_case->length = length - (size_t)(a_case->data - a_case->text);
}

static int starts_with(const char *line, const char *start)
{
    return !strncmp(line, start, strlen(start));
}

static const char *next_line(const char *line)
{
    return strchr(line, '\n') + 1;
}

/* What stream.c writes down, of what the case says. */
static void expect(const char *text)
{
    size_t length = 0;
    for (const char *line = text; *line; line = next_line(line)) {
        size_t size = (size_t)(next_line(line) - line);
        if (starts_with(line, "about: ") || starts_with(line, "header: "))
            continue;
        memcpy(expected + length, line, size);
        length += size;
    }
    expected[length] = 0;
}

static void fail(const struct corpus_case *a_case, const char *how, size_t where)
{
    char what[1024];
    snprintf(what, sizeof what, "%s %zu: expected\n%.400sbut read\n%.400s(%s)", how, where,
             expected, stream.text, stream.why ? stream.why : "accepted");
    unit_fail(a_case->path, 0, what);
}

static size_t step_of(const struct corpus_case *a_case)
{
    return a_case->length > CUT_EVERYWHERE ? a_case->length / 64 : 1;
}

static int agrees(void)
{
    stream_end(&stream);
    return !strcmp(stream.text, expected);
}

static void feed(const struct corpus_case *a_case, size_t length)
{
    stream_feed(&stream, unit_guarded(a_case->data, length), length, NULL, NULL);
}

static void cut_in_two(const struct corpus_case *a_case)
{
    for (size_t cut = 0; cut < a_case->length; cut += step_of(a_case)) {
        stream_init(&stream);
        feed(a_case, cut);
        feed(a_case, a_case->length);
        if (!agrees()) {
            fail(a_case, "cut at", cut);
            return;
        }
    }
}

static void byte_by_byte(const struct corpus_case *a_case)
{
    size_t step = step_of(a_case);
    stream_init(&stream);
    for (size_t length = 0; length < a_case->length; length += step)
        feed(a_case, length);
    feed(a_case, a_case->length);
    if (!agrees())
        fail(a_case, "in steps of", step);
}

static void has_header(const struct corpus_case *a_case, const struct upp_head *head,
                       const char *line)
{
    const char *end = strchr(line, '\n');
    char text[8192];
    for (size_t i = 0; i < head->header_count; i++) {
        const struct upp_header *header = &head->headers[i];
        int length =
            snprintf(text, sizeof text, "%.*s: ", (int)header->name.length, header->name.base);
        for (size_t k = 0; k < header->value.length; k++) {
            unsigned char c = (unsigned char)header->value.base[k];
            const char *format = c < 0x20 || c > 0x7e ? "\\x%02x" : "%c";
            length += snprintf(text + length, sizeof text - (size_t)length, format, c);
        }
        if ((size_t)(end - line) == (size_t)length && !memcmp(line, text, (size_t)length))
            return;
    }
    unit_fail(a_case->path, 0, line);
}

/* The `header:` lines of this request. */
static void check_headers(const struct upp_head *head, void *context)
{
    struct corpus_case *a_case = context;
    int request = 0;
    a_case->requests++;
    for (const char *line = a_case->text; *line; line = next_line(line)) {
        request += starts_with(line, "request: ");
        if (request == a_case->requests && starts_with(line, "header: "))
            has_header(a_case, head, line + strlen("header: "));
    }
}

static void in_one_piece(struct corpus_case *a_case)
{
    stream_init(&stream);
    stream_feed(&stream, unit_guarded(a_case->data, a_case->length), a_case->length, check_headers,
                a_case);
    if (!agrees())
        fail(a_case, "in one piece of", a_case->length);
}

static int try_file(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    struct corpus_case a_case = {0};
    size_t length = strlen(path);
    (void)about;
    (void)where;
    if (kind != FTW_F || length < 5 || strcmp(path + length - 5, ".case") != 0)
        return 0;
    load(&a_case, path);
    expect(a_case.text);
    in_one_piece(&a_case);
    cut_in_two(&a_case);
    byte_by_byte(&a_case);
    free(a_case.text);
    cases++;
    return 0;
}

static void corpus(void)
{
    CHECK(!nftw("tests/wire/corpus", try_file, 8, 0));
    CHECK(cases > 200);
}

int main(void)
{
    RUN(corpus);
    return unit_result();
}
