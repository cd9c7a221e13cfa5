/* SPDX-License-Identifier: MIT */
/*
 * host.h - the loop's side of uWSGI: which sockets there are, its signals, and
 * its own struct for each request, so that its log, its counters, its harakiri
 * and its API see the request as if it were its own.
 */
#ifndef UPP_LOOP_HOST_H
#define UPP_LOOP_HOST_H

#include "engine.h"

/* NULL if the loop can serve this configuration, else a sentence why not. */
const char *upp_host_refusal(void);

struct uwsgi_socket;

/* What the loop has to know of a socket. */
struct upp_listener upp_host_listener(const struct uwsgi_socket *socket);

/* The listening sockets of this worker; *count is set. */
struct upp_listener *upp_host_listeners(int *count);

/* 1 if packets with this modifier1 are requests for the plugin: CGI variables, then a body. */
int upp_host_is_ours(int modifier1);
/* Bytes of variables that a packet may have. */
size_t upp_host_packet_max(void);

/* Descriptors over which uWSGI's signals come; -1: none. */
int upp_host_signal_fd(int index);
void upp_host_signal(int fd);

/* To be called about once a second: what uWSGI's own loop does beside requests. */
void upp_host_tick(void);

/* Fills uWSGI's struct from the parsed head of core->conn and the variables, chooses the
 * application. Returns 1: Python serves core->request; 0: the host answered, the request is over.
 */
int upp_host_begin(struct upp_core *core);
/* The same for a packet of the uwsgi protocol (the whole packet at conn->start). */
int upp_host_begin_packet(struct upp_core *core);
/* Ends the request: counters, log, limits. Returns 1 if the host took the connection away. */
int upp_host_end(struct upp_core *core);

/* Log lines. */
void upp_host_log_refused(const struct upp_conn *conn, int status, const char *why);
void upp_host_log_gone(const struct upp_core *core, const char *what, const char *why);
void upp_host_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Response status and sizes, for the log. */
void upp_host_set_status(struct upp_core *core, int status, unsigned headers);
void upp_host_add_sent(struct upp_core *core, size_t head, size_t body);

#endif
