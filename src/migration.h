/* SPDX-License-Identifier: MIT */
/*
 * migration.h - what a line of a configuration for uWSGI's Python plugin means here.
 *
 * One table for --pypy-check-config and, through tools/check_docs.py, for
 * docs/migrating.md. Pure.
 */
#ifndef UPP_MIGRATION_H
#define UPP_MIGRATION_H

#include <stddef.h>

struct upp_migration {
    const char *option;
    const char *value;    /* NULL: any */
    const char *state;    /* one of docs/migrating.md */
    const char *sentence; /* why, and what to write instead */
    int is_fatal;         /* the server would not start, or not serve */
};

/* What is different for this line; NULL: nothing. `value` may be NULL. Valid for ever. */
const struct upp_migration *upp_migration_of(const char *option, const char *value);

/* 1 if `plugin` is the Python plugin, or one that needs it, by any of their names; then *sentence
 * says what to do. */
int upp_migration_is_python(const char *plugin, const char **sentence);

/* The modules below a virtualenv's packages that only CPython can load, separated by ", ", at most
 * `most` of them, in `out`. Returns how many there are. */
int upp_migration_compiled(const char *virtualenv, int most, char *out, size_t size);

#endif
