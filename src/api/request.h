/* SPDX-License-Identifier: MIT */
/*
 * request.h - the request that the calling thread serves, for API functions
 * that work on one.
 */
#ifndef UPP_API_REQUEST_H
#define UPP_API_REQUEST_H

#include "../compat.h"

/* uWSGI's request of the calling thread (or async core); NULL: it serves none now. */
struct wsgi_request *upp_api_request(void);

#endif
