/* SPDX-License-Identifier: MIT */
#include "fork.h"

#include "../compat.h"
#include "../contract.h"
#include "entry.h"
#include "libpypy.h"
#include "signals.h"

static const struct upp_libpypy *pypy;
static int gil_state;

/* The process in which PyPy's state is whole. */
static pid_t whole_in;

/* uWSGI forks its processes in the main thread, outside of the interpreter. */
static pthread_t main_thread;
static int forked_by_uwsgi;

int upp_fork_is_uwsgis(void)
{
    return pthread_equal(pthread_self(), main_thread) && !upp_entered();
}

/* What is static is written with the GIL: another thread may fork as well. */
static void before_fork(void)
{
    int is_ours = upp_fork_is_uwsgis();
    if (is_ours)
        UPP_ENTER(upp_py_hold_imports(1));
    int state = pypy->gil_ensure();
    gil_state = state;
    forked_by_uwsgi = is_ours;
    if (!is_ours)
        upp_signals_before_fork(pypy);
}

static void after_in_child(void)
{
    if (!forked_by_uwsgi)
        upp_signals_in_child();
    pypy->gil_release(gil_state);
}

static void after_in_parent(void)
{
    int is_ours = forked_by_uwsgi;
    if (!is_ours)
        upp_signals_in_parent();
    pypy->gil_release(gil_state);
    if (is_ours)
        UPP_ENTER(upp_py_hold_imports(0));
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
    main_thread = pthread_self();
    whole_in = getpid();
    int error = pthread_atfork(before_fork, after_in_parent, after_in_child);
    if (error) {
        uwsgi_log("pthread_atfork(): %s\n", strerror(error));
        return -1;
    }
    return 0;
}
