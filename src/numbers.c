/* SPDX-License-Identifier: MIT */
#include "numbers.h"

#include "compat.h"
#include "contract.h"
#include "thread.h"
#include "vm/entry.h"

/* Seconds between two looks. */
#define LOOK_EVERY 1

/* Behind uWSGI's own numbers of a worker, 3.WORKER.1 and so on. */
#define OID "3.%d.100.%d"

#define NUMBER(metric, prometheus, help, divisor, is_counter, field)                               \
    {                                                                                              \
        metric, prometheus, help, divisor, is_counter, (int)offsetof(struct upp_numbers, field)    \
    }

const struct upp_number upp_numbers_table[] = {
    NUMBER("jit.loops", "pypy_jit_loops_total", "Loops that the JIT has compiled.", 1, 1,
           jit_loops),
    NUMBER("jit.bridges", "pypy_jit_bridges_total", "Bridges that the JIT has compiled.", 1, 1,
           jit_bridges),
    NUMBER("jit.aborts", "pypy_jit_aborts_total", "Traces that the JIT has given up.", 1, 1,
           jit_aborts),
    NUMBER("jit.code_bytes", "pypy_jit_code_bytes", "Machine code that the JIT has made.", 1, 0,
           jit_code),
    NUMBER("jit.tracing_us", "pypy_jit_tracing_seconds_total",
           "Time that the JIT has taken to trace and to compile.", 1000000, 1, jit_time),
    NUMBER("gc.minor", "pypy_gc_minor_collections_total", "Minor collections.", 1, 1, gc_minor),
    NUMBER("gc.major", "pypy_gc_major_collections_total", "Major collections that have ended.", 1,
           1, gc_major),
    NUMBER("gc.pause_last_us", "pypy_gc_pause_last_seconds", "The last pause of the collector.",
           1000000, 0, gc_pause_last),
    NUMBER("gc.pause_max_us", "pypy_gc_pause_max_seconds", "The longest pause of the collector.",
           1000000, 0, gc_pause_max),
    NUMBER("gc.pause_total_us", "pypy_gc_pause_seconds_total", "All pauses of the collector.",
           1000000, 1, gc_pause_total),
    NUMBER("gc.heap_bytes", "pypy_gc_heap_bytes", "Memory that the collector has in use.", 1, 0,
           heap),
    NUMBER("gc.heap_peak_bytes", "pypy_gc_heap_peak_bytes",
           "The most memory that the collector has had in use.", 1, 0, heap_peak),
    {NULL, NULL, NULL, 0, 0, 0},
};

static struct upp_numbers *all; /* by worker id; shared */
static struct upp_numbers *own; /* of this process, if it is a worker */

static int64_t *field(struct upp_numbers *numbers, const struct upp_number *number)
{
    return (int64_t *)(void *)((char *)numbers + number->offset);
}

static void add_metrics(int worker)
{
    char name[64];
    char oid[32];
    for (int i = 0; upp_numbers_table[i].metric; i++) {
        const struct upp_number *number = &upp_numbers_table[i];
        snprintf(name, sizeof name, "worker.%d.pypy.%s", worker, number->metric);
        snprintf(oid, sizeof oid, OID, worker, i + 1);
        uwsgi_register_metric(name, oid,
                              number->is_counter ? UWSGI_METRIC_COUNTER : UWSGI_METRIC_GAUGE,
                              (char *)"ptr", field(&all[worker], number), 0, NULL);
    }
}

void upp_numbers_setup(int asked)
{
    if (!uwsgi.has_metrics && !asked)
        return;
    all = uwsgi_calloc_shared(sizeof(struct upp_numbers) * (size_t)(uwsgi.numproc + 1));
    if (!uwsgi.has_metrics)
        return;
    for (int i = 1; i <= uwsgi.numproc; i++)
        add_metrics(i);
}

const struct upp_numbers *upp_numbers_of(int worker)
{
    return all && worker >= 1 && worker <= uwsgi.numproc ? &all[worker] : NULL;
}

int64_t upp_numbers_value(const struct upp_numbers *numbers, const struct upp_number *number)
{
    return *(const int64_t *)(const void *)((const char *)numbers + number->offset);
}

/* ---- what Python tells ---------------------------------------------------- */

static void raise_to(int64_t *most, int64_t value)
{
    int64_t before = __atomic_load_n(most, __ATOMIC_RELAXED);
    while (value > before && !__atomic_compare_exchange_n(most, &before, value, 1, __ATOMIC_RELAXED,
                                                          __ATOMIC_RELAXED))
        continue;
}

int64_t upp_numbers_gc(int64_t minor, int64_t major, int64_t pause, int64_t longest)
{
    int64_t total = __atomic_add_fetch(&own->gc_pause_ns, pause, __ATOMIC_RELAXED);
    __atomic_add_fetch(&own->gc_minor, minor, __ATOMIC_RELAXED);
    __atomic_add_fetch(&own->gc_major, major, __ATOMIC_RELAXED);
    raise_to(&own->gc_pause_total, total / 1000);
    raise_to(&own->gc_pause_max, longest / 1000);
    if (pause)
        own->gc_pause_last = longest / 1000;
    return total;
}

void upp_numbers_jit(int64_t loops, int64_t bridges, int64_t aborts, int64_t code, int64_t time)
{
    own->jit_loops = loops;
    own->jit_bridges = bridges;
    own->jit_aborts = aborts;
    own->jit_code = code;
    own->jit_time = time;
}

void upp_numbers_heap(int64_t used, int64_t peak)
{
    own->heap = used;
    own->heap_peak = peak;
}

/* ---- asking Python --------------------------------------------------------- */

/* Changes with each request and each collection. */
static uint64_t activity(void)
{
    return uwsgi.workers[uwsgi.mywid].requests + (uint64_t)own->gc_minor + (uint64_t)own->gc_major;
}

static void *look(void *unused)
{
    struct timespec pause = {LOOK_EVERY, 0};
    (void)unused;
    for (;;) {
        uint64_t seen = activity();
        UPP_ENTER(upp_py_numbers());
        upp_thread_rest_begin();
        do {
            nanosleep(&pause, NULL);
        } while (activity() == seen);
        upp_thread_rest_end();
    }
    return NULL;
}

void upp_numbers_start(void)
{
    own = uwsgi.mywid >= 1 && uwsgi.mywid <= uwsgi.numproc && all ? &all[uwsgi.mywid] : NULL;
    if (!own)
        return;
    memset(own, 0, sizeof *own);
    UPP_ENTER(upp_py_numbers_start());
    upp_thread_start(look, NULL, "the numbers");
}
