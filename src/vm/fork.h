/* SPDX-License-Identifier: MIT */
/*
 * fork.h - keeping the interpreter whole over fork().
 *
 * uWSGI forks in C, so PyPy does not see it. If another thread holds the GIL at
 * that moment, its owner does not exist in the child and the child waits for
 * ever. So the forking thread takes the GIL first, and both sides release it.
 * Forks that Python makes (os.fork, subprocess) come through here too: taking
 * the GIL again does no harm.
 *
 * The same is done with the lock that Python takes for moments of every import,
 * when it is uWSGI that forks: then Python code can run. Elsewhere it cannot, a
 * fork may happen in the middle of the interpreter; os.fork() has its own hooks.
 * What signals do in a child of the application: signals.h.
 * os.register_at_fork() is served by uWSGI's fork hooks, see python/uwsgi_pypy/fork.py.
 */
#ifndef UPP_VM_FORK_H
#define UPP_VM_FORK_H

struct upp_libpypy;

/* Installs the handlers (pthread_atfork) for the life of the process. Call it once the interpreter
 * has started. `loaded` must stay valid. Returns 0, or -1 after logging. */
int upp_fork_install(const struct upp_libpypy *loaded);

/* 1 in a pthread_atfork() handler if it is uWSGI that forks, and not the interpreter. */
int upp_fork_is_uwsgis(void);

/* In a new process of uWSGI, before any Python code runs in it: PyPy forgets the threads that
 * stayed behind. Does its work once in each process. */
void upp_fork_in_child(void);

#endif
