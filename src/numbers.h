/* SPDX-License-Identifier: MIT */
/*
 * numbers.h - what PyPy does in each worker: its JIT and its garbage collector, as uWSGI's metrics
 * (worker.N.pypy.*), and for those who ask here.
 *
 * The numbers lie in memory that all processes share. Python tells each collection as it happens
 * (gc.hooks); what has to be asked for (JIT, size of the heap) a thread of the worker has Python
 * ask, at most once a second, and not while the worker idles. A worker that nobody has asked about
 * keeps no numbers.
 *
 * The functions that Python calls are in contract.h.
 */
#ifndef UPP_NUMBERS_H
#define UPP_NUMBERS_H

#include <stdint.h>

/* Times in microseconds, sizes in bytes. Of the process that is the worker now: they begin anew
 * with each. */
struct upp_numbers {
    int64_t jit_loops; /* compiled */
    int64_t jit_bridges;
    int64_t jit_aborts;    /* traces that were given up */
    int64_t jit_code;      /* machine code */
    int64_t jit_time;      /* tracing and compiling */
    int64_t gc_minor;      /* collections */
    int64_t gc_major;      /* that have ended */
    int64_t gc_pause_last; /* the longest of the last ones that were told of together */
    int64_t gc_pause_max;
    int64_t gc_pause_total;
    int64_t gc_pause_ns; /* the same, exactly */
    int64_t heap;
    int64_t heap_peak;
};

/* One number: where it is, and how it is called. */
struct upp_number {
    const char *metric;     /* behind "worker.N.pypy." */
    const char *prometheus; /* name there, NULL: not shown */
    const char *help;
    int64_t divisor; /* to get Prometheus' unit */
    int is_counter;
    int offset; /* in struct upp_numbers */
};

/* All that are shown; ends with a NULL metric. */
extern const struct upp_number upp_numbers_table[];

/* In the master, in the `init` hook: the memory, and the metrics. `asked`: somebody else than
 * uWSGI's metrics wants them. Does nothing when nobody does. */
void upp_numbers_setup(int asked);

/* In a worker, after each fork. */
void upp_numbers_start(void);

/* Those of a worker; NULL: there are none. */
const struct upp_numbers *upp_numbers_of(int worker);

/* The value of one of them. */
int64_t upp_numbers_value(const struct upp_numbers *numbers, const struct upp_number *number);

#endif
