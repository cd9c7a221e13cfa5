/* SPDX-License-Identifier: MIT */
/*
 * find.h - where libpypy may be.
 *
 * Looks at the file system, loads nothing. The result is a list of places in
 * the order in which to try them, with the misses in between, so that a
 * failure can say every place that was looked at.
 */
#ifndef UPP_VM_FIND_H
#define UPP_VM_FIND_H

#include <stddef.h>

enum upp_place_kind {
    UPP_PLACE_FILE, /* an existing file */
    UPP_PLACE_NAME, /* a name for the dynamic linker to search */
    UPP_PLACE_MISS  /* a pattern that matched nothing */
};

struct upp_place {
    enum upp_place_kind kind;
    char *path;
};

#define UPP_PLACES_MAX 64

struct upp_places {
    struct upp_place items[UPP_PLACES_MAX];
    size_t count;
};

/* Fills `places`. `library` (--pypy-lib) alone counts when it is not NULL; else the installation or
 * virtualenv `home`, if not NULL; then the distribution's PyPy and the linker's search path. */
void upp_find_places(struct upp_places *places, const char *library, const char *home);
void upp_find_free(struct upp_places *places);

/* 1 if `home` is a virtualenv (has a pyvenv.cfg), else 0. */
int upp_find_is_virtualenv(const char *home);

/* 1 if CPython made this virtualenv: it has packages where only CPython looks, and no PyPy. */
int upp_find_is_of_cpython(const char *virtualenv);

#endif
