/* SPDX-License-Identifier: MIT */
#include "scheduling.h"

#include "../async.h"
#include "../contract.h"
#include "../waits.h"
#include "request.h"

int upp_scheduling_is_on(void)
{
    return upp_async_is_on();
}

void upp_scheduling_sleep(int seconds)
{
    async_add_timeout(upp_api_request(), seconds);
}

int upp_scheduling_wait(int fd, int timeout, int is_write)
{
    return upp_waits_add(upp_api_request(), fd, timeout, is_write) ? UPP_CANNOT : UPP_OK;
}

int upp_scheduling_ready(void)
{
    return uwsgi_ready_fd(upp_api_request());
}

int upp_scheduling_timed_out(void)
{
    return upp_api_request()->async_timed_out;
}
