/* SPDX-License-Identifier: MIT */
#include "holes.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

/* Sizes that are tried, from the largest down. Up to FINE there is a list for each size in
 * malloc(), which takes one from it and cuts nothing. None is so large that it might be had of
 * mmap(2). */
#define LARGEST ((size_t)65536)
#define FINE ((size_t)1024)
#define GRAIN (2 * sizeof(size_t))
#define SMALLEST (GRAIN + sizeof(size_t))

/* Takes chunks of that size from between `start` and `end`, until there is none. */
static void take(size_t size, uintptr_t start, uintptr_t end)
{
    void *chunk;
    do
        chunk = malloc(size);
    while ((uintptr_t)chunk - start < end - start);
    free(chunk);
}

void upp_holes_fill(const char *heap)
{
    malloc_trim(0);
    uintptr_t start = (uintptr_t)heap;
    uintptr_t end = (uintptr_t)sbrk(0);
    if (end <= start)
        return;
    for (size_t size = LARGEST; size > FINE; size /= 2)
        take(size, start, end);
    for (size_t size = FINE + sizeof(size_t); size >= SMALLEST; size -= GRAIN)
        take(size, start, end);
}
