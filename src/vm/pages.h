/* SPDX-License-Identifier: MIT */
/*
 * pages.h - which pages of this process are in memory: /proc/PID/pagemap
 * (Documentation/admin-guide/mm/pagemap.rst).
 */
#ifndef UPP_VM_PAGES_H
#define UPP_VM_PAGES_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of a page. The functions below are for a system where it is so. */
#define UPP_PAGE ((size_t)4096)

/* Pages that are looked at together. */
#define UPP_PAGES_MOST ((size_t)512)

/* Reads what is known of up to UPP_PAGES_MOST pages from `start` on. Returns of how many that is:
 * less than asked for if it cannot be read. */
size_t upp_pages_read(const char *start, size_t pages, uint64_t entries[UPP_PAGES_MOST]);

/* Has somebody ever written to it? 0: it is zero, if it belongs to no file. */
int upp_page_is_written(uint64_t entry);

/* Has this process a page of its own, and not one of a file? */
int upp_page_is_own(uint64_t entry);

/* How many of the pages behind `from` to look at next, of so many bytes. */
size_t upp_pages_from(size_t size, size_t from);

#endif
