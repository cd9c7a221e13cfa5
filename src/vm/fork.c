/* SPDX-License-Identifier: MIT */
#include "fork.h"

#include "../compat.h"
#include "libpypy.h"

static const struct upp_libpypy *pypy;
static int gil_state;

/* The process in which PyPy's state is whole. */
static pid_t whole_in;

static void before_fork(void)
{
    gil_state = pypy->gil_ensure();
}

static void after_fork(void)
{
    pypy->gil_release(gil_state);
}

void upp_fork_in_child(void)
{
    if (whole_in == getpid())
        return;
    whole_in = getpid();
    pypy->after_fork();
}

int upp_fork_install(const struct upp_libpypy *loaded)
{
    pypy = loaded;
    whole_in = getpid();
    int error = pthread_atfork(before_fork, after_fork, after_fork);
    if (error) {
        uwsgi_log("pthread_atfork(): %s\n", strerror(error));
        return -1;
    }
    return 0;
}
