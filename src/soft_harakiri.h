/* SPDX-License-Identifier: MIT */
/*
 * soft_harakiri.h - --pypy-soft-harakiri: an exception in a request that takes too long.
 *
 * Each core has one word that says what it does, and for which request, and that only changes by
 * compare and swap:
 *
 *     IDLE -> RUNNING       the application begins (Python: _begin, _resume)
 *     RUNNING -> IDLE       it has ended (_stop)
 *     RUNNING -> SENDING    it took too long: the exception is being raised in its thread (_take)
 *     SENDING -> SENT       (_sent); from there SENDING for a moment, each time it is poked again
 *     SENT -> IDLE          it has ended (_stop, which waits for the end of SENDING)
 *
 * So a request that has ended is never hit, nor is the next one of its thread, and _stop tells
 * Python to take in an exception that is still on its way.
 *
 * A thread of each worker sleeps until a request can have taken too long, not more often. The
 * exception is raised between two instructions of Python; what waits in a system call is woken by a
 * signal that does nothing else.
 *
 * The functions that Python calls are in contract.h.
 */
#ifndef UPP_SOFT_HARAKIRI_H
#define UPP_SOFT_HARAKIRI_H

/* In a worker, after each fork: starts the thread. Does nothing without the option. */
void upp_soft_harakiri_start(void);

#endif
