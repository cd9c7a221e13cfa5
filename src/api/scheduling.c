/* SPDX-License-Identifier: MIT */
#include "scheduling.h"

#include "../contract.h"
#include "request.h"

int upp_scheduling_is_on(void)
{
    return uwsgi.async > 1;
}

void upp_scheduling_sleep(int seconds)
{
    async_add_timeout(upp_api_request(), seconds);
}

int upp_scheduling_wait(int fd, int timeout, int is_write)
{
    struct wsgi_request *host = upp_api_request();
    int failed =
        is_write ? async_add_fd_write(host, fd, timeout) : async_add_fd_read(host, fd, timeout);
    return failed ? UPP_CANNOT : UPP_OK;
}

void upp_scheduling_suspend(void)
{
    if (uwsgi.schedule_to_main)
        uwsgi.schedule_to_main(upp_api_request());
}

int upp_scheduling_ready(void)
{
    return uwsgi_ready_fd(upp_api_request());
}
