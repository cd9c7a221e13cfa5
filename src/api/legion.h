/* SPDX-License-Identifier: MIT */
/*
 * legion.h - legions: groups of instances that elect a lord. uWSGI has them
 * when it was built with TLS.
 */
#ifndef UPP_API_LEGION_H
#define UPP_API_LEGION_H

#include <stddef.h>
#include <stdint.h>

/* contract: begin */

/* 1 if there is any legion. */
int upp_legion_exists(void);
/* 1 if this instance is the lord of the legion; 0 also for an unknown one. */
int upp_legion_is_lord(const char *name);
/* The scroll of the legion's lord, or all scrolls (each with its length, 16 bits, little endian,
 * in front). NULL: an unknown legion, or nothing. Valid until the next call in this thread. */
const char *upp_legion_lord_scroll(const char *name, size_t *length);
const char *upp_legion_scrolls(const char *name, size_t *length);

/* contract: end */

#endif
