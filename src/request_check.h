/* SPDX-License-Identifier: MIT */
/*
 * request_check.h - what uWSGI's parsers let through and an application must
 * never see.
 *
 * Pure: variables in, a verdict out.
 */
#ifndef UPP_REQUEST_CHECK_H
#define UPP_REQUEST_CHECK_H

#include "contract.h"

struct upp_request_check {
    const char *refused; /* why the request must be answered 400, or NULL */
    int may_keep_open;   /* the connection may carry another request (RFC 9112 section 9.3) */
    int is_chunked;      /* the body comes in the chunked transfer coding, and in no other */
};

/* Looks at the CGI variables of a request, and the ids of their names (names.h), that came in by
 * `protocol` (uWSGI's name of it: "http", "http11", "uwsgi" ...; NULL is "uwsgi").
 *
 * Refused: no method or one that is not a token; a protocol that is not HTTP/d.d or HTTP/d; a
 * Content-Length that is not a number or stands twice with two values. By HTTP also: no target, one
 * that is no path, "*" or http(s) URI or has white space or control characters; a protocol other
 * than HTTP/1.0 and HTTP/1.1; a Content-Length together with Transfer-Encoding (RFC 9112
 * section 6.1). */
struct upp_request_check upp_request_check(const struct upp_variable *variables,
                                           const int16_t *name_ids, size_t count,
                                           const char *protocol);

#endif
