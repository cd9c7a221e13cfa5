/* SPDX-License-Identifier: MIT */
/*
 * shared.h - what a worker has in common with the master: share.c makes it, give_back.c uses it.
 */
#ifndef UPP_VM_SHARED_H
#define UPP_VM_SHARED_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#define UPP_AREAS_MAX 128

/* Who writes there. */
enum upp_area_kind {
    UPP_AREA_ARENA,   /* who holds the GIL */
    UPP_AREA_HEAP,    /* any thread */
    UPP_AREA_LIBRARY, /* any thread; and pages to which nobody has written are not zero */
};

/* Memory that is mapped from the file. */
struct upp_area {
    char *start;
    size_t size;
    off_t offset; /* in the file */
    enum upp_area_kind kind;
};

struct upp_areas {
    struct upp_area list[UPP_AREAS_MAX];
    int count;
};

extern struct upp_shared {
    int file; /* -1: there is none */
    struct stat identity;
    struct upp_areas areas; /* as they were before the fork */
} upp_shared;

/* Runs `function` with the GIL, so that nobody else writes to objects; without signals, as handlers
 * write, too. */
int64_t upp_shared_with_gil(int64_t (*function)(void));

#endif
