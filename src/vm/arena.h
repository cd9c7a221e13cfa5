/* SPDX-License-Identifier: MIT */
/*
 * arena.h - arenas of PyPy's collector, as far as it takes to know which of their pages are free.
 *
 * An arena is a piece of fixed size that PyPy has of malloc(), cut into pages for objects of one
 * size each. It goes back to malloc() when all of its pages are free; one object that lives holds
 * all of them. rpython/memory/gc/minimarkpage.py; the same in all PyPys that the plugin runs on.
 */
#ifndef UPP_VM_ARENA_H
#define UPP_VM_ARENA_H

#include <stddef.h>

/* Bytes that PyPy asks for (65536 words), and that malloc() has of mmap(2) for them. */
#define UPP_ARENA_SIZE ((size_t)65536 * sizeof(void *))
#define UPP_ARENA_CHUNK (UPP_ARENA_SIZE + 4096)

/* Bytes of one of its pages. */
#define UPP_ARENA_PAGE ((size_t)1024 * sizeof(void *))

#define UPP_ARENA_PAGES_MAX (UPP_ARENA_SIZE / UPP_ARENA_PAGE)

/* Whether what begins here is what malloc() has of mmap(2) for so many bytes. Reads two words. */
int upp_arena_is_chunk(const void *memory);

/* Fills `pages` with the start of each free page of the arena in this chunk. Returns how many there
 * are, 0 if it is no arena, or one of another kind. With the GIL. */
size_t upp_arena_free_pages(char *chunk, char *pages[UPP_ARENA_PAGES_MAX]);

#endif
