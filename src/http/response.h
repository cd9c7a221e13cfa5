/* SPDX-License-Identifier: MIT */
/*
 * response.h - the framing of a response (RFC 9112 section 6): how the client knows where its body
 * ends, and whether another response may follow it on the connection.
 */
#ifndef UPP_HTTP_RESPONSE_H
#define UPP_HTTP_RESPONSE_H

#include "slice.h"

#include <stdint.h>

/* What upp_response_frame() and upp_response_head() add to the status and the headers, at most. */
#define UPP_RESPONSE_FRAMING_MAX 128
#define UPP_RESPONSE_ADDED_MAX (UPP_RESPONSE_FRAMING_MAX + 16)

/* 16 hexadecimal digits and a line end. */
#define UPP_RESPONSE_CHUNK_MAX 18

struct upp_response_framing {
    /* asked */
    int status;
    int64_t length; /* of the body; -1: not known yet */
    int is_framed;  /* the headers have a length (or a coding) of their own */
    int is_head;    /* the request was HEAD */
    int is_packet;  /* the request was a uwsgi packet: the answer ends with its connection */
    int minor;      /* the request's version, HTTP/1.minor */

    /* asked: it may stay open; answered: it will */
    int keep_open;

    /* answered */
    int bodyless; /* nothing may follow the head */
    int chunked;
};

/* The number that a status line (checked before: three digits first) begins with. */
int upp_response_status(const char *status);

/* Answers, and writes the header lines that say so to `out` (UPP_RESPONSE_FRAMING_MAX bytes).
 * Returns their length. */
size_t upp_response_frame(struct upp_response_framing *framing, char *out);

/* Writes a whole head to `out`: as many bytes as both slices have, and UPP_RESPONSE_ADDED_MAX more.
 * Returns its length. `headers`: complete lines; framing->status is taken from `status`. */
size_t upp_response_head(struct upp_response_framing *framing, struct upp_slice status,
                         struct upp_slice headers, char *out);

/* Writes the line before a chunk of `length` bytes, not 0, to `out` (UPP_RESPONSE_CHUNK_MAX bytes).
 * Returns its length. */
size_t upp_response_chunk(char *out, size_t length);

/* What follows the bytes of a chunk, and what follows the last one. */
extern const struct upp_slice upp_response_chunk_end;
extern const struct upp_slice upp_response_last_chunk;

#endif
