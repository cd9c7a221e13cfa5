/* SPDX-License-Identifier: MIT */
#include "arena.h"

#include <stdint.h>
#include <sys/uio.h>
#include <unistd.h>

/* In front of what malloc() gives out: the size of a chunk before it, which there is none of, and
 * its own, with a mark of what came from mmap(2). */
#define CHUNK_HEADER (2 * sizeof(size_t))
#define CHUNK_WORD (UPP_ARENA_CHUNK | 2)

/* ARENA */
struct arena {
    char *base;
    size_t free_pages; /* in the list */
    size_t total_pages;
    char *first_free; /* the first word of each says where the next one is */
    struct arena *next;
};

/* PAGE_HEADER; stays in a page that has become free, but for its first word. */
struct page_header {
    char *next;
    struct arena *arena;
};

int upp_arena_is_chunk(const void *memory)
{
    const size_t *header = memory;
    return !header[0] && header[1] == CHUNK_WORD;
}

/* Reads what may not be there: somebody else may have asked malloc() for that size. */
static int read_arena(const struct arena *from, struct arena *arena)
{
    struct iovec local = {arena, sizeof *arena};
    struct iovec remote = {(void *)(uintptr_t)from, sizeof *arena};
    return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)sizeof *arena;
}

size_t upp_arena_free_pages(char *chunk, char *pages[UPP_ARENA_PAGES_MAX])
{
    struct arena arena = {0};
    char *base = chunk + CHUNK_HEADER;
    char *first = base + (UPP_ARENA_PAGE - (uintptr_t)base % UPP_ARENA_PAGE) % UPP_ARENA_PAGE;
    size_t total = (size_t)(base + UPP_ARENA_SIZE - first) / UPP_ARENA_PAGE;
    const struct page_header *header = (const struct page_header *)(const void *)first;
    if (!upp_arena_is_chunk(chunk) || !read_arena(header->arena, &arena) || arena.base != base ||
        arena.total_pages != total || arena.free_pages > total)
        return 0;
    char *page = arena.first_free;
    for (size_t count = 0; count < arena.free_pages; count++) {
        size_t offset = (uintptr_t)page - (uintptr_t)first;
        if (offset % UPP_ARENA_PAGE || offset / UPP_ARENA_PAGE >= total)
            return 0;
        pages[count] = page;
        page = ((const struct page_header *)(const void *)page)->next;
    }
    return arena.free_pages;
}
