/* SPDX-License-Identifier: MIT */
/*
 * descriptor.h - the connection of the current request as a descriptor, and
 * connections to other servers.
 */
#ifndef UPP_API_DESCRIPTOR_H
#define UPP_API_DESCRIPTOR_H

#include <stddef.h>
#include <stdint.h>

/* contract: begin */

/* The connection of the current request; -1: there is no request. */
int upp_descriptor_of_request(void);
/* Makes the connection carry what the application sends and receives itself: no more requests, no
 * framing. */
void upp_descriptor_take_over(void);
/* Sends bytes on the connection as they are. UPP_OK, UPP_GONE. */
int upp_descriptor_send(const char *data, size_t length);
/* What has come on the connection behind the head, at most `size` bytes; does not wait. Their
 * number, 0 at the end, -1: nothing is there, or an error. */
int64_t upp_descriptor_receive(char *buffer, size_t size);
/* Ends the connection with the client at once; the request goes on. */
void upp_descriptor_disconnect(void);

/* 1 if no error waits at the socket. */
int upp_descriptor_is_connected(int fd);
/* Connects to "host:port", "path" or "@abstract", waiting for at most `timeout`
 * seconds (0: three), or with `async` 1 not at all. A new descriptor, or -1.
 */
int upp_descriptor_connect(const char *address, int timeout, int async);

/* contract: end */

#endif
