/* SPDX-License-Identifier: MIT */
/*
 * warmup.h - requests of the plugin's own, before the workers begin
 * (--pypy-warmup), so that these find compiled code.
 *
 * A request goes over a pair of connected sockets, with a thread as its client
 * (warmup_client.h), through all that serves those of real clients. But it is
 * not counted, not logged, no hook hears of it and no limit ends the process
 * for it. Python chooses what is sent and for how long
 * (python/uwsgi_pypy/warmup.py).
 */
#ifndef UPP_WARMUP_H
#define UPP_WARMUP_H

#include "contract.h"

struct wsgi_request;

/* Does all of it. Once the applications are there and the loop is chosen: in the master before the
 * first fork, or in a worker with --lazy-apps. Ends the process if --pypy-warmup-strict says so. */
void upp_warmup(void);

/* uWSGI's struct for the request of the warm-up; NULL: none runs. */
struct wsgi_request *upp_warmup_host(void);

/* Opens the connection of the next request. Returns the server's end, for the caller to close; -1:
 * there is none, Python is asked. */
int upp_warmup_connect(void);

/* The request was answered, or was not: `host` tells. To be called before uWSGI ends the request,
 * which then happens in silence. */
void upp_warmup_note(struct wsgi_request *host, int is_broken);

/* After the server's end was closed: waits for the client. */
void upp_warmup_disconnect(void);

#endif
