/* SPDX-License-Identifier: MIT */
/*
 * waits.h - what a request of a server with --async waits for: descriptors.
 *
 * uWSGI's async loop knows one request for each descriptor, and closes a
 * descriptor that becomes ready together with another one of the same request.
 * So what a request waits for is one descriptor to uWSGI: its only one, or an
 * epoll instance of its own that holds all of them.
 */
#ifndef UPP_WAITS_H
#define UPP_WAITS_H

struct wsgi_request;

/* Room for so many requests (async cores). In a worker, before the first one. */
void upp_waits_setup(int cores);

/* The request goes on when `fd` can be read (or written), or after `timeout` seconds unless that is
 * 0; of several descriptors the first counts. 0, or -1: the kernel cannot watch it (a regular file,
 * a closed descriptor), and nothing has changed. */
int upp_waits_add(struct wsgi_request *host, int fd, int timeout, int is_write);

/* The request goes on: finds out which descriptor was ready and forgets all of them. */
void upp_waits_woken(struct wsgi_request *host);

/* The request of that core is over. */
void upp_waits_end(int core);

#endif
