/* SPDX-License-Identifier: MIT */
/*
 * front.h - what a way into the plugin has to offer to the exchange.
 *
 * A front fills in a struct upp_request and this table; the functions
 * upp_request_*() of contract.h go through it. Two fronts exist: stock.c (uWSGI
 * owns the connection) and loop/front.c (the request loop does).
 */
#ifndef UPP_FRONT_H
#define UPP_FRONT_H

#include "contract.h"

/* The head of a response, as upp_request_respond() got it. */
struct upp_response {
    const char *status;
    size_t status_length;
    const char *headers;
    size_t headers_length;
    int64_t declared;
};

/* Results and arguments as the functions of the same name in contract.h. */
struct upp_front {
    int64_t (*read)(struct upp_request *request, size_t size);
    int (*seek)(struct upp_request *request, uint64_t position);
    int (*respond)(struct upp_request *request, const struct upp_response *response,
                   const char *body, size_t length, int last);
    int (*write)(struct upp_request *request, const char *body, size_t length);
    int (*sendfile)(struct upp_request *request, int fd, uint64_t position, uint64_t length);
    void (*error)(struct upp_request *request, int status);
    void (*abort)(struct upp_request *request);
    void (*disconnect)(struct upp_request *request);
};

#endif
