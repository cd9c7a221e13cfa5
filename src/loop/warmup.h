/* SPDX-License-Identifier: MIT */
/*
 * warmup.h - requests of the warm-up (../warmup.h) through the loop: from their
 * own connections instead of the engine's, everything behind that is the same.
 */
#ifndef UPP_LOOP_WARMUP_H
#define UPP_LOOP_WARMUP_H

struct uwsgi_socket;

/* From here on upp_loop_next() gives requests of the warm-up, which seem to come over `socket`,
 * from clients with ports or without; it gives NULL at the end of each round. Returns 0, -1 after
 * logging. */
int upp_loop_warmup_begin(const struct uwsgi_socket *socket, int with_ports);

/* upp_loop_next() gives requests of clients again. */
void upp_loop_warmup_end(void);

#endif
