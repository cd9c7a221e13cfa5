/* SPDX-License-Identifier: MIT */
/*
 * alarm.h - uWSGI's alarms (--alarm). A thread of the master raises them.
 */
#ifndef UPP_API_ALARM_H
#define UPP_API_ALARM_H

#include <stddef.h>
#include <stdint.h>

/* contract: begin */

/* 1 if --alarm was given and there is a master. */
int upp_alarm_is_on(void);
/* 1 when the master's thread runs: before the first fork, but after the applications are loaded. */
int upp_alarm_is_ready(void);
/* Bytes that a message can have; it has at least UPP_ALARM_LEAST: the thread drops shorter ones. */
uint64_t upp_alarm_limit(void);
#define UPP_ALARM_LEAST 2
/* uWSGI's own: hands a message to the thread. An unknown name does nothing. */
void uwsgi_alarm_trigger(char *name, char *message, size_t length);

/* contract: end */

#endif
