/* SPDX-License-Identifier: MIT */
#include "arena.h"

#include <stdlib.h>

/* In front of what malloc() gives out: the size of a chunk before it, which there is none of, and
 * its own, with a mark of what came from mmap(2). In glibc 2.43, but not yet in 2.41, the size is
 * without these two words. */
#define CHUNK_HEADER (2 * sizeof(size_t))
#define CHUNK_WORD (UPP_ARENA_CHUNK | 2)
#define CHUNK_WORD_2_43 ((UPP_ARENA_CHUNK - CHUNK_HEADER) | 2)

/* With more of them, 4 GB, nothing is known of any. */
#define ARENAS_MAX 8192

/* Arenas of which pages can be withheld at a time. */
#define WITHHELD_MAX 1024

/* ARENA */
struct upp_arena {
    char *base;
    size_t free_pages; /* in the list */
    size_t total_pages;
    char *first_free; /* the first word of each says where the next one is */
    struct upp_arena *next;
};

/* ArenaCollection: its fields by their names, each a word. */
struct collection {
    size_t arena_size;
    size_t arenas_count;
    struct upp_arena **arenas_lists; /* by the number of free pages at the end of a collection */
    struct upp_arena *current_arena; /* in none of them */
    const void *full_page_for_size;
    size_t hdrsize;
    size_t max_pages_per_arena;
    size_t min_empty_nfreepages;
    const void *nblocks_for_size;
    size_t num_uninitialized_pages;
    const void *old_arenas_lists;
    const void *old_full_page_for_size;
    const void *old_page_for_size;
    const void *page_for_size;
    size_t page_size;
    size_t peak_memory_alloced;
    size_t peak_memory_used;
    size_t size_class_with_old_pages;
    size_t small_request_threshold;
    size_t total_memory_alloced;
    size_t total_memory_used;
};

/* Of its fields, those that never change (PAGE_HEADER; TRANSLATION_PARAMS in incminimark.py). */
#define HEADER_SIZE (4 * sizeof(void *))
#define SMALL_OBJECT (35 * sizeof(void *))

/* NULL: none was found. */
static const struct collection *collection;

static struct withheld {
    struct upp_arena *arena; /* NULL: unused */
    uint64_t pages;          /* a bit for each */
} withheld_pages[WITHHELD_MAX];

/* ---- which there are ----------------------------------------------------------------------- */

static int is_collection(const struct collection *it)
{
    return it->arena_size == UPP_ARENA_SIZE && it->hdrsize == HEADER_SIZE &&
           it->max_pages_per_arena == UPP_ARENA_PAGES_MAX && it->page_size == UPP_ARENA_PAGE &&
           it->small_request_threshold == SMALL_OBJECT &&
           it->total_memory_alloced == it->arenas_count * UPP_ARENA_SIZE;
}

int upp_arena_find(const char *data, size_t size)
{
    collection = NULL;
    for (size_t at = 0; at + sizeof *collection <= size; at += sizeof(void *)) {
        const struct collection *it = (const struct collection *)(const void *)(data + at);
        if (is_collection(it)) {
            collection = it;
            return 1;
        }
    }
    return 0;
}

static char *first_page(const char *base)
{
    return (char *)base + (UPP_ARENA_PAGE - (uintptr_t)base % UPP_ARENA_PAGE) % UPP_ARENA_PAGE;
}

static int is_arena(const struct upp_arena *arena)
{
    const char *end = arena->base + UPP_ARENA_SIZE;
    return arena->total_pages == (size_t)(end - first_page(arena->base)) / UPP_ARENA_PAGE &&
           arena->free_pages <= arena->total_pages;
}

static int compare_addresses(const void *left, const void *right)
{
    const char *a = (*(struct upp_arena *const *)left)->base;
    const char *b = (*(struct upp_arena *const *)right)->base;
    return (a > b) - (a < b);
}

/* Fills the array, unsorted. Returns how many there are, 0 if the lists are not right. */
static size_t read_lists(struct upp_arena *arenas[ARENAS_MAX])
{
    size_t count = 0;
    if (!collection || !is_collection(collection) || collection->arenas_count > ARENAS_MAX)
        return 0;
    if (collection->current_arena)
        arenas[count++] = collection->current_arena;
    for (size_t i = 0; i < UPP_ARENA_PAGES_MAX; i++) {
        for (struct upp_arena *arena = collection->arenas_lists[i]; arena; arena = arena->next) {
            if (count >= collection->arenas_count || !is_arena(arena))
                return 0;
            arenas[count++] = arena;
        }
    }
    return count == collection->arenas_count ? count : 0;
}

struct upp_arena *const *upp_arena_list(size_t *count)
{
    static struct upp_arena *arenas[ARENAS_MAX];
    *count = read_lists(arenas);
    qsort(arenas, *count, sizeof(void *), compare_addresses);
    return arenas;
}

/* ---- one of them --------------------------------------------------------------------------- */

char *upp_arena_start(const struct upp_arena *arena)
{
    return arena->base;
}

char *upp_arena_chunk(const struct upp_arena *arena)
{
    char *chunk = arena->base - CHUNK_HEADER;
    const size_t *header = (const size_t *)(const void *)chunk;
    /* another malloc() has something else there, if anything */
    if ((uintptr_t)chunk % 4096 || header[0])
        return NULL;
    return header[1] == CHUNK_WORD || header[1] == CHUNK_WORD_2_43 ? chunk : NULL;
}

/* The first word of a free page. */
static char **next_of(char *page)
{
    return (char **)(void *)page;
}

size_t upp_arena_free_pages(const struct upp_arena *arena, char *pages[UPP_ARENA_PAGES_MAX])
{
    const char *first = first_page(arena->base);
    char *page = arena->first_free;
    if (arena == collection->current_arena)
        return 0;
    for (size_t count = 0; count < arena->free_pages; count++) {
        size_t offset = (uintptr_t)page - (uintptr_t)first;
        if (offset % UPP_ARENA_PAGE || offset / UPP_ARENA_PAGE >= arena->total_pages)
            return 0;
        pages[count] = page;
        page = *next_of(page);
    }
    return page ? 0 : arena->free_pages;
}

/* ---- pages that PyPy does not know of for now -------------------------------------------- */

/* The record of this arena; a new one if it has none; NULL if there is no room for one. */
static struct withheld *record_of(struct upp_arena *arena)
{
    struct withheld *unused = NULL;
    for (size_t i = 0; i < WITHHELD_MAX; i++) {
        if (withheld_pages[i].arena == arena)
            return &withheld_pages[i];
        if (!withheld_pages[i].arena && !unused)
            unused = &withheld_pages[i];
    }
    return unused;
}

static uint64_t bit_of(const char *first, const char *page)
{
    return (uint64_t)1 << ((size_t)(page - first) / UPP_ARENA_PAGE);
}

char *upp_arena_withhold(struct upp_arena *arena, uint64_t *withheld)
{
    char *pages[UPP_ARENA_PAGES_MAX];
    char *first = first_page(arena->base);
    struct withheld *record = record_of(arena);
    size_t count = upp_arena_free_pages(arena, pages);
    *withheld = record && record->arena ? record->pages : 0;
    /* one that is free as a whole goes as a whole */
    if (!record || count < 2 || count == arena->total_pages)
        return first;
    *next_of(pages[0]) = NULL;
    arena->first_free = pages[0];
    arena->free_pages = 1;
    for (size_t i = 1; i < count; i++)
        *withheld |= bit_of(first, pages[i]);
    *record = (struct withheld){arena, *withheld};
    return first;
}

static void put_back(struct withheld *record)
{
    struct upp_arena *arena = record->arena;
    char *first = first_page(arena->base);
    for (size_t i = arena->total_pages; i-- > 0;) {
        char *page = first + i * UPP_ARENA_PAGE;
        if (!(record->pages & bit_of(first, page)))
            continue;
        *next_of(page) = arena->first_free;
        arena->first_free = page;
        arena->free_pages++;
    }
    *record = (struct withheld){NULL, 0};
}

void upp_arena_put_back(void)
{
    for (size_t i = 0; i < WITHHELD_MAX; i++) {
        const struct upp_arena *arena = withheld_pages[i].arena;
        size_t withheld = (size_t)__builtin_popcountll(withheld_pages[i].pages);
        if (arena && arena->free_pages + withheld == arena->total_pages)
            put_back(&withheld_pages[i]);
    }
}
