/* SPDX-License-Identifier: MIT */
/*
 * front.h - the loop as a front: response framing (RFC 9112 section 6) and the
 * body of the request.
 */
#ifndef UPP_LOOP_FRONT_H
#define UPP_LOOP_FRONT_H

#include "../http/response.h"
#include "engine.h"

extern const struct upp_front upp_loop_front;

/* Ends the response: the last chunk, if it is chunked. `outcome`: UPP_DONE or UPP_CLOSE. */
void upp_loop_front_finish(struct upp_core *core, int outcome);

/* Answers a request that never reached an application, and closes after it. */
void upp_loop_front_refuse(struct upp_core *core, struct upp_conn *conn, int status,
                           const char *why);

/* Reads up to `size` bytes of the body into *data: what upp_request_read() does. */
int64_t upp_loop_front_read(struct upp_core *core, size_t size, const char **data);

/* The same, but waits for at most so many milliseconds; UPP_LOOP_FRONT_FOREVER: until the worker
 * has to stop. UPP_LOOP_FRONT_NOTHING: nothing came, and something still may. */
#define UPP_LOOP_FRONT_FOREVER (-2)
#define UPP_LOOP_FRONT_NOTHING (-4)
int64_t upp_loop_front_read_for(struct upp_core *core, size_t size, int64_t most,
                                const char **data);

/* Bytes of another protocol that follow the request, what is there of them. Their number, 0 at the
 * end, -1 (errno). */
ssize_t upp_loop_front_read_raw(struct upp_core *core, char *buffer, size_t size);

/* Waits until all of the response is with the kernel. UPP_OK, UPP_GONE. */
int upp_loop_front_settle(struct upp_core *core);

/* Makes the three parts of a chunk of `length` bytes, not 0; `size` (UPP_RESPONSE_CHUNK_MAX bytes)
 * is the first. */
void upp_loop_front_put_chunk(struct iovec *vector, char *size, const char *body, size_t length);

/* Sends a part of a file in the framing of the response. UPP_OK, or UPP_GONE after logging. */
int upp_loop_front_send_file(struct upp_core *core, int fd, uint64_t position, uint64_t length);

/* Decides what follows this response, whose length is not known, on the connection, and writes the
 * framing headers for it into `out` (UPP_RESPONSE_FRAMING_MAX bytes). Returns their length. */
size_t upp_loop_front_frame(struct upp_core *core, int status, int is_framed, char *out);

#endif
