/* SPDX-License-Identifier: MIT */
/*
 * compat.h - the only door to uWSGI's own header, and the only place that
 * knows how uWSGI versions differ.
 *
 * 2.1 (UWSGI_PLUGIN_API 2) moved the packet size and the harakiri functions;
 * the macros below give both one spelling.
 */
#ifndef UPP_COMPAT_H
#define UPP_COMPAT_H

#include <uwsgi.h>

extern struct uwsgi_server uwsgi;

/* Hooks around the fork of a worker came with 2.0.20; before, the child learns it in post_fork. */
#define UPP_COMPAT_FORK_HOOKS                                                                      \
    (UWSGI_VERSION_BASE > 2 || UWSGI_VERSION_MAJOR > 0 || UWSGI_VERSION_MINOR >= 20)

/* The pipe whose end wakes the threads of a worker that leaves and joins them, since 2.0.27. */
#define UPP_COMPAT_STOP_PIPE                                                                       \
    (UWSGI_VERSION_BASE == 2 && UWSGI_VERSION_MAJOR == 0 && UWSGI_VERSION_MINOR >= 27)

/* exported by every uWSGI, declared in no header */
void uwsgi_heartbeat(void);
int uwsgi_proto_http11_accept(struct wsgi_request *host, int fd);

/* UPP_COMPAT_WORKER_HAS_HARAKIRI: the times are the worker's, and not those of each core. */
#if UWSGI_PLUGIN_API >= 2
#define UPP_COMPAT_WORKER_HAS_HARAKIRI 0
#define upp_compat_harakiri(worker) (&(worker)->cores[0].harakiri)
#define upp_compat_user_harakiri(worker) (&(worker)->cores[0].user_harakiri)
#define upp_compat_packet_size(request) ((request)->len)
#define upp_compat_set_user_harakiri(request, seconds) set_user_harakiri(request, seconds)
#define upp_compat_run_signal(request, signal) uwsgi_signal_handler(request, signal)
#else
#define UPP_COMPAT_WORKER_HAS_HARAKIRI 1
#define upp_compat_harakiri(worker) (&(worker)->harakiri)
#define upp_compat_user_harakiri(worker) (&(worker)->user_harakiri)
#define upp_compat_packet_size(request) ((request)->uh->pktsize)
#define upp_compat_set_user_harakiri(request, seconds) set_user_harakiri(((void)(request), seconds))
#define upp_compat_run_signal(request, signal) uwsgi_signal_handler(((void)(request), signal))
#endif

#endif
