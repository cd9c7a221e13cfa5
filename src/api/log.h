/* SPDX-License-Identifier: MIT */
/*
 * log.h - the log beside its lines (contract.h): variables of the request log,
 * its size, and the warning message.
 */
#ifndef UPP_API_LOG_H
#define UPP_API_LOG_H

#include <stddef.h>
#include <stdint.h>

/* contract: begin */

/* Bytes that a name or a value of a log variable may have. */
#define UPP_LOG_VARIABLE_MAX 255
/* Bytes of the warning message. */
#define UPP_LOG_WARNING_MAX 80

int64_t upp_log_size(void);
void upp_log_set_warning(const char *text, size_t length);

/* Of the current request; UPP_CANNOT: there is none. */
int upp_log_this_request(void);
int upp_log_set_variable(const char *name, size_t name_length, const char *value, size_t length);
/* 1 and the value (valid until the end of the request), or 0: it is not set. */
int upp_log_variable(const char *name, size_t name_length, const char **value, size_t *length);

/* contract: end */

#endif
