/* SPDX-License-Identifier: MIT */
#include "request.h"

#include "../async.h"
#include "../warmup.h"

struct wsgi_request *upp_api_request(void)
{
    /* the master serves none but those of the warm-up */
    if ((!uwsgi.mywid && !upp_warmup_host()) || !uwsgi.current_wsgi_req)
        return NULL;
    struct wsgi_request *host = upp_async_is_on() ? upp_async_current() : current_wsgi_req();
    if (!host || !uwsgi.workers[uwsgi.mywid].cores[host->async_id].in_request)
        return NULL;
    return host;
}
