/* SPDX-License-Identifier: MIT */
/*
 * handover.h - kept connections leave a worker that has no thread for their next request, or ends.
 *
 * A connection belongs to the worker that accepted it. While all threads of that worker run
 * applications, a request on it would wait, even if other workers rest. So each worker has a
 * watcher: a thread that sees to it that such a connection goes to the others, through a socket
 * from which all workers read, as they accept from the listening sockets. Whoever is free first
 * takes it, and be it the worker that gave it away. That a worker has no thread is seen when one
 * request takes long, or when it has had one at each look for some time: a worker that has just
 * begun has no connections, and the others have all of them.
 *
 * A worker that ends while others go on gives them its connections, so that no client sees one
 * closed.
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

/* Once it returns the watcher hands nothing over any more. */
void upp_handover_stop(void);

/* 1 if a worker that ends can leave its connections to others. */
int upp_handover_is_possible(void);

/* Leaves a connection, of whose next request nothing was read, to whoever takes it; its descriptor
 * is still to be closed here. Returns 0, -1: that is not possible. If no other worker takes
 * connections after that, this one has to look whether it is still there. */
int upp_handover_give(const struct upp_conn *conn);

extern atomic_int upp_handover_rests;
void upp_handover_rouse(void);

/* The worker has something to do after it has waited. */
static inline void upp_handover_wake(void)
{
    if (atomic_load_explicit(&upp_handover_rests, memory_order_relaxed))
        upp_handover_rouse();
}

#endif
