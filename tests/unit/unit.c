/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARDED_MAX ((size_t)1 << 20)

static int failures;

void unit_fail(const char *file, int line, const char *what)
{
    printf("    %s:%d: %s\n", file, line, what);
    failures++;
}

void unit_check_int(const char *file, int line, const char *what, int64_t actual, int64_t expected)
{
    if (actual == expected)
        return;
    printf("    %s:%d: %s is %lld, not %lld\n", file, line, what, (long long)actual,
           (long long)expected);
    failures++;
}

void unit_check_text(const char *file, int line, const char *what, struct upp_slice actual,
                     const char *expected)
{
    if (actual.length == strlen(expected) && !memcmp(actual.base, expected, actual.length))
        return;
    printf("    %s:%d: %s is \"%.*s\", not \"%s\"\n", file, line, what, (int)actual.length,
           actual.base, expected);
    failures++;
}

void unit_run(const char *name, void (*test)(void))
{
    int before = failures;
    test();
    printf("%-6s %s\n", failures == before ? "ok" : "FAILED", name);
}

int unit_result(void)
{
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* The end of the room, at which the guard page starts. */
static char *guard(void)
{
    static char *end;
    if (!end) {
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        char *room = mmap(NULL, GUARDED_MAX + page, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (room == MAP_FAILED || mprotect(room + GUARDED_MAX, page, PROT_NONE)) {
            perror("guard page");
            exit(EXIT_FAILURE);
        }
        end = room + GUARDED_MAX;
    }
    return end;
}

char *unit_guarded(const void *data, size_t length)
{
    if (length > GUARDED_MAX) {
        fprintf(stderr, "more than fits before the guard page\n");
        exit(EXIT_FAILURE);
    }
    char *place = guard() - length;
    if (length)
        memmove(place, data, length);
    return place;
}
