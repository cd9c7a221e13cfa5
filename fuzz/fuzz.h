/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - what the targets share.
 *
 * A target is one function: libFuzzer calls it with what it makes up, and tests/unit/replay.c with
 * the files of regress/.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* A property that holds for every input. */
#define REQUIRE(property)                                                                          \
    do {                                                                                           \
        if (!(property)) {                                                                         \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #property);          \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
