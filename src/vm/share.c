/* SPDX-License-Identifier: MIT */
#include "share.h"

#include "../compat.h"
#include "../contract.h"
#include "../thread.h"
#include "arena.h"
#include "holes.h"
#include "libpypy.h"
#include "maps.h"
#include "pages.h"
#include "shared.h"

#include <sys/mman.h>

/* What is moved into the file at a time: it takes twice the memory meanwhile. */
#define PIECE ((size_t)64 << 20)

struct upp_shared upp_shared = {.file = -1};

static const struct upp_libpypy *pypy;

void upp_share_install(const struct upp_libpypy *loaded)
{
    pypy = loaded;
}

int64_t upp_shared_with_gil(int64_t (*function)(void))
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

/* ---- what is to be shared ----------------------------------------------------------------- */

/* Who looks for areas. */
struct search {
    int alone;
    int has_arenas;
    char libpypy[PATH_MAX]; /* the file of its code, once that has been seen */
};

static void add(char *start, size_t size, enum upp_area_kind kind)
{
    struct upp_areas *areas = &upp_shared.areas;
    struct upp_area *last = areas->count ? &areas->list[areas->count - 1] : NULL;
    if (last && last->start + last->size == start && last->kind == kind)
        last->size += size;
    else if (areas->count < UPP_AREAS_MAX)
        areas->list[areas->count++] = (struct upp_area){start, size, 0, kind};
}

/* Those in what malloc() has of brk(2) are a part of that. Returns how many arenas there are. */
static size_t add_arenas(void)
{
    size_t count;
    struct upp_arena *const *arenas = upp_arena_list(&count);
    for (size_t i = 0; i < count; i++) {
        char *chunk = upp_arena_chunk(arenas[i]);
        if (chunk)
            add(chunk, UPP_ARENA_CHUNK, UPP_AREA_ARENA);
    }
    return count;
}

static int contains(const struct upp_mapping *mapping, uintptr_t address)
{
    return address - (uintptr_t)mapping->start < mapping->size;
}

static void find(const struct upp_mapping *mapping, void *argument)
{
    struct search *search = argument;
    if (contains(mapping, (uintptr_t)pypy->gil_ensure))
        snprintf(search->libpypy, sizeof search->libpypy, "%s", mapping->name);
    if (strcmp(mapping->access, "rw-p") != 0)
        return;
    if (search->alone && !strcmp(mapping->name, "[heap]"))
        add(mapping->start, mapping->size, UPP_AREA_HEAP);
    if (strcmp(mapping->name, search->libpypy) != 0)
        return;
    search->has_arenas = search->has_arenas || upp_arena_find(mapping->start, mapping->size);
    if (search->alone)
        add(mapping->start, mapping->size, UPP_AREA_LIBRARY);
}

static int compare_starts(const void *left, const void *right)
{
    const char *a = ((const struct upp_area *)left)->start;
    const char *b = ((const struct upp_area *)right)->start;
    return (a > b) - (a < b);
}

/* In the order of their addresses, in which a worker goes through them; with gaps, or the kernel
 * makes one mapping of two that are next to each other. */
static off_t lay_out(void)
{
    struct upp_areas *areas = &upp_shared.areas;
    off_t end = 0;
    qsort(areas->list, (size_t)areas->count, sizeof *areas->list, compare_starts);
    for (int i = 0; i < areas->count; i++) {
        areas->list[i].offset = end;
        end += (off_t)(areas->list[i].size + UPP_PAGE);
    }
    return end;
}

/* ---- moving it into the file ---------------------------------------------------------------- */

static int copy_pages(const struct upp_area *area, size_t from, size_t size)
{
    for (size_t end = from + size; from < end;) {
        ssize_t n =
            pwrite(upp_shared.file, area->start + from, end - from, area->offset + (off_t)from);
        if (n <= 0)
            return -1;
        from += (size_t)n;
    }
    return 0;
}

/* Pages that nobody has ever written to are not in the file either. */
static int copy(const struct upp_area *area)
{
    uint64_t entries[UPP_PAGES_MOST];
    if (area->kind == UPP_AREA_LIBRARY)
        return copy_pages(area, 0, area->size);
    for (size_t from = 0, pages; from < area->size; from += pages * UPP_PAGE) {
        pages = upp_pages_from(area->size, from);
        if (upp_pages_read(area->start + from, pages, entries) != pages)
            return -1;
        for (size_t i = 0; i < pages; i++) {
            size_t first = i;
            while (i < pages && upp_page_is_written(entries[i]))
                i++;
            if (i > first && copy_pages(area, from + first * UPP_PAGE, (i - first) * UPP_PAGE))
                return -1;
        }
    }
    return 0;
}

/* First somewhere else, where it can fail and nothing has happened. */
static int map(const struct upp_area *area)
{
    void *mapped =
        mmap(NULL, area->size, PROT_READ | PROT_WRITE, MAP_PRIVATE, upp_shared.file, area->offset);
    if (mapped == MAP_FAILED)
        return -1;
    if (mremap(mapped, area->size, area->size, MREMAP_MAYMOVE | MREMAP_FIXED, area->start) !=
        MAP_FAILED)
        return 0;
    munmap(mapped, area->size);
    return -1;
}

/* Has the pages again at once, as before: what only a worker had would count as private there. */
static void touch(const struct upp_area *area)
{
    off_t end = area->offset + (off_t)area->size;
    off_t data = area->offset;
    while ((data = lseek(upp_shared.file, data, SEEK_DATA)) >= 0 && data < end) {
        off_t hole = lseek(upp_shared.file, data, SEEK_HOLE);
        for (; data < hole && data < end; data += (off_t)UPP_PAGE)
            (void)*(volatile const char *)(area->start + (data - area->offset));
    }
}

/* Returns how much of it has been moved into the file. */
static size_t move(const struct upp_area *area)
{
    size_t moved = 0;
    while (moved < area->size) {
        struct upp_area piece = *area;
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
    struct upp_areas *areas = &upp_shared.areas;
    int64_t size = 0;
    int count = 0;
    for (int i = 0; i < areas->count; i++) {
        struct upp_area area = areas->list[i];
        area.size = move(&area);
        size += (int64_t)area.size;
        if (area.size)
            areas->list[count++] = area;
    }
    areas->count = count;
    return size;
}

static int64_t fill_file(off_t size)
{
    int file = memfd_create("uwsgi-pypy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    upp_shared.file = file;
    if (file < 0 || ftruncate(file, size) || fstat(file, &upp_shared.identity))
        return 0;
    int64_t moved = move_into_file();
    fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
    return moved;
}

/* ---- before the fork ---------------------------------------------------------------------- */

static void fill_holes(const struct upp_mapping *mapping, void *unused)
{
    (void)unused;
    if (!strcmp(mapping->name, "[heap]"))
        upp_holes_fill(mapping->start);
}

static int64_t prepare(void)
{
    struct search search = {.alone = upp_thread_alone_begin(), .libpypy = "?"};
    if (search.alone)
        upp_maps_each(fill_holes, NULL);
    upp_maps_each(find, &search);
    int64_t moved = search.has_arenas && add_arenas() ? fill_file(lay_out()) : 0;
    if (search.alone)
        upp_thread_alone_end();
    if (!moved && upp_shared.file >= 0) {
        close(upp_shared.file);
        upp_shared.file = -1;
    }
    return moved;
}

int64_t upp_share_prepare(void)
{
    if (upp_shared.file >= 0 || sysconf(_SC_PAGESIZE) != (long)UPP_PAGE)
        return 0;
    return upp_shared_with_gil(prepare);
}
