/* SPDX-License-Identifier: MIT */
/*
 * chunked.h - the chunked body of the current request, in the parts in which it
 * comes.
 */
#ifndef UPP_API_CHUNKED_H
#define UPP_API_CHUNKED_H

#include <stdint.h>

/* contract: begin */

/* nothing is there now; not an error */
#define UPP_CHUNKED_NOTHING -4

/* 1 if the body of the current request is chunked. */
int upp_chunked_is(void);
/* The next part of the body: on uWSGI's own path a chunk, in the request loop what has come. Waits
 * `seconds` for it; 0: as long as --chunked-input-timeout or --socket-timeout say, -1: for ever.
 * With `wait` 0, not at all. Returns its length and sets *data, valid until the next call; 0 at the
 * end; UPP_CHUNKED_NOTHING: without `wait`; UPP_TIMEOUT; UPP_GONE: the client is, or what it sends
 * is not well formed. */
int64_t upp_chunked_read(int wait, int seconds, const char **data);

/* contract: end */

#endif
