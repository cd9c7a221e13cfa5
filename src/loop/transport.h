/* SPDX-License-Identifier: MIT */
/*
 * transport.h - a uWSGI socket whose protocol functions go through the loop.
 *
 * uWSGI's own machinery (static files, routes, transformations, websockets,
 * other plugins) reads and writes by the function pointers of a request's
 * socket. Given this one, it serves requests of the loop, and knows nothing of
 * keep-alive, chunked framing or slow clients.
 */
#ifndef UPP_LOOP_TRANSPORT_H
#define UPP_LOOP_TRANSPORT_H

struct uwsgi_socket;

/* A copy of a listening socket with the loop's protocol functions. Never freed. */
struct uwsgi_socket *upp_transport_socket(const struct uwsgi_socket *socket);

#endif
