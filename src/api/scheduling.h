/* SPDX-License-Identifier: MIT */
/*
 * scheduling.h - what a request of a server with --async can ask for: to go on
 * later, when a descriptor is ready or time has passed. All need a request.
 */
#ifndef UPP_API_SCHEDULING_H
#define UPP_API_SCHEDULING_H

/* contract: begin */

/* 1 if the server has --async. */
int upp_scheduling_is_on(void);
/* Asks to be called again after so many seconds; without --async uWSGI logs that it cannot. */
void upp_scheduling_sleep(int seconds);
/* Asks to be called again when the descriptor can be read (or written), or after `timeout` seconds
 * unless that is 0. UPP_OK, UPP_CANNOT. */
int upp_scheduling_wait(int fd, int timeout, int is_write);
/* The descriptor that was ready when this request went on, -1: none. */
int upp_scheduling_ready(void);
/* 1 if this request went on because its time has passed. */
int upp_scheduling_timed_out(void);

/* contract: end */

#endif
