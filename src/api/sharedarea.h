/* SPDX-License-Identifier: MIT */
/*
 * sharedarea.h - uWSGI's shared areas (--sharedarea): raw memory that all
 * processes share, each with a lock.
 *
 * Callers check: `area` is below upp_sharedarea_count(), `position` and all
 * bytes from there on lie inside of it. Numbers have the machine's byte order
 * and need no alignment.
 *
 * A function that reads or writes holds the lock meanwhile. When the calling
 * thread holds it already, it is left as it is: uWSGI's own functions would
 * give it back, or wait for themselves.
 */
#ifndef UPP_API_SHAREDAREA_H
#define UPP_API_SHAREDAREA_H

#include <stddef.h>
#include <stdint.h>

#include "block.h"

/* contract: begin */

int upp_sharedarea_count(void);
uint64_t upp_sharedarea_size(int area);
/* The memory itself, for ever valid. */
char *upp_sharedarea_memory(int area);

struct upp_block *upp_sharedarea_read(int area, uint64_t position, uint64_t length);
/* A signed number of `width` (1, 2, 4 or 8) bytes. */
int64_t upp_sharedarea_number(int area, uint64_t position, int width);

/* UPP_OK, or UPP_CANNOT: this thread holds the lock for reading only. */
int upp_sharedarea_write(int area, uint64_t position, const char *data, size_t length);
int upp_sharedarea_set(int area, uint64_t position, int width, int64_t number);
/* Adds to a number; it wraps. */
int upp_sharedarea_add(int area, uint64_t position, int width, int64_t number);

/* UPP_OK, or UPP_CANNOT: this thread holds it already; a lock for reading can be taken again. */
int upp_sharedarea_lock(int area, int for_writing);
/* UPP_OK, or UPP_CANNOT: this thread does not hold it. */
int upp_sharedarea_unlock(int area);

/* contract: end */

#endif
