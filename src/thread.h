/* SPDX-License-Identifier: MIT */
/*
 * thread.h - threads of the plugin's own in a worker.
 */
#ifndef UPP_THREAD_H
#define UPP_THREAD_H

/* Runs function(argument) in a detached thread that takes no signals (those are for the threads
 * that serve) and has a stack in which Python can run. Logs when there is none: "no thread for
 * WHAT of worker N". */
void upp_thread_start(void *(*function)(void *), void *argument, const char *what);

/* Brackets each wait of such a thread. Between them it is at rest: it does nothing at all, and goes
 * on only when nobody wants to be alone. */
void upp_thread_rest_begin(void);
void upp_thread_rest_end(void);

/* Returns 1 if the calling thread is alone with threads of the plugin's that are at rest; they stay
 * there until it calls the other function. Returns 0 if there are others. Never waits. */
int upp_thread_alone_begin(void);
void upp_thread_alone_end(void);

#endif
