/* SPDX-License-Identifier: MIT */
/* vm/arena.c */
#include "unit.h"
#include "vm/arena.h"

#include <string.h>
#include <sys/mman.h>

/* As PyPy has them. */
struct arena {
    char *base;
    size_t free_pages;
    size_t total_pages;
    char *first_free;
    struct arena *next;
};

enum {
    ARENA_SIZE,
    ARENAS_COUNT,
    ARENAS_LISTS,
    CURRENT_ARENA,
    HEADER_SIZE = 5,
    PAGES_MOST,
    OLD_ARENAS_LISTS = 10,
    PAGE_SIZE = 14,
    SMALL_OBJECT = 18,
    MEMORY_ALLOCED,
    WORDS = 21
};

#define PAGES 63
#define ARENAS 3

static struct arena arenas[ARENAS];
static struct arena *lists[UPP_ARENA_PAGES_MAX];
static char *memory;

/* libpypy's variables, some of which are the collector's. */
static size_t variables[3 * WORDS];
static size_t *const collection = variables + WORDS;

static struct arena *const arena = &arenas[0];
static char *found[UPP_ARENA_PAGES_MAX];

static char *chunk(int number)
{
    return memory + (size_t)number * UPP_ARENA_CHUNK;
}

/* Of the first arena. */
static char *page(int number)
{
    return chunk(0) + UPP_ARENA_PAGE + (size_t)number * UPP_ARENA_PAGE;
}

static void write_word(char *where, const void *word)
{
    memcpy(where, &word, sizeof word);
}

/* Chunks of malloc(), one behind the other from the start of a page of the arena's size on. */
static void make_memory(void)
{
    static char *mapped;
    size_t words[2] = {0, UPP_ARENA_CHUNK | 2};
    if (mapped)
        munmap(mapped, (ARENAS + 1) * UPP_ARENA_CHUNK);
    mapped = mmap(NULL, (ARENAS + 1) * UPP_ARENA_CHUNK, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memory = mapped + (UPP_ARENA_PAGE - (uintptr_t)mapped % UPP_ARENA_PAGE) % UPP_ARENA_PAGE;
    for (int i = 0; i < ARENAS; i++)
        memcpy(chunk(i), words, sizeof words);
}

static void make_collection(void)
{
    memset(variables, 0, sizeof variables);
    collection[ARENA_SIZE] = UPP_ARENA_SIZE;
    collection[ARENAS_COUNT] = ARENAS;
    collection[ARENAS_LISTS] = (size_t)lists;
    collection[HEADER_SIZE] = 32;
    collection[PAGES_MOST] = 64;
    collection[PAGE_SIZE] = UPP_ARENA_PAGE;
    collection[SMALL_OBJECT] = 280;
    collection[MEMORY_ALLOCED] = ARENAS * UPP_ARENA_SIZE;
}

/* Of the first arena pages 5, 2 and 62 are free, in that order; of the second one none; the third
 * one is in use. */
static void make(void)
{
    make_memory();
    make_collection();
    memset(lists, 0, sizeof lists);
    for (int i = 0; i < ARENAS; i++) {
        char *base = chunk(i) + 16;
        size_t end = (size_t)base + UPP_ARENA_SIZE;
        size_t first = ((size_t)base + UPP_ARENA_PAGE - 1) / UPP_ARENA_PAGE;
        arenas[i] = (struct arena){base, 0, end / UPP_ARENA_PAGE - first, NULL, NULL};
    }
    arena->free_pages = 3;
    arena->first_free = page(5);
    write_word(page(5), page(2));
    write_word(page(2), page(62));
    lists[3] = &arenas[0];
    lists[0] = &arenas[1];
    collection[CURRENT_ARENA] = (size_t)&arenas[2];
    CHECK(upp_arena_find((const char *)variables, sizeof variables));
}

/* How many arenas there are. */
static int count(void)
{
    size_t there;
    upp_arena_list(&there);
    return (int)there;
}

static struct upp_arena *first(void)
{
    size_t there;
    struct upp_arena *const *listed = upp_arena_list(&there);
    return there ? listed[0] : NULL;
}

/* The number of free pages of the first arena. */
static int free_pages(void)
{
    return (int)upp_arena_free_pages(first(), found);
}

/* ---- which there are ---- */

static void test_by_their_addresses(void)
{
    size_t there;
    make();
    struct upp_arena *const *listed = upp_arena_list(&there);
    CHECK_INT((int64_t)there, ARENAS);
    for (int i = 0; i < ARENAS; i++) {
        CHECK(listed[i] == (struct upp_arena *)(void *)&arenas[i]);
        CHECK(upp_arena_start(listed[i]) == arenas[i].base);
    }
}

static void test_one_more(void)
{
    make();
    lists[3] = NULL;
    collection[ARENAS_COUNT] = 2;
    collection[MEMORY_ALLOCED] = 2 * UPP_ARENA_SIZE;
    CHECK_INT(count(), 2);
    arenas[1].next = &arenas[0];
    collection[ARENAS_COUNT] = 3;
    collection[MEMORY_ALLOCED] = 3 * UPP_ARENA_SIZE;
    CHECK_INT(count(), 3);
    collection[CURRENT_ARENA] = 0;
    CHECK_INT(count(), 0);
}

/* One that the lists do not have is none any more, however it looks. */
static void test_one_that_is_gone(void)
{
    make();
    lists[3] = NULL;
    CHECK_INT(count(), 0);
    collection[ARENAS_COUNT] = 2;
    collection[MEMORY_ALLOCED] = 2 * UPP_ARENA_SIZE;
    CHECK(first() == (struct upp_arena *)(void *)&arenas[1]);
}

static void test_variables_that_are_others(void)
{
    static const int of_note[] = {ARENA_SIZE, ARENAS_COUNT, HEADER_SIZE,   PAGES_MOST,
                                  PAGE_SIZE,  SMALL_OBJECT, MEMORY_ALLOCED};
    for (size_t i = 0; i < sizeof of_note / sizeof *of_note; i++) {
        make();
        collection[of_note[i]]++;
        CHECK_INT(count(), 0);
        CHECK(!upp_arena_find((const char *)variables, sizeof variables));
        CHECK_INT(count(), 0);
    }
    make();
    CHECK(!upp_arena_find((const char *)variables, (2 * WORDS - 1) * sizeof(size_t)));
}

static void test_numbers_that_do_not_fit(void)
{
    make();
    arena->total_pages++;
    CHECK_INT(count(), 0);
    make();
    arena->free_pages = PAGES + 1;
    CHECK_INT(count(), 0);
}

static void test_lists_without_an_end(void)
{
    make();
    arena->next = arena;
    CHECK_INT(count(), 0);
}

static void test_too_many(void)
{
    make();
    collection[ARENAS_COUNT] = 100000;
    collection[MEMORY_ALLOCED] = 100000 * UPP_ARENA_SIZE;
    CHECK_INT(count(), 0);
}

/* ---- one of them ---- */

static void write_size(size_t size)
{
    memcpy(chunk(0) + sizeof size, &size, sizeof size);
}

static void test_chunk(void)
{
    make();
    CHECK(upp_arena_chunk(first()) == chunk(0));
    /* as glibc 2.43 writes it */
    write_size((UPP_ARENA_CHUNK - 16) | 2);
    CHECK(upp_arena_chunk(first()) == chunk(0));
    write_size((UPP_ARENA_CHUNK + 4096) | 2);
    CHECK(!upp_arena_chunk(first()));
    /* of brk(2) */
    write_size(UPP_ARENA_CHUNK | 1);
    CHECK(!upp_arena_chunk(first()));
}

static void test_free_pages(void)
{
    make();
    CHECK_INT(free_pages(), 3);
    CHECK(found[0] == page(5) && found[1] == page(2) && found[2] == page(62));
}

/* Pages that have never been in use come after its free ones. */
static void test_the_arena_in_use(void)
{
    make();
    arenas[2].free_pages = 1;
    arenas[2].first_free = arenas[2].base + UPP_ARENA_PAGE - 16;
    lists[3] = &arenas[2];
    collection[CURRENT_ARENA] = (size_t)arena;
    CHECK_INT(free_pages(), 0);
}

static void test_all_pages(void)
{
    make();
    for (int number = 0; number < PAGES; number++)
        write_word(page(number), number + 1 < PAGES ? page(number + 1) : NULL);
    arena->first_free = page(0);
    arena->free_pages = PAGES;
    CHECK_INT(free_pages(), PAGES);
}

static void test_a_list_that_leads_elsewhere(void)
{
    const void *wrong[] = {NULL, page(0) - UPP_ARENA_PAGE, page(PAGES), page(3) + 8, &arenas};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        make();
        write_word(page(2), wrong[i]);
        CHECK_INT(free_pages(), 0);
    }
    make();
    arena->free_pages = 2;
    CHECK_INT(free_pages(), 0);
}

/* ---- pages that PyPy does not know of for now ---- */

/* As the collector does. */
static void free_page(int number)
{
    write_word(page(number), arena->first_free);
    arena->first_free = page(number);
    arena->free_pages++;
}

/* All that is not free becomes free, and nothing is withheld any more. */
static void free_all(void)
{
    arena->free_pages = PAGES - 2;
    upp_arena_put_back();
}

/* Returns a bit for each page that PyPy does not know of. */
static uint64_t withhold(void)
{
    uint64_t withheld = 0;
    CHECK(upp_arena_withhold(first(), &withheld) == page(0));
    return withheld;
}

static uint64_t bits(int one, int other)
{
    return (uint64_t)1 << one | (uint64_t)1 << other;
}

static void test_withhold(void)
{
    make();
    CHECK(withhold() == bits(2, 62));
    CHECK(arena->first_free == page(5));
    CHECK_INT(free_pages(), 1);
    CHECK(found[0] == page(5));
    CHECK(withhold() == bits(2, 62));
    free_all();
}

/* A list that is not as it should be is left alone; and so is an arena that PyPy will give back. */
static void test_nothing_to_withhold(void)
{
    make();
    write_word(page(2), page(3) + 8);
    CHECK(withhold() == 0);
    CHECK_INT((int64_t)arena->free_pages, 3);
    CHECK(arena->first_free == page(5));
    test_all_pages();
    CHECK(withhold() == 0);
    CHECK_INT((int64_t)arena->free_pages, PAGES);
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
    withhold_and_forget();
    upp_arena_put_back();
    CHECK_INT((int64_t)arena->free_pages, 1);
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
        others[i] = *arena;
        write_word(page(5), page(2));
        upp_arena_withhold((struct upp_arena *)(void *)&others[i], &pages);
        withheld += pages != 0;
        CHECK_INT((int64_t)others[i].free_pages, pages ? 1 : 3);
    }
    CHECK(withheld > 1000 && withheld < MANY);
}

int main(void)
{
    RUN(test_by_their_addresses);
    RUN(test_one_more);
    RUN(test_one_that_is_gone);
    RUN(test_variables_that_are_others);
    RUN(test_numbers_that_do_not_fit);
    RUN(test_lists_without_an_end);
    RUN(test_too_many);
    RUN(test_chunk);
    RUN(test_free_pages);
    RUN(test_the_arena_in_use);
    RUN(test_all_pages);
    RUN(test_a_list_that_leads_elsewhere);
    RUN(test_withhold);
    RUN(test_nothing_to_withhold);
    RUN(test_put_back);
    RUN(test_many_arenas);
    return unit_result();
}
