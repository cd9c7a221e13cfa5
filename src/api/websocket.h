/* SPDX-License-Identifier: MIT */
/*
 * websocket.h - the websocket of the current request (RFC 6455).
 *
 * uWSGI sends the handshake and the frames. It does not read them here: its own
 * reader keeps the parts of a message in one place for all connections of the
 * process, gives out a byte of nothing for each part, and ends the worker when
 * a client's first frame continues a message.
 *
 * One websocket for each core; its memory goes with the request.
 */
#ifndef UPP_API_WEBSOCKET_H
#define UPP_API_WEBSOCKET_H

#include <stddef.h>
#include <stdint.h>

/* contract: begin */

/* no message is there now; not an error */
#define UPP_WEBSOCKET_NOTHING -4

/* Answers the current request with 101. What has length 0 is taken from the request: the key, the
 * origin, and the first of the subprotocols. UPP_OK; UPP_CANNOT: nothing was sent, see
 * upp_websocket_why(); UPP_GONE: the client is. */
int upp_websocket_handshake(const char *key, size_t key_length, const char *origin,
                            size_t origin_length, const char *protocol, size_t protocol_length);
/* The next message, all parts of it; with `wait`, waits for it. Answers pings and the client's
 * close, sends pings (--websockets-ping-freq). Returns its length and sets *data, valid until the
 * next call; UPP_WEBSOCKET_NOTHING; UPP_GONE: the websocket is closed, see upp_websocket_why();
 * UPP_CANNOT: there was no handshake. */
int64_t upp_websocket_receive(int wait, const char **data);
/* Sends one message, as binary or as text. UPP_OK, UPP_GONE, UPP_CANNOT. */
int upp_websocket_send(const char *data, size_t length, int is_binary);
/* Why the current request has no open websocket. */
const char *upp_websocket_why(void);
/* The application of this core is done: closes what is open with that status code. */
void upp_websocket_leave(int core, int code);

/* contract: end */

#endif
