/* SPDX-License-Identifier: MIT */
/*
 * cache.h - uWSGI's caches (--cache2), local and of other instances.
 *
 * A cache's name is NULL (the first local one), a local one's, or
 * name@address for one of another instance. Keys have at most 65535 bytes.
 * Nothing here writes to the strings; uWSGI's functions only forgot the const.
 */
#ifndef UPP_API_CACHE_H
#define UPP_API_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "block.h"

/* contract: begin */

/* 1 if there is a local cache. */
int upp_cache_is_on(void);

/* A local cache, for ever valid, in processes forked later, too; NULL: there is none of that name.
 */
struct upp_cache;
struct upp_cache *upp_cache_find(const char *name);

/* Takes a key of `length` bytes from a buffer of `size`, and puts the value there instead: so no
 * string goes from Python to C, which would be copied to new memory. Returns the value's length;
 * UPP_CACHE_MISSING: there is no such key; UPP_CACHE_BIG: a pointer to a struct upp_block is in the
 * buffer, as the value is too long for it. */
#define UPP_CACHE_MISSING -1
#define UPP_CACHE_BIG -2
int64_t upp_cache_read(struct upp_cache *handle, char *buffer, size_t length, size_t size);
/* A copy of the value; NULL: no such key, no such cache, no answer from the other instance. */
struct upp_block *upp_cache_get(const char *key, size_t length, const char *name);
/* The value as a signed 64-bit number; 0 also if there is none or it has another length. */
int64_t upp_cache_number(const char *key, size_t length, const char *name);
/* 1 if the key is there. */
int upp_cache_has(const char *key, size_t length, const char *name);

/* The keys of a local cache, as a list; NULL: no such cache. */
struct upp_block *upp_cache_keys(const char *name);

/* Calculates (UPP_NUMBER_...) with a number of 8 bytes in a local cache; a key that is not there
 * begins with the cache's math_initial, and expires after so many seconds (0: never). UPP_OK, or
 * UPP_CANNOT: not a local cache, not a number, no room. A divisor is not 0. */
int upp_cache_calculate(const char *key, size_t length, int operation, int64_t operand,
                        uint64_t expires, const char *name);

/* uWSGI's own; 0 is success. `expires` is in seconds from now, 0: never; flags: 0 or
 * UPP_CACHE_REPLACE for a key that may be there already. */
#define UPP_CACHE_REPLACE 2
int uwsgi_cache_magic_set(char *key, uint16_t length, char *value, uint64_t value_length,
                          uint64_t expires, uint64_t flags, char *cache);
int uwsgi_cache_magic_del(char *key, uint16_t length, char *cache);
int uwsgi_cache_magic_clear(char *cache);

/* contract: end */

#endif
