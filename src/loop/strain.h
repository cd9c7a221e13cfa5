/* SPDX-License-Identifier: MIT */
/*
 * strain.h - whether a worker has no time for a request that comes now, from
 * looks at it in regular intervals of about a millisecond.
 */
#ifndef UPP_LOOP_STRAIN_H
#define UPP_LOOP_STRAIN_H

#include <stdint.h>

struct upp_strain {
    int full_looks; /* in a row, until now */
    uint64_t ended; /* at the last look */
};

/* So many looks in a row at which the worker was full: there is more to do than it can. */
#define UPP_STRAIN_LOOKS 4

/* A look: `is_full`, all threads have a request; `ended`, how many requests have. Returns 1 if a
 * request would wait: the same ones run as at the last look, or the worker is full all the time.
 */
int upp_strain_look(struct upp_strain *strain, int is_full, uint64_t ended);

#endif
