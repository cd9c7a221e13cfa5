/* SPDX-License-Identifier: MIT */
/*
 * process.h - control of this process and of its current request.
 */
#ifndef UPP_API_PROCESS_H
#define UPP_API_PROCESS_H

#include <stdint.h>

/* contract: begin */

/* 1 once every worker has been started. */
int upp_process_is_ready(void);
/* Whether this worker counts as one that takes requests (chain reload waits for it). */
void upp_process_accept(int accept);
/* Bytes that the name of this process may have. */
int upp_process_name_room(void);
/* uWSGI's own. At most upp_process_name_room() bytes. */
void uwsgi_set_processname(char *name);
/* The master kills this process in so many seconds; 0: no more. */
void upp_process_harakiri(int seconds);
/* Content length of the current request, in bytes; UPP_CANNOT: there is no request. */
int64_t upp_process_content_length(void);

/* contract: end */

#endif
