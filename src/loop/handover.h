/* SPDX-License-Identifier: MIT */
/*
 * handover.h - kept connections leave a worker that has no thread for their next request.
 *
 * A connection belongs to the worker that accepted it. While all threads of that worker run
 * applications, a request on it would wait, even if other workers rest. So each worker has a
 * watcher: a thread that sees to it that such a connection goes to the others, through a socket
 * from which all workers read, as they accept from the listening sockets. Whoever is free first
 * takes it, and be it the worker that gave it away.
 *
 * Only connections go of which nothing was read since their last response. The watcher is no
 * thread of Python, and rests with its worker.
 */
#ifndef UPP_LOOP_HANDOVER_H
#define UPP_LOOP_HANDOVER_H

#include "conn.h"

#include <stdatomic.h>

/* Makes the socket; in the master, before the workers are forked. Without it, as with one worker
 * only, nothing is handed over, and the functions below do nothing. */
void upp_handover_setup(void);

/* The descriptor that can be read when a connection waits there; -1: none. */
int upp_handover_fd(void);

/* Takes a connection from the socket into `conn`, which is a free one of the caller's. Returns 0,
 * -1: there was none, or errno is EMFILE. */
int upp_handover_take(struct upp_conn *conn, const struct upp_listener *listeners);

/* Starts the watcher of this worker, whose listeners these are. */
void upp_handover_start(const struct upp_listener *listeners);

/* Once it returns this worker hands nothing over any more. */
void upp_handover_stop(void);

extern atomic_int upp_handover_rests;
void upp_handover_rouse(void);

/* The worker has something to do after it has waited. */
static inline void upp_handover_wake(void)
{
    if (atomic_load_explicit(&upp_handover_rests, memory_order_relaxed))
        upp_handover_rouse();
}

#endif
