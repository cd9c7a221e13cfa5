/* SPDX-License-Identifier: MIT */
#include "stacks.h"

#include "compat.h"
#include "contract.h"
#include "thread.h"
#include "vm/entry.h"

#include <semaphore.h>
#include <stdatomic.h>

struct slot {
    sem_t asked;
    sem_t answered;
    atomic_int answers; /* the thread is there */
};

static struct slot *slots; /* by worker id; shared with the workers */

void upp_stacks_setup(void)
{
    if (!uwsgi.master_process || uwsgi.numproc < 1)
        return;
    size_t size = sizeof(struct slot) * (size_t)(uwsgi.numproc + 1);
    slots = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (slots == MAP_FAILED) {
        uwsgi_error("mmap()");
        slots = NULL;
    }
}

static void *answer(void *arg)
{
    struct slot *slot = arg;
    for (;;) {
        upp_thread_rest_begin();
        int failed = sem_wait(&slot->asked);
        upp_thread_rest_end();
        if (failed)
            continue;
        UPP_ENTER(upp_py_dump_stacks());
        sem_post(&slot->answered);
    }
    return NULL;
}

/* Of a worker that can be asked; else NULL. */
static struct slot *slot_of(int wid)
{
    return slots && wid >= 1 && wid <= uwsgi.numproc ? &slots[wid] : NULL;
}

/* A route may set a harakiri for its requests. */
static int may_be_asked(void)
{
#ifdef UWSGI_ROUTING
    if (uwsgi.routes)
        return 1;
#endif
    return uwsgi.harakiri_options.workers > 0;
}

void upp_stacks_start(void)
{
    struct slot *slot = slot_of(uwsgi.mywid);
    if (!slot)
        return;
    sem_init(&slot->asked, 1, 0);
    sem_init(&slot->answered, 1, 0);
    atomic_store(&slot->answers, 0);
    if (may_be_asked())
        upp_stacks_expect();
}

void upp_stacks_expect(void)
{
    struct slot *slot = slot_of(uwsgi.mywid);
    if (slot && !atomic_exchange(&slot->answers, 1))
        upp_thread_start(answer, slot, "the stacks");
}

void upp_stacks_ask(int wid)
{
    struct timespec until;
    struct slot *slot = slot_of(wid);
    if (!slot)
        return;
    if (!atomic_load(&slot->answers)) {
        uwsgi_log("worker %d does not show its Python stacks: --harakiri is not set\n", wid);
        return;
    }
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    sem_post(&slot->asked);
    while (sem_timedwait(&slot->answered, &until)) {
        if (errno == EINTR)
            continue;
        uwsgi_log("worker %d did not show its Python stacks within a second\n", wid);
        return;
    }
}
