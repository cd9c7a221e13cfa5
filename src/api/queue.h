/* SPDX-License-Identifier: MIT */
/*
 * queue.h - uWSGI's queue (--queue), a ring of slots that all processes share.
 *
 * Each function holds its lock itself. A message has at least one byte.
 */
#ifndef UPP_API_QUEUE_H
#define UPP_API_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "block.h"

/* contract: begin */

/* Number of slots; 0: there is no queue, and nothing below may be called. */
uint64_t upp_queue_size(void);
/* Where the next message goes, and where the next one is pulled from. */
uint64_t upp_queue_slot(void);
uint64_t upp_queue_pull_slot(void);

/* UPP_OK, or UPP_CANNOT: the message is empty or does not fit into a slot. */
int upp_queue_push(const char *message, size_t length);
int upp_queue_set(uint64_t slot, const char *message, size_t length);

/* A copy of the message in a slot that exists; NULL: it is empty. */
struct upp_block *upp_queue_get(uint64_t slot);
/* Takes the oldest or the newest message; NULL: there is none. */
struct upp_block *upp_queue_pull(void);
struct upp_block *upp_queue_pop(void);
/* The newest messages as a list, newest first; empty slots are items, too. `count` is at most the
 * number of slots. */
struct upp_block *upp_queue_last(uint64_t count);

/* contract: end */

#endif
