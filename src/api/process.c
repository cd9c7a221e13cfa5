/* SPDX-License-Identifier: MIT */
#include "process.h"

#include "../compat.h"
#include "../contract.h"
#include "../stacks.h"
#include "request.h"

int upp_process_is_ready(void)
{
    return uwsgi.shared->ready != 0;
}

void upp_process_accept(int accept)
{
    uwsgi.workers[uwsgi.mywid].accepting = accept;
}

static int length_of(const char *text)
{
    return text ? (int)strlen(text) : 0;
}

int upp_process_name_room(void)
{
    /* uWSGI subtracts the length of each part before it appends it, so half of the room is lost */
    int left = uwsgi.max_procname - length_of(uwsgi.procname_prefix);
    int half = (left + 1) / 2;
    int rest = left - 1 - 2 * length_of(uwsgi.procname_append);
    int room = half < rest ? half : rest;
    return room > 0 ? room : 0;
}

void upp_process_harakiri(int seconds)
{
    if (seconds > 0)
        upp_stacks_expect();
    upp_compat_set_user_harakiri(upp_api_request(), seconds);
}

int64_t upp_process_content_length(void)
{
    const struct wsgi_request *host = upp_api_request();
    return host ? (int64_t)host->post_cl : UPP_CANNOT;
}
