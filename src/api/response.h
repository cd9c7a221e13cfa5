/* SPDX-License-Identifier: MIT */
/*
 * response.h - functions on the current request that answer it or change how
 * uWSGI sees it. They need one.
 */
#ifndef UPP_API_RESPONSE_H
#define UPP_API_RESPONSE_H

#include <stddef.h>

/* contract: begin */

/* 1 if something of the response was sent by uWSGI itself. */
int upp_response_has_begun(void);
/* Adds a request variable for uWSGI: routes, logs. At most 65535 bytes each. UPP_OK; UPP_CANNOT:
 * --buffer-size or --max-vars is reached. */
int upp_response_add_variable(const char *name, size_t name_length, const char *value,
                              size_t value_length);
/* Calls an action of uWSGI's internal routing. Its result (0 next, 1 continue, 2 break ...); -1:
 * there is no such action, or it does not take these arguments. */
int upp_response_route(const char *router, const char *arguments);

/* contract: end */

#endif
