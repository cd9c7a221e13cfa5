/* SPDX-License-Identifier: MIT */
/*
 * core.h - what the instance is: uWSGI's version, configuration and sockets.
 * Constant once uWSGI's workers exist (preinit).
 */
#ifndef UPP_API_CORE_H
#define UPP_API_CORE_H

#include "../contract.h"

#include <stdint.h>

/* contract: begin */

/* Strings that were not set are NULL. */
struct upp_core_facts {
    int version[4]; /* 2, 0, 21, 0 */
    const char *version_custom;
    const char *mode;
    const char *pidfile;
    const char *loop;
    int has_threads;
    int cores; /* threads, or async cores, of a worker */
    int64_t buffer_size;
    int64_t started_on; /* seconds since the epoch */
};
const struct upp_core_facts *upp_core_facts(void);

/* The options as they were given, in their order; a flag has no value: NULL. */
int upp_core_option_count(void);
const char *upp_core_option_key(int number);
const char *upp_core_option_value(int number);

/* The descriptor of a listening socket; -1: it is not bound, -2: there is no socket `number`. */
int upp_core_socket(int number);

/* What %c stands for in the configuration (character 0..255), NULL or "" if nothing. */
const char *upp_core_magic(int character);

/* The core (thread) whose request the caller serves; -1: there is no request now. */
int upp_core_current(void);

/* after_request hooks of Python are called from now on, or no more. Of this process. */
void upp_core_call_after_request(int wanted);
UPP_PYTHON void upp_py_after_request(void);

/* contract: end */

/* The request of this thread is over. */
void upp_core_after_request(void);

#endif
