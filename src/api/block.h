/* SPDX-License-Identifier: MIT */
/*
 * block.h - bytes that C hands to Python, with their length in front.
 *
 * One pointer says everything, so a result needs no out-parameter; and each
 * result is its own memory, so that threads, signal handlers and finalizers of
 * Python that call in between cannot take it from under each other.
 *
 * A list is a block of items: 8 bytes of length in the machine's order, or
 * UPP_BLOCK_NONE, and then so many bytes.
 */
#ifndef UPP_API_BLOCK_H
#define UPP_API_BLOCK_H

#include <stddef.h>
#include <stdint.h>

/* contract: begin */

/* Python owns every block that a function returns, and frees it. */
struct upp_block {
    uint64_t length;
    char data[];
};
void upp_block_free(struct upp_block *block);

/* contract: end */

/* The length of an item that is not there. */
#define UPP_BLOCK_NONE UINT64_MAX

/* A block of `length` bytes to be filled; never NULL, uWSGI exits when memory ends. */
struct upp_block *upp_block_new(uint64_t length);
/* A block with a copy of `data`. */
struct upp_block *upp_block_copy(const char *data, uint64_t length);

/* Bytes that an item of a list takes; `data` NULL is an item that is not there. */
uint64_t upp_block_item_size(const char *data, uint64_t length);
/* Writes an item to `place`; returns the place of the next one. */
char *upp_block_write_item(char *place, const char *data, uint64_t length);

#endif
