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
#include <stdint.h>

/* Bytes that PyPy asks for (65536 words), and that malloc() has of mmap(2) for them. */
#define UPP_ARENA_SIZE ((size_t)65536 * sizeof(void *))
#define UPP_ARENA_CHUNK (UPP_ARENA_SIZE + 4096)

/* Bytes of one of its pages. */
#define UPP_ARENA_PAGE ((size_t)1024 * sizeof(void *))

#define UPP_ARENA_PAGES_MAX (UPP_ARENA_SIZE / UPP_ARENA_PAGE)

struct upp_arena;

/* Whether what begins here is what malloc() has of mmap(2) for so many bytes. Reads two words. */
int upp_arena_is_chunk(const void *memory);

/* The functions below are for who has the GIL. */

/* Returns the arena whose first page begins here, in memory that can be read; NULL if there is
 * none. Such a page says where PyPy keeps what it knows of its arena, which must agree. */
struct upp_arena *upp_arena_at(char *page);

/* The same for the arena in a chunk. */
struct upp_arena *upp_arena_in_chunk(char *chunk);

/* Where its last page ends. */
char *upp_arena_end(const struct upp_arena *arena);

/* Fills `pages` with the start of each free page. Returns how many there are, 0 if they are not as
 * they should be. */
size_t upp_arena_free_pages(const struct upp_arena *arena, char *pages[UPP_ARENA_PAGES_MAX]);

/* Takes all free pages but one out of PyPy's list: they need no memory from here on. PyPy takes
 * them to be in use, and so never gives the arena back. Returns its first page, and in `withheld` a
 * bit for each page from there on that PyPy does not know of, from before, too. */
char *upp_arena_withhold(struct upp_arena *arena, uint64_t *withheld);

/* Gives those of each arena that has nothing in use back to PyPy, which then gives back the arena
 * in its next collection. */
void upp_arena_put_back(void);

#endif
