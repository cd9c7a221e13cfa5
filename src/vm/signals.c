/* SPDX-License-Identifier: MIT */
#include "signals.h"

#include "../compat.h"
#include "libpypy.h"

static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

#define COUNT (sizeof numbers / sizeof *numbers)

/* The GIL guards these from the first call to the last. */
static sigset_t mask_before;
static int forget[COUNT];

static int is_of_uwsgi(const struct upp_libpypy *pypy, int number)
{
    struct sigaction now;
    if (sigaction(number, NULL, &now) || now.sa_handler == SIG_DFL || now.sa_handler == SIG_IGN)
        return 0;
    return !upp_libpypy_has(pypy, now.sa_handler);
}

/* Here and not in the child: the dynamic linker's lock may be somebody's there. */
void upp_signals_before_fork(const struct upp_libpypy *pypy)
{
    sigset_t held;
    sigset_t before;
    sigemptyset(&held);
    for (size_t i = 0; i < COUNT; i++) {
        forget[i] = is_of_uwsgi(pypy, numbers[i]);
        sigaddset(&held, numbers[i]);
    }
    pthread_sigmask(SIG_BLOCK, &held, &before);
    mask_before = before;
}

void upp_signals_in_parent(void)
{
    pthread_sigmask(SIG_SETMASK, &mask_before, NULL);
}

void upp_signals_in_child(void)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (forget[i])
            uwsgi_unix_signal(numbers[i], SIG_DFL);
    }
    /* nobody but uWSGI blocks this one: a thread in which it blocks all */
    if (sigismember(&mask_before, SIGSEGV))
        sigemptyset(&mask_before);
    pthread_sigmask(SIG_SETMASK, &mask_before, NULL);
}
