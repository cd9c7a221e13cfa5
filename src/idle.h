/* SPDX-License-Identifier: MIT */
/*
 * idle.h - what a worker does between two requests: it empties a full nursery
 * (python/uwsgi_pypy/nursery.py); and while none waits: steps of a major
 * collection (python/uwsgi_pypy/collector.py).
 *
 * The loop asks when it is about to wait; on uWSGI's own path a request that has
 * ended looks whether another one waits. Either asks Python at most every
 * UPP_IDLE_EVERY milliseconds, as long as there is nothing to do.
 */
#ifndef UPP_IDLE_H
#define UPP_IDLE_H

#include "contract.h"

struct wsgi_request;

#define UPP_IDLE_EVERY 10

/* 1 if there is something that an idle worker may have to do (--pypy-gc-idle). */
int upp_idle_wanted(void);

/* Does one thing that takes a few milliseconds at most, more of them the quieter the worker is.
 * Returns 1 if there is more to do, 0 when not now. */
int upp_idle_step(enum upp_quiet quiet);

/* For the loop: how quiet the worker is, by the requests since it asked last. */
enum upp_quiet upp_idle_look(void);

/* At the end of a request on uWSGI's own path. */
void upp_idle_after_request(const struct wsgi_request *host);

#endif
