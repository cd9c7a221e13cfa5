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

/* The number of pages that are free, as far as it can be told. */
static int free_pages(void)
{
    const struct upp_arena *there = upp_arena_in_chunk(chunk);
    return there ? (int)upp_arena_free_pages(there, found) : 0;
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
    CHECK_INT(free_pages(), 3);
    CHECK(found[0] == page(5) && found[1] == page(2) && found[2] == page(62));
    CHECK(upp_arena_end(upp_arena_in_chunk(chunk)) == page(PAGES));
}

/* Those that have never been in use come after them, and are not listed. */
static void test_pages_never_used(void)
{
    make();
    arena.free_pages = 2;
    CHECK_INT(free_pages(), 2);
    arena.free_pages = 0;
    CHECK_INT(free_pages(), 0);
}

static void test_all_pages(void)
{
    make();
    for (int number = 0; number < PAGES; number++)
        write_word(page(number), page(number + 1));
    arena.first_free = page(0);
    arena.free_pages = PAGES;
    CHECK_INT(free_pages(), PAGES);
    arena.free_pages = PAGES + 1;
    CHECK_INT(free_pages(), 0);
}

/* As glibc 2.43 writes it. */
static void test_a_newer_chunk(void)
{
    size_t newer = (UPP_ARENA_CHUNK - 16) | 2;
    make();
    memcpy(chunk + sizeof newer, &newer, sizeof newer);
    CHECK(upp_arena_is_chunk(chunk));
    CHECK_INT(free_pages(), 3);
}

static void test_another_chunk(void)
{
    size_t other = (UPP_ARENA_CHUNK + 4096) | 2;
    make();
    memcpy(chunk + sizeof other, &other, sizeof other);
    CHECK(!upp_arena_is_chunk(chunk));
    CHECK_INT(free_pages(), 0);
}

/* Somebody else's: what is where the arena's address would be is not one, or cannot be read. */
static void test_no_arena(void)
{
    make();
    write_word(page(0) + sizeof(void *), NULL);
    CHECK_INT(free_pages(), 0);
    write_word(page(0) + sizeof(void *),
               "a text of more than forty bytes, which an arena's words take");
    CHECK_INT(free_pages(), 0);
}

static void test_a_list_that_leads_elsewhere(void)
{
    const void *wrong[] = {NULL, page(0) - UPP_ARENA_PAGE, page(PAGES), page(3) + 8, &arena};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        make();
        write_word(page(2), wrong[i]);
        CHECK_INT(free_pages(), 0);
    }
}

static void test_numbers_that_do_not_fit(void)
{
    make();
    arena.total_pages = PAGES + 1;
    CHECK_INT(free_pages(), 0);
    make();
    arena.base += 8;
    CHECK_INT(free_pages(), 0);
}

/* ---- pages that PyPy does not know of for now ---- */

/* As the collector does. */
static void free_page(int number)
{
    write_word(page(number), arena.first_free);
    arena.first_free = page(number);
    arena.free_pages++;
}

/* All that is not free becomes free, and nothing is withheld any more. */
static void free_all(void)
{
    arena.free_pages = PAGES - 2;
    upp_arena_put_back();
}

/* Returns a bit for each page that PyPy does not know of. */
static uint64_t withhold(void)
{
    uint64_t withheld = 0;
    CHECK(upp_arena_withhold(upp_arena_in_chunk(chunk), &withheld) == page(0));
    return withheld;
}

static uint64_t bits(int first, int second)
{
    return (uint64_t)1 << first | (uint64_t)1 << second;
}

static void test_withhold(void)
{
    make();
    CHECK(withhold() == bits(2, 62));
    CHECK(arena.first_free == page(5));
    CHECK_INT(free_pages(), 1);
    CHECK(found[0] == page(5));
    CHECK(withhold() == bits(2, 62));
    free_all();
}

/* By what is in the first page the arena is found again. */
static void test_the_first_page_is_kept(void)
{
    make();
    write_word(page(2), page(0));
    CHECK(withhold() == bits(5, 2));
    CHECK_INT(free_pages(), 1);
    CHECK(found[0] == page(0));
    free_all();
}

/* What comes behind the list: nothing, or pages that have never been in use. */
static void test_what_is_behind_stays_behind(void)
{
    char *behind;
    make();
    write_word(page(62), page(40));
    withhold();
    memcpy(&behind, page(5), sizeof behind);
    CHECK(behind == page(40));
    free_all();
}

/* A list that is not as it should be is left alone. */
static void test_nothing_to_withhold(void)
{
    make();
    write_word(page(2), page(3) + 8);
    CHECK(withhold() == 0);
    CHECK_INT((int64_t)arena.free_pages, 3);
    CHECK(arena.first_free == page(5));
}

/* Nothing is in them any more. */
static void withhold_and_forget(void)
{
    uint64_t withheld = withhold();
    for (int number = 0; number < PAGES; number++) {
        if (withheld >> number & 1)
            memset(page(number), 0, UPP_ARENA_PAGE);
    }
}

static void test_put_back(void)
{
    uint64_t seen = 0;
    make();
    write_word(page(62), NULL);
    withhold_and_forget();
    upp_arena_put_back();
    CHECK_INT((int64_t)arena.free_pages, 1);
    for (int number = 0; number < PAGES; number++) {
        if (number != 2 && number != 5 && number != 62)
            free_page(number);
        if (number == 30)
            withhold_and_forget();
    }
    upp_arena_put_back();
    CHECK_INT(free_pages(), PAGES);
    for (int i = 0; i < PAGES; i++)
        seen |= (uint64_t)1 << (size_t)(found[i] - page(0)) / UPP_ARENA_PAGE;
    CHECK(seen == ((uint64_t)1 << PAGES) - 1);
}

/* More arenas than there is room for: the rest keeps its pages. */
static void test_many_arenas(void)
{
    enum { MANY = 2000 };
    static struct arena others[MANY];
    int withheld = 0;
    make();
    for (int i = 0; i < MANY; i++) {
        uint64_t pages;
        others[i] = (struct arena){chunk + 16, 3, PAGES, page(5), NULL};
        write_word(page(0) + sizeof(void *), &others[i]);
        write_word(page(5), page(2));
        write_word(page(2), page(62));
        upp_arena_withhold(upp_arena_at(page(0)), &pages);
        withheld += pages != 0;
        CHECK_INT((int64_t)others[i].free_pages, pages ? 1 : 3);
    }
    CHECK(withheld > 1000 && withheld < MANY);
}

int main(void)
{
    RUN(test_free_pages);
    RUN(test_pages_never_used);
    RUN(test_all_pages);
    RUN(test_a_newer_chunk);
    RUN(test_another_chunk);
    RUN(test_no_arena);
    RUN(test_a_list_that_leads_elsewhere);
    RUN(test_numbers_that_do_not_fit);
    RUN(test_withhold);
    RUN(test_the_first_page_is_kept);
    RUN(test_what_is_behind_stays_behind);
    RUN(test_nothing_to_withhold);
    RUN(test_put_back);
    RUN(test_many_arenas);
    return unit_result();
}
