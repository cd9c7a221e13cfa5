/* SPDX-License-Identifier: MIT */
#include "pages.h"

#include <fcntl.h>
#include <unistd.h>

#define PRESENT ((uint64_t)1 << 63)
#define SWAPPED ((uint64_t)1 << 62)
#define OF_A_FILE ((uint64_t)1 << 61)

size_t upp_pages_read(const char *start, size_t pages, uint64_t entries[UPP_PAGES_MOST])
{
    int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (pagemap < 0)
        return 0;
    ssize_t n = pread(pagemap, entries, pages * sizeof *entries,
                      (off_t)((uintptr_t)start / UPP_PAGE * sizeof *entries));
    close(pagemap);
    return n > 0 ? (size_t)n / sizeof *entries : 0;
}

int upp_page_is_written(uint64_t entry)
{
    return (entry & (PRESENT | SWAPPED)) != 0;
}

int upp_page_is_own(uint64_t entry)
{
    return (entry & (PRESENT | OF_A_FILE)) == PRESENT;
}

size_t upp_pages_from(size_t size, size_t from)
{
    size_t left = (size - from) / UPP_PAGE;
    return left < UPP_PAGES_MOST ? left : UPP_PAGES_MOST;
}
