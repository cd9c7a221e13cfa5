/* SPDX-License-Identifier: MIT */
#include "stacks.h"

#include "compat.h"
#include "contract.h"
#include "thread.h"
#include "vm/entry.h"

#include <semaphore.h>

struct slot {
    sem_t asked;
    sem_t answered;
};

static struct slot *slots; /* by worker id; shared with the workers */

static void init_slot(struct slot *slot)
{
    sem_init(&slot->asked, 1, 0);
    sem_init(&slot->answered, 1, 0);
}

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
        if (sem_wait(&slot->asked))
            continue;
        UPP_ENTER(upp_py_dump_stacks());
        sem_post(&slot->answered);
    }
    return NULL;
}

void upp_stacks_start(void)
{
    if (!slots || uwsgi.mywid < 1 || uwsgi.mywid > uwsgi.numproc)
        return;
    init_slot(&slots[uwsgi.mywid]);
    upp_thread_start(answer, &slots[uwsgi.mywid], "the stacks");
}

void upp_stacks_ask(int wid)
{
    struct timespec until;
    if (!slots || wid < 1 || wid > uwsgi.numproc)
        return;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    sem_post(&slots[wid].asked);
    while (sem_timedwait(&slots[wid].answered, &until)) {
        if (errno == EINTR)
            continue;
        uwsgi_log("worker %d did not show its Python stacks within a second\n", wid);
        return;
    }
}
