/* SPDX-License-Identifier: MIT */
/*
 * stream.h - what a server reads from one connection, written down.
 *
 * A stand-in for the loop: heads by http/head.h, bodies by http/chunked.h or by their length, one
 * after the other. The result is the text that a case of tests/wire/corpus/ expects, without its
 * `about:` and `header:` lines.
 */
#ifndef STREAM_H
#define STREAM_H

#include "http/chunked.h"
#include "http/head.h"

#define STREAM_TEXT_MAX ((size_t)256 * 1024)

enum stream_state { STREAM_HEAD, STREAM_BODY, STREAM_ENDED };

struct stream {
    enum stream_state state;
    size_t at;   /* bytes that are done with */
    size_t seen; /* of upp_head_parse() */
    struct upp_head head;
    struct upp_chunked chunked;
    uint64_t left;   /* of a body with a length */
    const char *why; /* it was refused */
    size_t request;  /* where the current request starts in `text` */
    size_t length;   /* of `text` */
    char text[STREAM_TEXT_MAX];
};

void stream_init(struct stream *stream);

/* The connection has brought `length` bytes so far; the earlier ones may have moved. `on_head`, if
 * not NULL, sees each head that is accepted. */
void stream_feed(struct stream *stream, const char *data, size_t length,
                 void (*on_head)(const struct upp_head *head, void *context), void *context);

/* Nothing more will come: writes down how it ended. The text is NUL-terminated then. */
void stream_end(struct stream *stream);

#endif
