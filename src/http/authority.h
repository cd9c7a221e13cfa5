/* SPDX-License-Identifier: MIT */
/*
 * authority.h - whom a request is for: the value of Host, and the same in a target.
 */
#ifndef UPP_HTTP_AUTHORITY_H
#define UPP_HTTP_AUTHORITY_H

#include "slice.h"

/* 1 if the text is host [ ":" port ] (RFC 3986 3.2.2 and 3.2.3, RFC 9110 7.2), without userinfo.
 * The host is a name, an IPv4 address or an IPv6 address in brackets; it is not empty: http and
 * https have none without (RFC 9110 4.2.1). */
int upp_authority_is_valid(struct upp_slice text);

#endif
