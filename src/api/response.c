/* SPDX-License-Identifier: MIT */
#include "response.h"

#include "../contract.h"
#include "request.h"

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

#ifdef UWSGI_ROUTING

static struct uwsgi_router *find_router(const char *name)
{
    struct uwsgi_router *router = uwsgi.routers;
    while (router && strcmp(router->name, name) != 0)
        router = router->next;
    return router;
}

/* What uWSGI makes for each route of its configuration, and uwsgi_route_api_func() does not:
 * without it every action that looks at ${variables} crashes. The subject, which only matches of
 * regular expressions have, is a field that is NULL while an application runs. */
static struct uwsgi_route *make_route(void)
{
    size_t cores = (size_t)uwsgi.cores;
    struct uwsgi_route *route = uwsgi_calloc(sizeof *route);
    route->ovn = uwsgi_calloc(sizeof *route->ovn * cores);
    route->ovector = uwsgi_calloc(sizeof *route->ovector * cores);
    route->condition_ub = uwsgi_calloc(sizeof(void *) * cores);
    route->subject = offsetof(struct wsgi_request, transformed_chunk);
    route->subject_len = offsetof(struct wsgi_request, transformed_chunk_len);
    return route;
}

static void free_route(struct uwsgi_route *route)
{
    free(route->ovn);
    free(route->ovector);
    free(route->condition_ub);
    free(route);
}

int upp_response_route(const char *router, const char *arguments)
{
    struct uwsgi_router *found = find_router(router);
    if (!found)
        return -1;
    int result = -1;
    char *copy = uwsgi_str((char *)arguments);
    struct uwsgi_route *route = make_route();
    if (!found->func(route, copy)) {
        result = route->func(upp_api_request(), route);
        if (route->free)
            route->free(route);
    }
    free_route(route);
    free(copy);
    return result;
}

#else

int upp_response_route(const char *router, const char *arguments)
{
    (void)router;
    (void)arguments;
    return -1;
}

#endif
