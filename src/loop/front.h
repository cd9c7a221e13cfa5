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

/* Decides what follows this response, whose length is not known, on the connection, and writes the
 * framing headers for it into `out` (UPP_RESPONSE_FRAMING_MAX bytes). Returns their length. */
size_t upp_loop_front_frame(struct upp_core *core, int status, int is_framed, char *out);

#endif
