/* SPDX-License-Identifier: MIT */
/*
 * head.h - the head of an HTTP/1 request: bytes in, a struct out.
 *
 * Pure: no allocation, no clock, no global. The grammar is llhttp's; on top of
 * it stand the rules of RFC 9112 and RFC 9110 that keep two parsers from
 * reading one stream in two ways. What is ambiguous is refused.
 *
 * Invariant of a head that was accepted: method, target, each header name and
 * each value lie inside the bytes given (but for the target "/" or "*" of an
 * absolute-form without a path, which is a constant), names and the method are
 * tokens, the target is visible ASCII, values have no control character but
 * HTAB and no white space at the ends. Each line of the head is one header.
 */
#ifndef UPP_HTTP_HEAD_H
#define UPP_HTTP_HEAD_H

#include "slice.h"

#include <stdint.h>

#define UPP_HEADERS_MAX 128

/* Bounds; each has an option of the plugin. */
struct upp_head_limits {
    size_t head;    /* bytes of the whole head with its empty line: 431 beyond */
    size_t target;  /* bytes of the request target: 414 beyond */
    size_t headers; /* number of header lines, at most UPP_HEADERS_MAX: 431 beyond */
};

struct upp_header {
    struct upp_slice name; /* as sent */
    struct upp_slice value;
};

enum upp_body_kind { UPP_BODY_NONE, UPP_BODY_LENGTH, UPP_BODY_CHUNKED };

struct upp_head {
    struct upp_slice method;
    struct upp_slice target; /* as sent: REQUEST_URI (for absolute-form without scheme and
                                authority; never empty, but "?x" for http://host?x) */
    struct upp_slice
        path; /* of the target, still percent-encoded; "*" for OPTIONS *, "/" if empty */
    struct upp_slice query; /* behind the first '?', may be empty */
    struct upp_slice
        authority; /* of an absolute-form target: replaces Host (RFC 9112 3.2.2); else empty */
    struct upp_slice host;   /* value of Host; empty if there is none (HTTP/1.0 only) */
    int minor;               /* 0 or 1: HTTP/1.0, HTTP/1.1 */
    int is_https_target;     /* absolute-form target with https: */
    enum upp_body_kind body; /* UPP_BODY_LENGTH also for "Content-Length: 0" */
    uint64_t content_length; /* of UPP_BODY_LENGTH, else 0 */
    int keep_open;           /* the client lets the connection stay open (RFC 9112 9.3) */
    int expects_continue;    /* Expect: 100-continue, HTTP/1.1, with a body that is not empty */
    int upgrade;             /* Connection: upgrade with an Upgrade header, HTTP/1.1 */
    size_t header_count;
    struct upp_header headers[UPP_HEADERS_MAX];
};

/* Results of upp_head_parse: > 0 is the length of the head in bytes. */
#define UPP_HEAD_AGAIN 0 /* not all there yet */
/* < 0: refused; the negated value is the HTTP status to answer: 400, 414, 417, 431, 501, 505. */

/* Parses the head at the start of (data, length). `*seen` carries how much was searched for the end
 * so far: 0 for new data, kept by the caller between calls over the same growing bytes, which may
 * move.
 * `*why` is set to a constant phrase when the head is refused. `*head` means something only when
 * the result is > 0. Empty lines (CRLF) before a request are skipped, at most two (RFC 9112 2.2),
 * and count into the result and into the limit. A byte that no head has is refused as soon as it is
 * there, the rest when the head is complete; the result does not depend on how the bytes were cut.
 *
 * The method is any token, known or not (RFC 9110 9.1). Underscores in names are left alone:
 * whoever makes CGI variables of the headers has to keep X_Y from passing for X-Y.
 *
 * Refused with 400, among others: bare CR or LF anywhere, NUL and other control characters,
 * obs-fold, white space before the colon or at the start of a line, an empty or non-token header
 * name or method, Content-Length with Transfer-Encoding, Content-Length more than once or not
 * 1*DIGIT or beyond 2^63-1, Transfer-Encoding in HTTP/1.0 or more than once, a missing Host in
 * HTTP/1.1, more than one Host, an invalid or empty Host (RFC 3986 authority without userinfo), a
 * fragment or non-visible byte in the target, absolute-form with another scheme than http/https or
 * without a host, authority-form (CONNECT: 501). Transfer-Encoding other than exactly "chunked"
 * (any case): 501. Expect other than 100-continue: 417. A version other than HTTP/1.0 and HTTP/1.1:
 * 505. */
int64_t upp_head_parse(struct upp_head *head, const char *data, size_t length, size_t *seen,
                       const struct upp_head_limits *limits, const char **why);

/* Decodes %XX of a path into `out` (at least path.length bytes). Returns the length, or -1 for a
 * broken escape. %00 becomes a NUL byte: what the application makes of it is its own business. */
int64_t upp_path_decode(struct upp_slice path, char *out);

#endif
