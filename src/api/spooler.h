/* SPDX-License-Identifier: MIT */
/*
 * spooler.h - spoolers: processes that run tasks from files in a directory.
 * Spoolers are numbered from 0 in the order of their options.
 */
#ifndef UPP_API_SPOOLER_H
#define UPP_API_SPOOLER_H

#include "../contract.h"

#include <stddef.h>
#include <stdint.h>

/* contract: begin */

/* The directory of a spooler (absolute), NULL: there is no spooler `number`. */
const char *upp_spooler_directory(int number);
int64_t upp_spooler_pid(int number);
/* 1 if another instance runs its tasks (--spooler-external). */
int upp_spooler_is_external(int number);
/* 1 with --spooler-ordered: tasks run in the order of names, and priorities count. */
int upp_spooler_is_ordered(void);
/* Seconds between two looks for tasks; 0: what --spooler-frequency says. */
void upp_spooler_set_frequency(int seconds);

/* Writes a task: a block of variables of a uwsgi packet, and a body. Returns its path (valid until
 * the next call in this thread), NULL: it failed and was logged. */
const char *upp_spooler_add(const char *packet, size_t length, const char *body,
                            size_t body_length);

/* Runs a task. 0: nobody here runs tasks, -1: try again later, -2: done. */
UPP_PYTHON int upp_py_spooler(const char *name, const char *packet, size_t length, const char *body,
                              size_t body_length);

/* contract: end */

/* Hook of the plugin; result as above. */
int upp_spooler_run(char *name, char *packet, uint16_t length, char *body, size_t body_length);

#endif
