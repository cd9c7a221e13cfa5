/* SPDX-License-Identifier: MIT */
#include "share.h"

#include "../compat.h"
#include "../contract.h"
#include "../thread.h"
#include "arena.h"
#include "holes.h"
#include "libpypy.h"
#include "maps.h"

#include <malloc.h>
#include <sys/mman.h>

#define PAGE ((size_t)4096)

#define AREAS_MAX 128

/* Pages that a step looks at, and those that are compared at a time. */
#define LOOK 512
#define COMPARE 16

/* Larger mappings are something else. */
#define MAPPING_MAX ((size_t)16 << 30)

/* What is moved into the file at a time: it takes twice the memory meanwhile. */
#define PIECE ((size_t)64 << 20)

/* Arenas of which a step gives back free pages. */
#define ARENAS 64

/* Steps that wait for threads to come to rest. */
#define PATIENCE 50

/* Bits of /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst). */
#define PRESENT ((uint64_t)1 << 63)
#define SWAPPED ((uint64_t)1 << 62)
#define OF_A_FILE ((uint64_t)1 << 61)

struct area {
    char *start;
    size_t size;
    off_t offset;     /* in the file */
    int is_arena;     /* only written by who holds the GIL */
    int is_anonymous; /* zero where nobody has written */
};

struct areas {
    struct area list[AREAS_MAX];
    int count;
};

static const struct upp_libpypy *pypy;

static int file = -1;
static struct stat identity;

/* Before the fork, and what of it is still there. */
static struct areas prepared;
static struct areas present;

/* Where the next step goes on in the file, and how many have waited there. */
static off_t next;
static int patience;

/* Where it goes on with free pages, once it is through with the file. */
static char *next_arena;

void upp_share_install(const struct upp_libpypy *loaded)
{
    pypy = loaded;
}

/* With the GIL, so that nobody else writes to objects; without signals, as handlers write, too. */
static int64_t with_gil(int64_t (*function)(void))
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int state = pypy->gil_ensure();
    int64_t result = function();
    pypy->gil_release(state);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

/* Reads what pagemap says of so many pages. Returns for how many it could. */
static size_t read_pagemap(const char *start, uint64_t *entries, size_t pages)
{
    int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (pagemap < 0)
        return 0;
    ssize_t n = pread(pagemap, entries, pages * sizeof *entries,
                      (off_t)((uintptr_t)start / PAGE * sizeof *entries));
    close(pagemap);
    return n > 0 ? (size_t)n / sizeof *entries : 0;
}

/* How many of the pages behind `from` to look at, with a mapping or an area of this size. */
static size_t pages_from(size_t size, size_t from)
{
    return UMIN((size - from) / PAGE, (size_t)LOOK);
}

/* Calls `see` for each arena in the mapping, from that offset on, until it returns another value
 * than 0. Reads only pages that are there: many may not be, and would be for having been read. */
static void each_arena(const struct upp_mapping *mapping, size_t from,
                       int (*see)(char *chunk, void *argument), void *argument)
{
    uint64_t entries[LOOK];
    if (mapping->size > MAPPING_MAX)
        return;
    for (size_t pages; from < mapping->size; from += pages * PAGE) {
        pages = pages_from(mapping->size, from);
        size_t known = read_pagemap(mapping->start + from, entries, pages);
        for (size_t i = 0; i < known; i++) {
            size_t at = from + i * PAGE;
            char *chunk = mapping->start + at;
            if (entries[i] & PRESENT && mapping->size - at >= UPP_ARENA_CHUNK &&
                upp_arena_is_chunk(chunk) && see(chunk, argument))
                return;
        }
    }
}

/* ---- before the fork --------------------------------------------------------------------- */

/* Who looks for areas. */
struct search {
    int alone;
    char library[PATH_MAX]; /* of libpypy's code, once it has been seen */
};

static void add(char *start, size_t size, int is_arena, int is_anonymous)
{
    struct area *last = prepared.count ? &prepared.list[prepared.count - 1] : NULL;
    if (last && last->start + last->size == start && last->is_arena == is_arena &&
        last->is_anonymous == is_anonymous)
        last->size += size;
    else if (prepared.count < AREAS_MAX)
        prepared.list[prepared.count++] = (struct area){start, size, 0, is_arena, is_anonymous};
}

static int add_arena(char *chunk, void *unused)
{
    (void)unused;
    add(chunk, UPP_ARENA_CHUNK, 1, 1);
    return 0;
}

static int contains(const struct upp_mapping *mapping, uintptr_t address)
{
    return address - (uintptr_t)mapping->start < mapping->size;
}

static void find(const struct upp_mapping *mapping, void *argument)
{
    struct search *search = argument;
    if (contains(mapping, (uintptr_t)pypy->gil_ensure))
        snprintf(search->library, sizeof search->library, "%s", mapping->name);
    if (strcmp(mapping->access, "rw-p") != 0)
        return;
    if (!*mapping->name)
        each_arena(mapping, 0, add_arena, NULL);
    else if (search->alone && !strcmp(mapping->name, "[heap]"))
        add(mapping->start, mapping->size, 0, 1);
    else if (search->alone && !strcmp(mapping->name, search->library))
        add(mapping->start, mapping->size, 0, 0);
}

/* With gaps, or the kernel makes one mapping of two that are next to each other. */
static off_t lay_out(void)
{
    off_t end = 0;
    for (int i = 0; i < prepared.count; i++) {
        prepared.list[i].offset = end;
        end += (off_t)(prepared.list[i].size + PAGE);
    }
    return end;
}

static int copy_pages(const struct area *area, size_t from, size_t size)
{
    for (size_t end = from + size; from < end;) {
        ssize_t n = pwrite(file, area->start + from, end - from, area->offset + (off_t)from);
        if (n <= 0)
            return -1;
        from += (size_t)n;
    }
    return 0;
}

/* Pages that nobody has ever written to are not in the file either. */
static int copy(const struct area *area)
{
    uint64_t entries[LOOK];
    if (!area->is_anonymous)
        return copy_pages(area, 0, area->size);
    for (size_t from = 0, pages; from < area->size; from += pages * PAGE) {
        pages = pages_from(area->size, from);
        if (read_pagemap(area->start + from, entries, pages) != pages)
            return -1;
        for (size_t i = 0; i < pages; i++) {
            size_t first = i;
            while (i < pages && entries[i] & (PRESENT | SWAPPED))
                i++;
            if (i > first && copy_pages(area, from + first * PAGE, (i - first) * PAGE))
                return -1;
        }
    }
    return 0;
}

/* First somewhere else, where it can fail and nothing has happened. */
static int map(const struct area *area)
{
    void *mapped = mmap(NULL, area->size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, area->offset);
    if (mapped == MAP_FAILED)
        return -1;
    if (mremap(mapped, area->size, area->size, MREMAP_MAYMOVE | MREMAP_FIXED, area->start) !=
        MAP_FAILED)
        return 0;
    munmap(mapped, area->size);
    return -1;
}

/* Has the pages again at once, as before: what only a worker had would count as private there. */
static void touch(const struct area *area)
{
    off_t end = area->offset + (off_t)area->size;
    off_t data = area->offset;
    while ((data = lseek(file, data, SEEK_DATA)) >= 0 && data < end) {
        off_t hole = lseek(file, data, SEEK_HOLE);
        for (; data < hole && data < end; data += (off_t)PAGE)
            (void)*(volatile const char *)(area->start + (data - area->offset));
    }
}

/* Returns how much of it has been moved into the file. */
static size_t move(const struct area *area)
{
    size_t moved = 0;
    while (moved < area->size) {
        struct area piece = *area;
        piece.start += moved;
        piece.size = UMIN(area->size - moved, PIECE);
        piece.offset += (off_t)moved;
        if (copy(&piece) || map(&piece))
            break;
        touch(&piece);
        moved += piece.size;
    }
    return moved;
}

/* Nobody writes to any of them meanwhile, this function neither. Returns the bytes that are there
 * now. */
static int64_t move_into_file(void)
{
    int64_t size = 0;
    int count = 0;
    for (int i = 0; i < prepared.count; i++) {
        struct area area = prepared.list[i];
        area.size = move(&area);
        size += (int64_t)area.size;
        if (area.size)
            prepared.list[count++] = area;
    }
    prepared.count = count;
    return size;
}

static int64_t fill_file(off_t size)
{
    file = memfd_create("uwsgi-pypy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0 || ftruncate(file, size) || fstat(file, &identity))
        return 0;
    int64_t moved = move_into_file();
    fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
    return moved;
}

static void fill_holes(const struct upp_mapping *mapping, void *unused)
{
    (void)unused;
    if (!strcmp(mapping->name, "[heap]"))
        upp_holes_fill(mapping->start);
}

static int64_t prepare(void)
{
    struct search search = {upp_thread_alone_begin(), "?"};
    if (search.alone)
        upp_maps_each(fill_holes, NULL);
    upp_maps_each(find, &search);
    int64_t moved = fill_file(lay_out());
    if (search.alone)
        upp_thread_alone_end();
    if (!moved && file >= 0) {
        close(file);
        file = -1;
    }
    return moved;
}

int64_t upp_share_prepare(void)
{
    if (file >= 0 || sysconf(_SC_PAGESIZE) != (long)PAGE)
        return 0;
    return with_gil(prepare);
}

/* ---- in a worker ------------------------------------------------------------------------- */

/* An application may close what it did not open, and something else has the number then. */
static int file_is_there(void)
{
    struct stat now;
    return !fstat(file, &now) && now.st_ino == identity.st_ino && now.st_dev == identity.st_dev;
}

static int was_arena(off_t offset)
{
    for (int i = 0; i < prepared.count; i++) {
        const struct area *area = &prepared.list[i];
        if (offset >= area->offset && offset - area->offset < (off_t)area->size)
            return area->is_arena;
    }
    return 0;
}

/* PyPy and malloc() give back what they do not need any more, and it may be in use for something
 * else by now. */
static void find_present(const struct upp_mapping *mapping, void *unused)
{
    (void)unused;
    if (mapping->inode == identity.st_ino && !strcmp(mapping->access, "rw-p") &&
        !strncmp(mapping->name, "/memfd:", 7) && present.count < AREAS_MAX)
        present.list[present.count++] = (struct area){
            mapping->start, mapping->size, mapping->offset, was_arena(mapping->offset), 0};
}

static void find_all_present(void)
{
    present.count = 0;
    if (file_is_there())
        upp_maps_each(find_present, NULL);
}

/* Whether this is a page that the process has written to. */
static int is_own(uint64_t entry)
{
    return (entry & (PRESENT | OF_A_FILE)) == PRESENT;
}

/* Gives back those of up to COMPARE pages that equal the file's. */
static void compare(char *start, size_t pages, off_t offset)
{
    static char bytes[COMPARE * PAGE];
    if (pread(file, bytes, pages * PAGE, offset) != (ssize_t)(pages * PAGE))
        return;
    for (size_t i = 0; i < pages; i++) {
        size_t from = i;
        while (i < pages && !memcmp(start + i * PAGE, bytes + i * PAGE, PAGE))
            i++;
        if (i > from)
            madvise(start + from * PAGE, (i - from) * PAGE, MADV_DONTNEED);
    }
}

static void look(const struct area *area, size_t from, size_t pages)
{
    uint64_t entries[LOOK];
    pages = read_pagemap(area->start + from, entries, pages);
    for (size_t i = 0; i < pages; i++) {
        size_t first = i;
        while (i < pages && i < first + COMPARE && is_own(entries[i]))
            i++;
        if (i > first) {
            size_t where = from + first * PAGE;
            compare(area->start + where, i - first, area->offset + (off_t)where);
            i--;
        }
    }
}

/* Returns 1 if it was looked at. */
static int look_safely(const struct area *area, size_t from, size_t pages)
{
    int needs_to_be_alone = !area->is_arena;
    if (needs_to_be_alone && !upp_thread_alone_begin())
        return 0;
    look(area, from, pages);
    if (needs_to_be_alone)
        upp_thread_alone_end();
    return 1;
}

/* The first area that has something at or behind `next`. */
static const struct area *next_area(void)
{
    for (int i = 0; i < present.count; i++) {
        const struct area *area = &present.list[i];
        if (area->offset + (off_t)area->size > next)
            return area;
    }
    return NULL;
}

/* A page of PyPy's that is free has a link to the next one at its start, and nothing else. */
static int give_back_free_pages(char *chunk, void *argument)
{
    int *left = argument;
    char *pages[UPP_ARENA_PAGES_MAX];
    if (!*left)
        return 1;
    size_t count = upp_arena_free_pages(chunk, pages);
    for (size_t i = 0; i < count; i++)
        madvise(pages[i] + PAGE, UPP_ARENA_PAGE - PAGE, MADV_DONTNEED);
    next_arena = chunk + UPP_ARENA_CHUNK;
    --*left;
    return 0;
}

static void look_at_arenas(const struct upp_mapping *mapping, void *left)
{
    char *end = mapping->start + mapping->size;
    if (strcmp(mapping->access, "rw-p") != 0 || next_arena >= end ||
        (*mapping->name && mapping->inode != identity.st_ino))
        return;
    size_t from = next_arena > mapping->start ? (size_t)(next_arena - mapping->start) : 0;
    each_arena(mapping, from, give_back_free_pages, left);
}

/* What is free, whether the file has something in its place or not; PyPy's, and then malloc()'s. */
static int64_t step_of_free_memory(void)
{
    int left = ARENAS;
    upp_maps_each(look_at_arenas, &left);
    if (!left)
        return 1;
    malloc_trim(0);
    return 0;
}

static int64_t step(void)
{
    find_all_present();
    const struct area *area = next_area();
    if (!area)
        return step_of_free_memory();
    size_t from = next > area->offset ? (size_t)(next - area->offset) : 0;
    size_t pages = pages_from(area->size, from);
    if (look_safely(area, from, pages) || ++patience >= PATIENCE)
        next = area->offset + (off_t)(from + pages * PAGE);
    return 1;
}

void upp_share_begin(void)
{
    next = 0;
    patience = 0;
    next_arena = NULL;
}

int upp_share_step(void)
{
    return (int)with_gil(step);
}
