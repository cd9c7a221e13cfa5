/* SPDX-License-Identifier: MIT */
/*
 * transport.h - a uWSGI socket whose protocol functions go through the loop.
 *
 * uWSGI's own machinery (static files, routes, transformations, websockets,
 * other plugins) reads and writes by the function pointers of a request's
 * socket. Given this one, it serves requests of the loop, and knows nothing of
 * keep-alive, chunked framing or slow clients.
 *
 * A connection can be taken over: what comes on it and goes out is then bytes
 * of another protocol, such as websockets. A response 101 with "Connection:
 * Upgrade" takes it over by itself. From there on the functions are what they
 * are on a socket of uWSGI's own: reading gives what is there and does not
 * wait, writing waits until all is with the kernel.
 */
#ifndef UPP_LOOP_TRANSPORT_H
#define UPP_LOOP_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

struct upp_core;
struct uwsgi_socket;
struct wsgi_request;

/* A copy of a listening socket with the loop's protocol functions. Never freed. */
struct uwsgi_socket *upp_transport_socket(const struct uwsgi_socket *socket);

/* 1 if the request is one of the loop; the functions below are for such only. */
int upp_transport_carries(const struct wsgi_request *host);

/* Closes the connection after a response whose body is not as long as its head said, because
 * something changed it on its way: what follows would be taken for a part of it, or never come. */
void upp_transport_check(const struct upp_core *core);

/* 1 if the loop knows where its body ends, and decodes a chunked one: over HTTP, and over the uwsgi
 * protocol with --wsgi-manage-chunked-input. */
int upp_transport_decodes(const struct wsgi_request *host);
/* 1 if the loop decodes it. */
int upp_transport_is_chunked(const struct wsgi_request *host);

/* Durations for upp_transport_read(), besides milliseconds. */
#define UPP_TRANSPORT_TIMER (-1)   /* what the loop allows a body */
#define UPP_TRANSPORT_FOREVER (-2) /* until the worker has to stop */

/* result of upp_transport_read(); the same numbers as in front.h */
#define UPP_TRANSPORT_NOTHING (-4)

/* Reads up to `size` bytes of the body, decoded, and waits for as long as `most` says, 0: not at
 * all. Their number and *data, valid until the next call; 0 at the end; UPP_TRANSPORT_NOTHING:
 * nothing came in time; UPP_GONE or UPP_TIMEOUT: nothing more will come. */
int64_t upp_transport_read(const struct wsgi_request *host, size_t size, int64_t most,
                           const char **data);

/* The response is whole, however the request ends: a chunked one gets its last chunk. */
void upp_transport_end(const struct wsgi_request *host);

/* Takes the connection over. */
void upp_transport_take_over(const struct wsgi_request *host);

#endif
