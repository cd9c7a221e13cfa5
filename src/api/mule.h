/* SPDX-License-Identifier: MIT */
/*
 * mule.h - mules (processes beside the workers), farms of them, and their
 * message queues.
 *
 * A queue keeps the bounds of messages and never blocks its sender. Farms are
 * numbered from 0 in the order of --farm, mules from 1.
 */
#ifndef UPP_API_MULE_H
#define UPP_API_MULE_H

#include "../contract.h"

#include <stddef.h>
#include <stdint.h>

/* contract: begin */

int upp_mule_count(void);
int upp_mule_farm_count(void);
/* Number of the farm with this name, -1: there is none. */
int upp_mule_find_farm(const char *name);
/* 1 if mule `mule` is in the farm. */
int upp_mule_is_in_farm(int farm, int mule);

/* Sends to a mule (0: whichever reads first) or to a farm. 0, or -1 after logging why not. */
int upp_mule_send(int mule, const char *message, size_t length);
int upp_mule_send_farm(int farm, const char *message, size_t length);

/* what upp_mule_receive() waits for */
#define UPP_MULE_OWN 1     /* messages to this mule, and those to any */
#define UPP_MULE_FARMS 2   /* messages to its farms */
#define UPP_MULE_SIGNALS 4 /* uWSGI's signals: their handlers run */

/* results beside UPP_TIMEOUT */
#define UPP_MULE_AGAIN -10  /* nothing yet: a signal was handled, or a system call interrupted */
#define UPP_MULE_FAILED -11 /* already logged */

/* In a mule: waits up to `timeout` milliseconds (-1: for ever) for a message. Returns its length,
 * of which at most `size` bytes were stored. Exit functions can run meanwhile. */
int64_t upp_mule_receive(int what, char *buffer, size_t size, int timeout);

/* Ends the mule; exit functions run. */
void upp_mule_exit(int code);

/* `what` as --mule names it. 1: it has run; 0: it is not for us. */
UPP_PYTHON int upp_py_mule(const char *what);
/* 1: there is a hook, and it was called; 0: there is none. */
UPP_PYTHON int upp_py_mule_message(const char *message, size_t length);

/* contract: end */

/* Hooks of the plugin; results as above. */
int upp_mule_run(char *what);
int upp_mule_message(char *message, size_t length);

#endif
