/* SPDX-License-Identifier: MIT */
/*
 * unit.h - assertions, and memory that ends where it ends.
 *
 * A test is a function; main() calls RUN() for each and returns unit_result().
 */
#ifndef UNIT_H
#define UNIT_H

#include "http/slice.h"

#include <stddef.h>
#include <stdint.h>

/* Says where and what, and lets the test go on. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            unit_fail(__FILE__, __LINE__, #condition);                                             \
    } while (0)

#define CHECK_INT(actual, expected)                                                                \
    unit_check_int(__FILE__, __LINE__, #actual, (actual), (expected))
#define CHECK_TEXT(actual, expected)                                                               \
    unit_check_text(__FILE__, __LINE__, #actual, (actual), (expected))

#define RUN(test) unit_run(#test, test)

void unit_fail(const char *file, int line, const char *what);
void unit_check_int(const char *file, int line, const char *what, int64_t actual, int64_t expected);
void unit_check_text(const char *file, int line, const char *what, struct upp_slice actual,
                     const char *expected);
void unit_run(const char *name, void (*test)(void));

/* The exit status: 0 if nothing failed. */
int unit_result(void);

/* A copy of (data, length) that ends at a page that cannot be touched. There is one such place: the
 * next call takes it back. */
char *unit_guarded(const void *data, size_t length);

#endif
