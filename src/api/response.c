/* SPDX-License-Identifier: MIT */
#include "response.h"

#include "../contract.h"
#include "request.h"

int upp_response_core(void)
{
    const struct wsgi_request *host = upp_api_request();
    return host ? host->async_id : -1;
}

int upp_response_has_begun(void)
{
    const struct wsgi_request *host = upp_api_request();
    return host->headers_sent || host->headers_size || host->response_size;
}

int upp_response_add_variable(const char *name, size_t name_length, const char *value,
                              size_t value_length)
{
    struct wsgi_request *host = upp_api_request();
    /* The loop does not copy variables that are larger than uWSGI's buffer: the packet has none. */
    if (!upp_compat_packet_size(host))
        return UPP_CANNOT;
    return uwsgi_req_append(host, (char *)name, (uint16_t)name_length, (char *)value,
                            (uint16_t)value_length)
               ? UPP_OK
               : UPP_CANNOT;
}

int upp_response_route(const char *router, const char *arguments)
{
#ifdef UWSGI_ROUTING
    /* it frees its copy of the arguments */
    return uwsgi_route_api_func(upp_api_request(), (char *)router, uwsgi_str((char *)arguments));
#else
    (void)router;
    (void)arguments;
    return -1;
#endif
}
