/* SPDX-License-Identifier: MIT */
/*
 * warmup_client.h - the client of a request of the warm-up: a thread that sends
 * the request, ends its side, and takes the response until the server's end is
 * closed. So neither side waits for ever, whatever the sizes.
 */
#ifndef UPP_WARMUP_CLIENT_H
#define UPP_WARMUP_CLIENT_H

#include <pthread.h>
#include <stddef.h>

struct upp_warmup_client {
    pthread_t thread;
    int fd;
    const char *data; /* what was not sent */
    size_t length;
};

/* Starts a client that sends (data, length), which stay valid until it is joined. Returns the
 * server's end of the connection, blocking; -1 (errno). */
int upp_warmup_client_start(struct upp_warmup_client *client, const char *data, size_t length);

/* Waits until the client has seen the end of the connection. */
void upp_warmup_client_join(struct upp_warmup_client *client);

#endif
