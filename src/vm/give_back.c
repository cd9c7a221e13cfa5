/* SPDX-License-Identifier: MIT */
#include "../compat.h"
#include "../contract.h"
#include "../thread.h"
#include "arena.h"
#include "maps.h"
#include "pages.h"
#include "shared.h"

#include <malloc.h>
#include <sys/mman.h>

/* Pages that are compared at a time. */
#define COMPARE 16

/* Steps that wait for threads to come to rest. */
#define PATIENCE 50

/* Arenas of which a step gives back the free pages. */
#define ARENAS_PER_STEP 64

/* What of the areas is still there. */
static struct upp_areas present;

/* Where the next step goes on in the file, and how many have waited there. */
static off_t next;
static int patience;

/* Where it goes on with free memory, once it is through with the file. */
static char *next_arena;

/* ---- what equals the file ------------------------------------------------------------------- */

/* An application may close what it did not open, and something else has the number then. */
static int file_is_there(void)
{
    struct stat now;
    return !fstat(upp_shared.file, &now) && now.st_ino == upp_shared.identity.st_ino &&
           now.st_dev == upp_shared.identity.st_dev;
}

static enum upp_area_kind kind_at(off_t offset)
{
    const struct upp_areas *areas = &upp_shared.areas;
    for (int i = 0; i < areas->count; i++) {
        const struct upp_area *area = &areas->list[i];
        if (offset >= area->offset && offset - area->offset < (off_t)area->size)
            return area->kind;
    }
    return UPP_AREA_HEAP;
}

/* PyPy and malloc() give back what they do not need any more, and it may be in use for something
 * else by now. */
static void find_present(const struct upp_mapping *mapping, void *unused)
{
    (void)unused;
    if (mapping->inode == upp_shared.identity.st_ino && !strcmp(mapping->access, "rw-p") &&
        !strncmp(mapping->name, "/memfd:", 7) && present.count < UPP_AREAS_MAX)
        present.list[present.count++] = (struct upp_area){
            mapping->start, mapping->size, mapping->offset, kind_at(mapping->offset)};
}

static void find_all_present(void)
{
    present.count = 0;
    if (file_is_there())
        upp_maps_each(find_present, NULL);
}

/* Gives back those of up to COMPARE pages that equal the file's. */
static void compare(char *start, size_t pages, off_t offset)
{
    static char bytes[COMPARE * UPP_PAGE];
    size_t size = pages * UPP_PAGE;
    if (pread(upp_shared.file, bytes, size, offset) != (ssize_t)size)
        return;
    for (size_t i = 0; i < pages; i++) {
        size_t from = i;
        while (i < pages && !memcmp(start + i * UPP_PAGE, bytes + i * UPP_PAGE, UPP_PAGE))
            i++;
        if (i > from)
            madvise(start + from * UPP_PAGE, (i - from) * UPP_PAGE, MADV_DONTNEED);
    }
}

static void look(const struct upp_area *area, size_t from, size_t pages)
{
    uint64_t entries[UPP_PAGES_MOST];
    pages = upp_pages_read(area->start + from, pages, entries);
    for (size_t i = 0; i < pages; i++) {
        size_t first = i;
        while (i < pages && i < first + COMPARE && upp_page_is_own(entries[i]))
            i++;
        if (i > first) {
            size_t where = from + first * UPP_PAGE;
            compare(area->start + where, i - first, area->offset + (off_t)where);
            i--;
        }
    }
}

/* Returns 1 if it was looked at. */
static int look_safely(const struct upp_area *area, size_t from, size_t pages)
{
    int needs_to_be_alone = area->kind != UPP_AREA_ARENA;
    if (needs_to_be_alone && !upp_thread_alone_begin())
        return 0;
    look(area, from, pages);
    if (needs_to_be_alone)
        upp_thread_alone_end();
    return 1;
}

/* The first area that has something at or behind `next`. */
static const struct upp_area *next_area(void)
{
    for (int i = 0; i < present.count; i++) {
        const struct upp_area *area = &present.list[i];
        if (area->offset + (off_t)area->size > next)
            return area;
    }
    return NULL;
}

/* ---- what is free -----------------------------------------------------------------------------
 */

/* A page of PyPy's that is free has a link to the next one at its start, and nothing else. The
 * file may well have the same link there. */
static void give_back_halves(const struct upp_arena *arena)
{
    char *pages[UPP_ARENA_PAGES_MAX];
    size_t count = upp_arena_free_pages(arena, pages);
    for (size_t i = 0; i < count; i++)
        madvise(pages[i] + UPP_PAGE, UPP_ARENA_PAGE - UPP_PAGE, MADV_DONTNEED);
}

static void give_back_pages(struct upp_arena *arena)
{
    uint64_t free;
    char *first = upp_arena_withhold(arena, &free);
    if (!free)
        give_back_halves(arena);
    for (size_t i = 0; i < UPP_ARENA_PAGES_MAX; i++) {
        size_t from = i;
        while (i < UPP_ARENA_PAGES_MAX && free >> i & 1)
            i++;
        if (i > from)
            madvise(first + from * UPP_ARENA_PAGE, (i - from) * UPP_ARENA_PAGE, MADV_DONTNEED);
    }
}

/* Is it in the file? */
static int is_shared(const struct upp_arena *arena)
{
    const char *start = upp_arena_start(arena);
    for (int i = 0; i < present.count; i++) {
        const struct upp_area *area = &present.list[i];
        if (start >= area->start && start < area->start + area->size)
            return 1;
    }
    return 0;
}

/* Returns 1 if there are more of them. */
static int give_back_arenas(void)
{
    size_t count;
    struct upp_arena *const *arenas = upp_arena_list(&count);
    int done = 0;
    for (size_t i = 0; i < count; i++) {
        if (upp_arena_start(arenas[i]) < next_arena)
            continue;
        if (done++ == ARENAS_PER_STEP)
            return 1;
        if (is_shared(arenas[i]))
            give_back_halves(arenas[i]);
        else
            give_back_pages(arenas[i]);
        next_arena = upp_arena_start(arenas[i]) + UPP_ARENA_SIZE;
    }
    return 0;
}

/* Whether the file has something in its place or not; PyPy's, and then malloc()'s. */
static int64_t step_of_free_memory(void)
{
    if (give_back_arenas())
        return 1;
    malloc_trim(0);
    return 0;
}

/* ---- step by step -----------------------------------------------------------------------------
 */

static int64_t step(void)
{
    find_all_present();
    const struct upp_area *area = next_area();
    if (!area)
        return step_of_free_memory();
    size_t from = next > area->offset ? (size_t)(next - area->offset) : 0;
    size_t pages = upp_pages_from(area->size, from);
    if (look_safely(area, from, pages) || ++patience >= PATIENCE)
        next = area->offset + (off_t)(from + pages * UPP_PAGE);
    return 1;
}

static int64_t put_back(void)
{
    upp_arena_put_back();
    return 0;
}

void upp_share_before_collection(void)
{
    upp_shared_with_gil(put_back);
}

void upp_share_begin(void)
{
    next = 0;
    patience = 0;
    next_arena = NULL;
}

int upp_share_step(void)
{
    return (int)upp_shared_with_gil(step);
}
