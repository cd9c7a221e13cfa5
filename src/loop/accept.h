/* SPDX-License-Identifier: MIT */
/*
 * accept.h - where a worker gets its connections from: the listening sockets, and other workers
 * that have no time for theirs (handover.h).
 *
 * Both are sources: descriptors in the epoll set that are ready as long as something waits there.
 * All workers watch the same ones, and the kernel wakes one of them (EPOLLEXCLUSIVE).
 */
#ifndef UPP_LOOP_ACCEPT_H
#define UPP_LOOP_ACCEPT_H

#include "engine.h"

/* Milliseconds without new connections after the process ran out of descriptors. */
#define UPP_ACCEPT_PAUSE 500

/* Begins to watch all sources. */
void upp_accept_start(int epoll, struct upp_listener *listeners, int count, int threads);
/* No new connections any more. */
void upp_accept_stop(void);

/* Out of descriptors or connections: none for a moment, with a log line that says why. */
void upp_accept_pause(const char *why);
int upp_accept_is_paused(void);
/* Ends the pause when it is over, unless the worker has to stop. */
void upp_accept_resume(uint64_t now);

/* 1 if that is what the epoll set knows a source by. */
int upp_accept_is_source(const void *pointer);

/* How many connections to take, one after the other, from a source that has said it is ready. */
int upp_accept_most(const void *source);
/* Returns a new connection of the source, which the caller owns, or NULL. */
struct upp_conn *upp_accept_take(const void *source);
/* Returns a connection that another worker has given away, which the caller owns, or NULL. */
struct upp_conn *upp_accept_take_handed_over(void);

/* A connection of this listener stays here: the next new one is for another worker. */
void upp_accept_let_others(const struct upp_listener *listener);

#endif
