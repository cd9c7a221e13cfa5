/* SPDX-License-Identifier: MIT */
#include "arena.h"

#include <sys/uio.h>
#include <unistd.h>

/* In front of what malloc() gives out: the size of a chunk before it, which there is none of, and
 * its own, with a mark of what came from mmap(2). In glibc 2.43, but not yet in 2.41, the size is
 * without these two words. */
#define CHUNK_HEADER (2 * sizeof(size_t))
#define CHUNK_WORD (UPP_ARENA_CHUNK | 2)
#define CHUNK_WORD_2_43 ((UPP_ARENA_CHUNK - CHUNK_HEADER) | 2)

/* Arenas of which pages can be withheld at a time. */
#define ARENAS_MAX 1024

/* ARENA */
struct upp_arena {
    char *base;
    size_t free_pages; /* in the list */
    size_t total_pages;
    char *first_free; /* the first word of each says where the next one is */
    struct upp_arena *next;
};

/* PAGE_HEADER; stays in a page that has become free, but for its first word. */
struct page_header {
    char *next;
    struct upp_arena *arena;
};

static struct withheld {
    struct upp_arena *arena; /* NULL: unused */
    uint64_t pages;          /* a bit for each */
} withheld_pages[ARENAS_MAX];

int upp_arena_is_chunk(const void *memory)
{
    const size_t *header = memory;
    return !header[0] && (header[1] == CHUNK_WORD || header[1] == CHUNK_WORD_2_43);
}

static struct page_header *header_of(char *page)
{
    return (struct page_header *)(void *)page;
}

static char *first_page(char *base)
{
    return base + (UPP_ARENA_PAGE - (uintptr_t)base % UPP_ARENA_PAGE) % UPP_ARENA_PAGE;
}

/* Reads what may not be there: these bytes may be somebody else's. */
static int read_arena(const struct upp_arena *from, struct upp_arena *arena)
{
    struct iovec local = {arena, sizeof *arena};
    struct iovec remote = {(void *)(uintptr_t)from, sizeof *arena};
    return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)sizeof *arena;
}

struct upp_arena *upp_arena_at(char *page)
{
    struct upp_arena arena = {0};
    struct upp_arena *where = header_of(page)->arena;
    if ((uintptr_t)where < UPP_ARENA_PAGE || (uintptr_t)where % sizeof(void *) ||
        !read_arena(where, &arena) || first_page(arena.base) != page)
        return NULL;
    size_t total = (size_t)(arena.base + UPP_ARENA_SIZE - page) / UPP_ARENA_PAGE;
    return arena.total_pages == total && arena.free_pages <= total ? where : NULL;
}

struct upp_arena *upp_arena_in_chunk(char *chunk)
{
    char *base = chunk + CHUNK_HEADER;
    struct upp_arena *arena = upp_arena_is_chunk(chunk) ? upp_arena_at(first_page(base)) : NULL;
    return arena && arena->base == base ? arena : NULL;
}

char *upp_arena_end(const struct upp_arena *arena)
{
    return first_page(arena->base) + arena->total_pages * UPP_ARENA_PAGE;
}

size_t upp_arena_free_pages(const struct upp_arena *arena, char *pages[UPP_ARENA_PAGES_MAX])
{
    const char *first = first_page(arena->base);
    char *page = arena->first_free;
    for (size_t count = 0; count < arena->free_pages; count++) {
        size_t offset = (uintptr_t)page - (uintptr_t)first;
        if (offset % UPP_ARENA_PAGE || offset / UPP_ARENA_PAGE >= arena->total_pages)
            return 0;
        pages[count] = page;
        page = header_of(page)->next;
    }
    return arena->free_pages;
}

/* ---- pages that PyPy does not know of for now -------------------------------------------- */

/* The record of this arena; a new one if it has none; NULL if there is no room for one. */
static struct withheld *record_of(struct upp_arena *arena)
{
    struct withheld *unused = NULL;
    for (size_t i = 0; i < ARENAS_MAX; i++) {
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

/* The first page has the arena's address, by which it is found again. */
static char *page_to_keep(const char *first, char *const *pages, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (pages[i] == first)
            return pages[i];
    }
    return pages[0];
}

char *upp_arena_withhold(struct upp_arena *arena, uint64_t *withheld)
{
    char *pages[UPP_ARENA_PAGES_MAX];
    char *first = first_page(arena->base);
    struct withheld *record = record_of(arena);
    size_t count = upp_arena_free_pages(arena, pages);
    *withheld = record && record->arena ? record->pages : 0;
    if (!record || count < 2)
        return first;
    char *kept = page_to_keep(first, pages, count);
    header_of(kept)->next = header_of(pages[count - 1])->next;
    arena->first_free = kept;
    arena->free_pages = 1;
    for (size_t i = 0; i < count; i++)
        *withheld |= pages[i] == kept ? 0 : bit_of(first, pages[i]);
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
        header_of(page)->next = arena->first_free;
        arena->first_free = page;
        arena->free_pages++;
    }
    *record = (struct withheld){NULL, 0};
}

void upp_arena_put_back(void)
{
    for (size_t i = 0; i < ARENAS_MAX; i++) {
        const struct upp_arena *arena = withheld_pages[i].arena;
        size_t withheld = (size_t)__builtin_popcountll(withheld_pages[i].pages);
        if (arena && arena->free_pages + withheld == arena->total_pages)
            put_back(&withheld_pages[i]);
    }
}
