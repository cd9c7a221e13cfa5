/* SPDX-License-Identifier: MIT */
#include "soft_harakiri.h"

#include "compat.h"
#include "config.h"
#include "contract.h"
#include "thread.h"
#include "vm/entry.h"
#include "warmup.h"

#include <stdatomic.h>

/* What wakes a system call. uWSGI and Python's modules use none of the real-time signals. */
#define WAKE_SIGNAL (SIGRTMIN + 4)

/* A thread that was just about to wait when it was poked waits all the same: so it is poked again,
 * after so many milliseconds. */
#define POKE_EVERY 50
#define POKES 10

enum state { IDLE, RUNNING, SENDING, SENT };

/* The number of the request and its state in one word. */
#define WORD(serial, state) ((serial) << 2 | (uint64_t)(state))
#define STATE(word) ((enum state)((word)&3))
#define SERIAL(word) ((word) >> 2)

struct core {
    _Atomic uint64_t word;
    _Atomic uint64_t since; /* when the request began, milliseconds */
    pthread_t thread;
    int sent;  /* this request has had its exception */
    int pokes; /* that are left */
};

/* NULL until the process is a worker. */
static struct core *cores;

/* Requests of a warm-up may take their time; with --lazy-apps they come after the fork. */
static int watches(void)
{
    return cores && !upp_warmup_host();
}

static uint64_t clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t limit(void)
{
    return (uint64_t)upp_config()->soft_harakiri;
}

/* ---- the thread that serves --------------------------------------------- */

/* uWSGI blocks all signals in the threads that it starts. */
static void let_signal_in(void)
{
    static _Thread_local int done;
    sigset_t wake;
    if (done)
        return;
    sigemptyset(&wake);
    sigaddset(&wake, WAKE_SIGNAL);
    pthread_sigmask(SIG_UNBLOCK, &wake, NULL);
    done = 1;
}

void upp_soft_harakiri_begin(int core)
{
    if (!watches())
        return;
    struct core *slot = &cores[core];
    let_signal_in();
    slot->thread = pthread_self();
    slot->sent = 0;
    atomic_store(&slot->since, clock_now());
    atomic_store(&slot->word, WORD(SERIAL(atomic_load(&slot->word)) + 1, RUNNING));
}

void upp_soft_harakiri_resume(int core)
{
    if (!watches())
        return;
    struct core *slot = &cores[core];
    if (!slot->sent)
        atomic_store(&slot->word, WORD(SERIAL(atomic_load(&slot->word)), RUNNING));
}

int upp_soft_harakiri_stop(int core)
{
    if (!watches())
        return 0;
    struct core *slot = &cores[core];
    uint64_t word = atomic_load(&slot->word);
    uint64_t idle = WORD(SERIAL(word), IDLE);
    for (;;) {
        switch (STATE(word)) {
        case IDLE:
            return 0;
        case SENDING:
            usleep(100);
            word = atomic_load(&slot->word);
            break;
        case RUNNING:
        case SENT:
            if (atomic_compare_exchange_weak(&slot->word, &word, idle))
                return slot->sent = STATE(word) == SENT;
            break;
        }
    }
}

/* ---- the thread that watches -------------------------------------------- */

uint64_t upp_soft_harakiri_take(int core, uint64_t serial)
{
    struct core *slot = &cores[core];
    uint64_t running = WORD(serial, RUNNING);
    if (!atomic_compare_exchange_strong(&slot->word, &running, WORD(serial, SENDING)))
        return 0;
    return (uint64_t)slot->thread;
}

static void poke(struct core *core, uint64_t serial)
{
    core->pokes--;
    pthread_kill(core->thread, WAKE_SIGNAL);
    atomic_store(&core->word, WORD(serial, SENT));
}

void upp_soft_harakiri_sent(int core)
{
    struct core *slot = &cores[core];
    slot->pokes = POKES;
    poke(slot, SERIAL(atomic_load(&slot->word)));
}

/* Does what is to be done for a core. Returns after how many milliseconds to look again. */
static uint64_t look(int id)
{
    struct core *core = &cores[id];
    uint64_t word = atomic_load(&core->word);
    uint64_t since = atomic_load(&core->since);
    uint64_t serial = SERIAL(word);
    if (STATE(word) == RUNNING) {
        uint64_t ran = clock_now() - since;
        /* the end of this request and the beginning of another one in between: a later look */
        if (atomic_load(&core->word) != word)
            return 1;
        if (ran < limit())
            return limit() - ran;
        UPP_ENTER(upp_py_soft_harakiri(id, serial));
        return POKE_EVERY;
    }
    if (STATE(word) == SENT && core->pokes &&
        atomic_compare_exchange_strong(&core->word, &word, WORD(serial, SENDING))) {
        poke(core, serial);
        return POKE_EVERY;
    }
    return limit();
}

static void *watch(void *unused)
{
    (void)unused;
    for (;;) {
        uint64_t pause = limit();
        for (int i = 0; i < uwsgi.cores; i++)
            pause = UMIN(pause, look(i));
        struct timespec time = {(time_t)(pause / 1000), (long)(pause % 1000) * 1000000};
        upp_thread_rest_begin();
        nanosleep(&time, NULL);
        upp_thread_rest_end();
    }
    return NULL;
}

static void do_nothing(int number)
{
    (void)number;
}

void upp_soft_harakiri_start(void)
{
    struct sigaction action = {.sa_handler = do_nothing};
    if (!limit())
        return;
    cores = uwsgi_calloc(sizeof(struct core) * (size_t)uwsgi.cores);
    if (uwsgi.mywid < 1 || uwsgi.mywid > uwsgi.numproc)
        return;
    /* without SA_RESTART */
    sigaction(WAKE_SIGNAL, &action, NULL);
    upp_thread_start(watch, NULL, "--pypy-soft-harakiri");
}
