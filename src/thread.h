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

#endif
