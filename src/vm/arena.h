/* SPDX-License-Identifier: MIT */
/*
 * arena.h - arenas of PyPy's collector, as far as it takes to know which of their pages are free.
 *
 * An arena is a piece of fixed size that PyPy has of malloc(), cut into pages for objects of one
 * size each. It goes back to malloc() when all of its pages are free; one object that lives holds
 * all of them. The collector has lists of all that there are: rpython/memory/gc/minimarkpage.py,
 * the same in all PyPys that the plugin runs on. Nothing else tells an arena from what has been
 * one: what PyPy has given back may well look as before.
 *
 * Where numbers are not as they should be there are no arenas. The functions are for who has the
 * GIL.
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

/* Looks for the collector's lists in these bytes of libpypy's variables, which have to stay where
 * they are. Returns 1 if they are there. */
int upp_arena_find(const char *data, size_t size);

/* Returns all that there are, *count of them, by their addresses. It is the same array each time.
 */
struct upp_arena *const *upp_arena_list(size_t *count);

/* Where its memory begins. */
char *upp_arena_start(const struct upp_arena *arena);

/* Returns UPP_ARENA_CHUNK bytes, of whole pages, that are the arena's alone; NULL if malloc() has
 * not mapped it apart. */
char *upp_arena_chunk(const struct upp_arena *arena);

/* Fills `pages` with the start of each free page. Returns how many there are; 0 for the arena that
 * PyPy takes pages from at the moment. */
size_t upp_arena_free_pages(const struct upp_arena *arena, char *pages[UPP_ARENA_PAGES_MAX]);

/* Takes all free pages but one out of PyPy's list: they need no memory from here on. PyPy takes
 * them to be in use, and so never gives the arena back. Returns its first page, and in `withheld` a
 * bit for each page from there on that PyPy does not know of, from before, too. */
char *upp_arena_withhold(struct upp_arena *arena, uint64_t *withheld);

/* Gives those of each arena that has nothing in use back to PyPy, which then gives back the arena
 * in its next collection. */
void upp_arena_put_back(void);

#endif
