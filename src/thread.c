/* SPDX-License-Identifier: MIT */
#include "thread.h"

#include "compat.h"

#define STACK_SIZE (2 * 1024 * 1024)

void upp_thread_start(void *(*function)(void *), void *argument, const char *what)
{
    sigset_t all;
    sigset_t before;
    pthread_t thread;
    pthread_attr_t attributes;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int error = pthread_create(&thread, &attributes, function, argument);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error)
        uwsgi_log("no thread for %s of worker %d: %s\n", what, uwsgi.mywid, strerror(error));
}
