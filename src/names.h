/* SPDX-License-Identifier: MIT */
/*
 * names.h - names of CGI variables, each kept once and known by a number.
 *
 * The same twenty variables come with every request. Python keeps a list of str
 * by id, so that a variable costs it no decoding and no hashing of its name.
 * The table is bounded (UPP_NAMES_MAX): a client that invents names fills it, not the memory.
 */
#ifndef UPP_NAMES_H
#define UPP_NAMES_H

#include "contract.h"
#include "http/slice.h"

/* The variables that are not headers, and headers that somebody here looks for. */
enum upp_name {
    UPP_NAME_REQUEST_METHOD,
    UPP_NAME_REQUEST_URI,
    UPP_NAME_PATH_INFO,
    UPP_NAME_QUERY_STRING,
    UPP_NAME_SERVER_PROTOCOL,
    UPP_NAME_SCRIPT_NAME,
    UPP_NAME_SERVER_NAME,
    UPP_NAME_SERVER_PORT,
    UPP_NAME_REMOTE_ADDR,
    UPP_NAME_REMOTE_PORT,
    UPP_NAME_HTTPS,
    UPP_NAME_CONTENT_LENGTH,
    UPP_NAME_CONTENT_TYPE,
    UPP_NAME_HOST, /* HTTP_HOST */
    UPP_NAME_REQUEST_SCHEME,
    UPP_NAME_CONNECTION,        /* HTTP_CONNECTION */
    UPP_NAME_COOKIE,            /* HTTP_COOKIE */
    UPP_NAME_TRANSFER_ENCODING, /* HTTP_TRANSFER_ENCODING */
    UPP_NAME_FIXED              /* how many there are */
};

#define UPP_NAME_UNKNOWN (-1) /* the table is full */

/* The id of a header by its name as sent (a token, any case): HTTP_<NAME>, CONTENT_TYPE or
 * CONTENT_LENGTH. Adds it if there is room. Safe to call from several threads. `likely` (an id, or
 * UPP_NAME_UNKNOWN) is looked at first: clients and proxies send the same names in the same order,
 * so that what stood here last time tells it most of the time. */
int upp_names_of_header(struct upp_slice header, int likely);

/* The id of a variable by its CGI name. The same in all else. */
int upp_names_of_variable(struct upp_slice name, int likely);

/* The CGI name of an id; valid for ever. */
struct upp_slice upp_names_text(int id);

/* Writes the CGI name of a header into `out` (header.length + 5 bytes). Returns its length. */
size_t upp_names_write(struct upp_slice header, char *out);

/* Names by their ids, none of which is UPP_NAME_UNKNOWN; begins with zeros. */
struct upp_name_set {
    uint64_t bits[UPP_NAMES_MAX / 64];
};

/* Adds one. Returns 1 if it was there before. */
static inline int upp_name_set_add(struct upp_name_set *set, int id)
{
    uint64_t bit = UINT64_C(1) << (id % 64);
    uint64_t *bits = &set->bits[id / 64];
    int was_there = (*bits & bit) != 0;
    *bits |= bit;
    return was_there;
}

#endif
