/* SPDX-License-Identifier: MIT */
#include "hold.h"

#include "compat.h"
#include "vm/fork.h"

#include <sys/syscall.h>

static const int numbers[] = {SIGHUP, SIGINT, SIGTERM};

#define COUNT (sizeof numbers / sizeof *numbers)

static int is_holding;
static sigset_t mask_before;

/* What the main thread does then. */
static void (*handlers[COUNT])(int);

/* The process that forks uWSGI's processes. */
static pid_t watched;

/* It was the fork that began it. */
static int is_for_fork;

int upp_hold_block(sigset_t *before)
{
    sigset_t held;
    sigemptyset(&held);
    for (size_t i = 0; i < COUNT; i++)
        sigaddset(&held, numbers[i]);
    return pthread_sigmask(SIG_BLOCK, &held, before);
}

void upp_hold_begin(void)
{
    if (!is_holding)
        is_holding = !upp_hold_block(&mask_before);
}

/* Its number is the process's, after any fork, too. Where it blocks the signal, that waits. */
static void run_in_main_thread(int number)
{
    pid_t main_thread = getpid();
    if (syscall(SYS_gettid) != main_thread) {
        syscall(SYS_tgkill, main_thread, main_thread, number);
        return;
    }
    for (size_t i = 0; i < COUNT; i++) {
        if (numbers[i] == number)
            handlers[i](number);
    }
}

void upp_hold_for_main_thread(void)
{
    struct sigaction now;
    for (size_t i = 0; i < COUNT; i++) {
        if (sigaction(numbers[i], NULL, &now))
            continue;
        handlers[i] = now.sa_handler;
        uwsgi_unix_signal(numbers[i], run_in_main_thread);
    }
}

void upp_hold_handle(int number, void (*handler)(int))
{
    for (size_t i = 0; i < COUNT; i++) {
        if (numbers[i] == number)
            handlers[i] = handler;
    }
}

void upp_hold_end(void)
{
    if (!is_holding)
        return;
    is_holding = 0;
    is_for_fork = 0;
    pthread_sigmask(SIG_SETMASK, &mask_before, NULL);
}

static void leave_early(int number)
{
    _exit(number == SIGHUP ? UWSGI_RELOAD_CODE : UWSGI_END_CODE);
}

void upp_hold_leave_early(void)
{
    for (size_t i = 0; i < COUNT; i++)
        uwsgi_unix_signal(numbers[i], leave_early);
}

static void before_fork(void)
{
    if (getpid() != watched || !upp_fork_is_uwsgis() || is_holding)
        return;
    upp_hold_begin();
    is_for_fork = 1;
}

static void in_parent(void)
{
    /* without a master there are no rounds of it */
    if (is_for_fork && upp_fork_is_uwsgis() && !uwsgi.master_process)
        upp_hold_end();
}

static void in_child(void)
{
    if (!is_for_fork || !upp_fork_is_uwsgis())
        return;
    upp_hold_leave_early();
    upp_hold_end();
}

void upp_hold_watch_forks(void)
{
    watched = getpid();
    int error = pthread_atfork(before_fork, in_parent, in_child);
    if (error)
        uwsgi_log("pthread_atfork(): %s\n", strerror(error));
}

void upp_hold_leave_if_late(void)
{
    /* with a command instead of servers uWSGI sets this before it forks */
    if (uwsgi.command_mode)
        return;
    if (uwsgi_instance_is_dying)
        _exit(UWSGI_END_CODE);
    if (uwsgi_instance_is_reloading)
        _exit(UWSGI_RELOAD_CODE);
}
