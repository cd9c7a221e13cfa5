/* SPDX-License-Identifier: MIT */
#include "alarm.h"

#include "../compat.h"

int upp_alarm_is_on(void)
{
    return uwsgi.alarm_instances != NULL;
}

int upp_alarm_is_ready(void)
{
    return uwsgi.alarm_thread != NULL;
}

/* The thread keeps the last message of each alarm in a buffer of --log-master-bufsize. */
uint64_t upp_alarm_limit(void)
{
    return UMIN(uwsgi.alarm_msg_size, uwsgi.log_master_bufsize);
}
