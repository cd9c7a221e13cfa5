/* SPDX-License-Identifier: MIT */
/* vm/arena.c */
#include "unit.h"
#include "vm/arena.h"

#include <string.h>
#include <sys/mman.h>

/* As PyPy has it. */
struct arena {
    char *base;
    size_t free_pages;
    size_t total_pages;
    char *first_free;
    void *next;
};

#define PAGES 63

static struct arena arena;
static char *chunk;
static char *found[UPP_ARENA_PAGES_MAX];

static char *page(int number)
{
    return chunk + UPP_ARENA_PAGE + (size_t)number * UPP_ARENA_PAGE;
}

static void write_word(char *where, const void *word)
{
    memcpy(where, &word, sizeof word);
}

/* An arena of which pages 5, 2 and 62 are free, in that order, as a chunk of malloc() at the start
 * of a page of the arena's size. */
static void make(void)
{
    static char *memory;
    size_t words[2] = {0, UPP_ARENA_CHUNK | 2};
    if (memory)
        munmap(memory, 2 * UPP_ARENA_CHUNK);
    memory =
        mmap(NULL, 2 * UPP_ARENA_CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    chunk = memory + (UPP_ARENA_PAGE - (uintptr_t)memory % UPP_ARENA_PAGE) % UPP_ARENA_PAGE;
    memcpy(chunk, words, sizeof words);
    arena = (struct arena){chunk + 16, 3, PAGES, page(5), NULL};
    write_word(page(0) + sizeof(void *), &arena);
    write_word(page(5), page(2));
    write_word(page(2), page(62));
}

static void test_free_pages(void)
{
    make();
    CHECK_INT((int64_t)upp_arena_free_pages(chunk, found), 3);
    CHECK(found[0] == page(5) && found[1] == page(2) && found[2] == page(62));
}

/* Those that have never been in use come after them, and are not listed. */
static void test_pages_never_used(void)
{
    make();
    arena.free_pages = 2;
    CHECK_INT((int64_t)upp_arena_free_pages(chunk, found), 2);
    arena.free_pages = 0;
    CHECK_INT((int64_t)upp_arena_free_pages(chunk, found), 0);
}

static void test_all_pages(void)
{
    make();
    for (int number = 0; number < PAGES; number++)
        write_word(page(number), page(number + 1));
    arena.first_free = page(0);
    arena.free_pages = PAGES;
    CHECK_INT((int64_t)upp_arena_free_pages(chunk, found), PAGES);
    arena.free_pages = PAGES + 1;
    CHECK_INT((int64_t)upp_arena_free_pages(chunk, found), 0);
}

static void test_another_chunk(void)
{
    size_t other = (UPP_ARENA_CHUNK + 4096) | 2;
    make();
    memcpy(chunk + sizeof other, &other, sizeof other);
    CHECK(!upp_arena_is_chunk(chunk));
    CHECK_INT((int64_t)upp_arena_free_pages(chunk, found), 0);
}

/* Somebody else's: what is where the arena's address would be is not one, or cannot be read. */
static void test_no_arena(void)
{
    make();
    write_word(page(0) + sizeof(void *), NULL);
    CHECK_INT((int64_t)upp_arena_free_pages(chunk, found), 0);
    write_word(page(0) + sizeof(void *),
               "a text of more than forty bytes, which an arena's words take");
    CHECK_INT((int64_t)upp_arena_free_pages(chunk, found), 0);
}

static void test_a_list_that_leads_elsewhere(void)
{
    const void *wrong[] = {NULL, page(0) - UPP_ARENA_PAGE, page(PAGES), page(3) + 8, &arena};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        make();
        write_word(page(2), wrong[i]);
        CHECK_INT((int64_t)upp_arena_free_pages(chunk, found), 0);
    }
}

static void test_numbers_that_do_not_fit(void)
{
    make();
    arena.total_pages = PAGES + 1;
    CHECK_INT((int64_t)upp_arena_free_pages(chunk, found), 0);
    make();
    arena.base += 8;
    CHECK_INT((int64_t)upp_arena_free_pages(chunk, found), 0);
}

int main(void)
{
    RUN(test_free_pages);
    RUN(test_pages_never_used);
    RUN(test_all_pages);
    RUN(test_another_chunk);
    RUN(test_no_arena);
    RUN(test_a_list_that_leads_elsewhere);
    RUN(test_numbers_that_do_not_fit);
    return unit_result();
}
