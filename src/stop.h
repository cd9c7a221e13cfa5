/* SPDX-License-Identifier: MIT */
/*
 * stop.h - ending a worker on uWSGI's own path.
 *
 * uWSGI 2.0.21 leaves on SIGHUP unless a request has begun to be read: one whose connection was
 * taken a moment ago would be reset. So it counts as begun before.
 *
 * uWSGI 2.0.21 cancels the threads of a worker that shall stop, wherever they
 * are, and leaves as soon as the main thread is idle: requests are lost, locks
 * stay locked. Here nothing is cancelled; the worker takes no new requests,
 * waits for those that run, and exits.
 */
#ifndef UPP_STOP_H
#define UPP_STOP_H

/* In a worker, before its first request: marks cores from accept() on; takes over uWSGI's "work is
 * done", and SIGHUP with threads. */
void upp_stop_install(void);

/* To be called before the process exits: waits for the requests of other threads, if it is a
 * graceful end. */
void upp_stop_wait(void);

#endif
