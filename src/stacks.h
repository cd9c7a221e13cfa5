/* SPDX-License-Identifier: MIT */
/*
 * stacks.h - the Python stacks of a stuck worker, in the log before harakiri.
 *
 * The master decides that a worker is stuck, but only the worker can look at
 * its stacks. So a worker that may be killed has a thread that sleeps on a
 * semaphore in shared memory; the master posts it and waits, for a bounded time,
 * for the answer. A worker that holds the GIL in C for longer than that is
 * killed unseen.
 *
 * One that cannot have a harakiri has no such thread: with a single thread the
 * kernel and the C library need no locks for a descriptor.
 */
#ifndef UPP_STACKS_H
#define UPP_STACKS_H

/* In the master, before the first fork. */
void upp_stacks_setup(void);

/* In a worker, after each fork: starts the thread if its requests may have a harakiri. Does nothing
 * without a master. */
void upp_stacks_start(void);

/* In a worker: starts the thread, if there is none; a request gets a harakiri of its own. */
void upp_stacks_expect(void);

/* In the master (the `harakiri` hook): has worker `wid` write its stacks, waits at most a second.
 */
void upp_stacks_ask(int wid);

#endif
