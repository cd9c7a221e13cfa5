/* SPDX-License-Identifier: MIT */
#include "request.h"

#include "../async.h"

struct wsgi_request *upp_api_request(void)
{
    if (!uwsgi.mywid || !uwsgi.current_wsgi_req)
        return NULL;
    struct wsgi_request *host = upp_async_is_on() ? upp_async_current() : current_wsgi_req();
    if (!host || !uwsgi.workers[uwsgi.mywid].cores[host->async_id].in_request)
        return NULL;
    return host;
}
