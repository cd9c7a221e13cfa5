/* SPDX-License-Identifier: MIT */
/*
 * signals.h - what signals do in a process that the application forks.
 *
 * A child of os.fork() or multiprocessing inherits the handlers of uWSGI's process, and they do
 * there what they do here: end a loop that the child has not, mark the worker as leaving in memory
 * that both share, or kill all workers. And uWSGI blocks all signals in the threads of a worker but
 * the first. So terminate() would not end the child, or end more than it. The child gets what a
 * process begins with: SIGHUP, SIGINT, SIGQUIT and SIGTERM end it. Handlers that Python code has
 * set stay.
 *
 * The three are called around the fork, all with the GIL held. In between, the signals wait.
 */
#ifndef UPP_VM_SIGNALS_H
#define UPP_VM_SIGNALS_H

struct upp_libpypy;

/* In the parent, before the fork. */
void upp_signals_before_fork(const struct upp_libpypy *pypy);

/* After it, in each process. */
void upp_signals_in_parent(void);
void upp_signals_in_child(void);

#endif
