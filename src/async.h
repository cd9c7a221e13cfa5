/* SPDX-License-Identifier: MIT */
/*
 * async.h - --async: one worker has many requests under way and runs one of
 * them at a time.
 *
 * uWSGI's async loop calls schedule_to_req() to let a request run for a while (a
 * slice), on uWSGI's own stack. With --pypy-greenlets the request runs in a
 * greenlet, from where it can go back to that stack at any time, also from
 * within C functions: PyPy copies the part of the C stack that lies between. So
 * pointers to variables on the stack of a request are good for that request
 * alone. Without it, the request ends its slice by returning UWSGI_AGAIN
 * (stock.c), and what has to wait within C blocks the worker.
 *
 * What uWSGI keeps for the worker and not for the request is given back to the
 * request with each slice: its harakiri, how deep it is in the interpreter.
 */
#ifndef UPP_ASYNC_H
#define UPP_ASYNC_H

struct wsgi_request;

/* Takes over the scheduling. In a worker, before uWSGI's loop. Does nothing without --async. */
void upp_async_install(void);

/* Makes functions of uWSGI that wait do so in the way above; its loop has set others by now. To be
 * called before anything but a request runs Python code in the loop. */
void upp_async_hook_waits(void);

/* 1 with --async. */
int upp_async_is_on(void);

/* 1 if requests can be switched: --pypy-greenlets. */
int upp_async_has_greenlets(void);

/* The request whose slice the calling thread runs; NULL: none. */
struct wsgi_request *upp_async_current(void);

#endif
