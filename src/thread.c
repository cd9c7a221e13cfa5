/* SPDX-License-Identifier: MIT */
#include "thread.h"

#include "compat.h"

#include <sys/stat.h>

#define STACK_SIZE (2 * 1024 * 1024)

/* Threads that have been started in this process: only workers have any, and they do not end. */
static int started;

/* Read by threads that work, written by one that is alone. */
static pthread_rwlock_t work = PTHREAD_RWLOCK_INITIALIZER;

struct start {
    void *(*function)(void *);
    void *argument;
};

static void *run(void *given)
{
    struct start start = *(struct start *)given;
    free(given);
    upp_thread_rest_end();
    return start.function(start.argument);
}

void upp_thread_rest_begin(void)
{
    pthread_rwlock_unlock(&work);
}

void upp_thread_rest_end(void)
{
    pthread_rwlock_rdlock(&work);
}

int upp_thread_alone_begin(void)
{
    struct stat tasks;
    if (pthread_rwlock_trywrlock(&work))
        return 0;
    /* it has "." and "..", and a directory for each thread */
    if (!stat("/proc/self/task", &tasks) && tasks.st_nlink == 3 + (nlink_t)started)
        return 1;
    pthread_rwlock_unlock(&work);
    return 0;
}

void upp_thread_alone_end(void)
{
    pthread_rwlock_unlock(&work);
}

static int create(struct start *start)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int error = pthread_create(&thread, &attributes, run, start);
    pthread_attr_destroy(&attributes);
    return error;
}

void upp_thread_start(void *(*function)(void *), void *argument, const char *what)
{
    sigset_t all;
    sigset_t before;
    struct start *start = uwsgi_malloc(sizeof *start);
    *start = (struct start){function, argument};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = create(start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) {
        free(start);
        uwsgi_log("no thread for %s of worker %d: %s\n", what, uwsgi.mywid, strerror(error));
        return;
    }
    started++;
}
