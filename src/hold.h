/* SPDX-License-Identifier: MIT */
/*
 * hold.h - signals that reload or end uWSGI wait while a process is not ready for them.
 *
 * A process that uWSGI forks begins with the master's handlers: a signal would be lost on it. Later
 * a worker has its own, and they look at threads that do not exist yet. And the master has noted a
 * process only some time after the fork: what its handlers tell all processes, this one would not
 * hear. So signals wait in a worker until all is there, and in the master until its next round.
 */
#ifndef UPP_HOLD_H
#define UPP_HOLD_H

#include <signal.h>

/* Blocks these signals in the calling thread, for the time of something short; *before is the mask
 * to set again. Returns 0, or an error number. */
int upp_hold_block(sigset_t *before);

/* Makes SIGHUP, SIGINT and SIGTERM wait until upp_hold_end(). Either may be called twice. */
void upp_hold_begin(void);
void upp_hold_end(void);

/* From now on their handlers, which are there, run in the main thread only, in which exit functions
 * can run. Another thread may take a signal while the main thread blocks it: one of the
 * application's, or one of uWSGI's that has only just begun. It passes it on. */
void upp_hold_for_main_thread(void);

/* After that: what the main thread does at such a signal. */
void upp_hold_handle(int number, void (*handler)(int));

/* From now on they end this process at once: nothing was served, so there is nothing to end in
 * order, and anything may have been interrupted. */
void upp_hold_leave_early(void);

/* From now on they wait around every fork of uWSGI's, in the master until upp_hold_end(), and end
 * the new process until it has handlers of its own. To be called when all is there that is needed
 * for the processes to come: a program that is run before makes nobody wait. */
void upp_hold_watch_forks(void);

/* In a new worker, mule or spooler: ends it if the master was told to end or to reload just before
 * it forked, which it does all the same, and nobody would tell this process. */
void upp_hold_leave_if_late(void);

#endif
