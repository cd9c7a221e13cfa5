/* SPDX-License-Identifier: MIT */
/*
 * chunked.h - the chunked transfer coding of a request body (RFC 9112 7.1), strictly.
 *
 * Pure: feeds on bytes as they come, in any split, and tells which of them are data.
 */
#ifndef UPP_HTTP_CHUNKED_H
#define UPP_HTTP_CHUNKED_H

#include "slice.h"

#include <stdint.h>

enum upp_chunked_state {
    UPP_CHUNKED_SIZE,      /* in the digits of a chunk size */
    UPP_CHUNKED_EXTENSION, /* behind a ';' up to the CR */
    UPP_CHUNKED_SIZE_LF,
    UPP_CHUNKED_DATA,
    UPP_CHUNKED_DATA_CR,
    UPP_CHUNKED_DATA_LF,
    UPP_CHUNKED_TRAILER_START, /* at the start of a trailer line, or of the final CRLF */
    UPP_CHUNKED_TRAILER_NAME,
    UPP_CHUNKED_TRAILER_VALUE,
    UPP_CHUNKED_TRAILER_LF,
    UPP_CHUNKED_END_LF,
    UPP_CHUNKED_DONE,
    UPP_CHUNKED_BROKEN
};

/* Bounds on what carries no data. */
#define UPP_CHUNKED_SIZE_DIGITS 15
#define UPP_CHUNKED_EXTENSIONS_MAX 4096 /* bytes over the whole body */
#define UPP_CHUNKED_TRAILERS_MAX 8192   /* bytes over the whole body */

struct upp_chunked {
    enum upp_chunked_state state;
    uint64_t left;     /* data bytes that the current chunk still has */
    unsigned digits;   /* of the current size */
    size_t extensions; /* bytes of extensions so far, each with its ';' */
    size_t trailers;   /* bytes of trailer lines so far */
};

/* Start of a body. */
void upp_chunked_init(struct upp_chunked *chunked);

/* Looks at (data, length). Returns how many bytes were consumed: all the framing up to the next
 * data and at most one run of data, which `*run` tells (inside the bytes given; empty if none).
 * Call it again with the rest until everything is consumed or the state is DONE. After DONE the
 * bytes that follow belong to the next request and are not consumed. Returns -1 when the coding is
 * broken (400): sizes that are not 1*HEXDIG, too many digits, white space around the size, bare CR
 * or LF, data longer than its chunk, NUL or control characters in extensions and trailers, trailers
 * that are not "token: value", and anything beyond the bounds; and so again for ever. Trailers are
 * checked and dropped (RFC 9110 6.5.1). What an extension says is not looked at: quotes in it
 * protect nothing. */
int64_t upp_chunked_feed(struct upp_chunked *chunked, const char *data, size_t length,
                         struct upp_slice *run);

#endif
