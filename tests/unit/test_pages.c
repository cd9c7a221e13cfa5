/* SPDX-License-Identifier: MIT */
/* vm/pages.c */
#include "unit.h"
#include "vm/pages.h"

#include <sys/mman.h>
#include <unistd.h>

#define PAGES 1200

static char *memory;

/* Pages of which the first, the last and some in between have been written to. */
static void make(void)
{
    static const int written[] = {0, 511, 512, 1000, PAGES - 1};
    if (memory)
        munmap(memory, PAGES * UPP_PAGE);
    memory =
        mmap(NULL, PAGES * UPP_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(memory, PAGES * UPP_PAGE, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < sizeof written / sizeof *written; i++)
        memory[(size_t)written[i] * UPP_PAGE] = 1;
}

static void test_what_is_known(void)
{
    uint64_t entries[UPP_PAGES_MOST];
    make();
    CHECK_INT((int64_t)upp_pages_read(memory, UPP_PAGES_MOST, entries), (int64_t)UPP_PAGES_MOST);
    CHECK(upp_page_is_written(entries[511]) && upp_page_is_own(entries[511]));
    CHECK(!upp_page_is_written(entries[510]) && !upp_page_is_own(entries[510]));
}

/* Mapped from a file a page is this process's own once it has written to it. */
static void test_a_file(void)
{
    uint64_t entries[UPP_PAGES_MOST];
    int file = memfd_create("test", MFD_CLOEXEC);
    CHECK(!ftruncate(file, (off_t)(2 * UPP_PAGE)));
    char *mapped = mmap(NULL, 2 * UPP_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    (void)*(volatile char *)mapped;
    mapped[UPP_PAGE] = 1;
    CHECK_INT((int64_t)upp_pages_read(mapped, 2, entries), 2);
    CHECK(upp_page_is_written(entries[0]) && !upp_page_is_own(entries[0]));
    CHECK(upp_page_is_own(entries[1]));
    munmap(mapped, 2 * UPP_PAGE);
    close(file);
}

static void test_pages_from(void)
{
    CHECK_INT((int64_t)upp_pages_from(10 * UPP_PAGE, 0), 10);
    CHECK_INT((int64_t)upp_pages_from(10 * UPP_PAGE, 7 * UPP_PAGE), 3);
    CHECK_INT((int64_t)upp_pages_from(10 * UPP_PAGE, 10 * UPP_PAGE), 0);
    CHECK_INT((int64_t)upp_pages_from(1000 * UPP_PAGE, UPP_PAGE), (int64_t)UPP_PAGES_MOST);
}

int main(void)
{
    RUN(test_what_is_known);
    RUN(test_a_file);
    RUN(test_pages_from);
    return unit_result();
}
