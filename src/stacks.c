/* SPDX-License-Identifier: MIT */
#include "stacks.h"

#include "compat.h"
#include "contract.h"
#include "vm/entry.h"

#include <semaphore.h>

#define THREAD_STACK (2 * 1024 * 1024)

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
    sigset_t all;
    sigset_t before;
    pthread_t thread;
    pthread_attr_t attributes;
    if (!slots || uwsgi.mywid < 1 || uwsgi.mywid > uwsgi.numproc)
        return;
    init_slot(&slots[uwsgi.mywid]);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, THREAD_STACK);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int error = pthread_create(&thread, &attributes, answer, &slots[uwsgi.mywid]);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error)
        uwsgi_log("no thread for the stacks of worker %d: %s\n", uwsgi.mywid, strerror(error));
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
