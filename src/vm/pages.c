/* SPDX-License-Identifier: MIT */
#include "pages.h"

#include <fcntl.h>
#include <unistd.h>

#define PRESENT ((uint64_t)1 << 63)
#define SWAPPED ((uint64_t)1 << 62)
#define OF_A_FILE ((uint64_t)1 << 61)

/* Larger pieces are something else. */
#define SIZE_MOST ((size_t)16 << 30)

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

int upp_page_is_present(uint64_t entry)
{
    return (entry & PRESENT) != 0;
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

void upp_pages_each(char *start, size_t size, int (*see)(char *page, void *argument),
                    void *argument)
{
    uint64_t entries[UPP_PAGES_MOST];
    if (size > SIZE_MOST)
        return;
    for (size_t from = 0, pages; (pages = upp_pages_from(size, from)); from += pages * UPP_PAGE) {
        size_t known = upp_pages_read(start + from, pages, entries);
        for (size_t i = 0; i < known; i++) {
            if (upp_page_is_present(entries[i]) && see(start + from + i * UPP_PAGE, argument))
                return;
        }
    }
}
