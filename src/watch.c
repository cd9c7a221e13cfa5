/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include "compat.h"

#include <sys/epoll.h>
#include <sys/syscall.h>

/* the same on every architecture; not in the headers of every C library */
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

struct watched {
    pid_t pid;
    int fd; /* -1: none */
};

/* One for each worker, from 1 on; NULL until the master has come to its loop. */
static struct watched *watched;

/* Without a log line for each worker: none of them can be watched, or all. */
static void complain(const char *what)
{
    static int complained;
    if (!complained)
        uwsgi_log("%s: %s; ended workers are replaced within a second\n", what, strerror(errno));
    complained = 1;
}

static void begin(struct watched *worker, pid_t pid)
{
    worker->pid = pid;
    if (pid <= 0)
        return;
    worker->fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (worker->fd < 0) {
        complain("pidfd_open()");
        return;
    }
    /* Edge-triggered: it wakes the master once, whatever the master then does with the worker. To
     * uWSGI the number means nothing. */
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = worker->fd};
    if (epoll_ctl(uwsgi.master_queue, EPOLL_CTL_ADD, worker->fd, &event))
        complain("epoll_ctl()");
}

/* A child that is just being made may still have the descriptor, so closing it is not enough. */
static void end(struct watched *worker)
{
    if (worker->fd < 0)
        return;
    epoll_ctl(uwsgi.master_queue, EPOLL_CTL_DEL, worker->fd, NULL);
    close(worker->fd);
    worker->fd = -1;
}

void upp_watch_workers(void)
{
    if (!watched) {
        watched = uwsgi_calloc(sizeof *watched * (size_t)(uwsgi.numproc + 1));
        for (int i = 1; i <= uwsgi.numproc; i++)
            watched[i].fd = -1;
    }
    for (int i = 1; i <= uwsgi.numproc; i++) {
        pid_t pid = uwsgi.workers[i].pid;
        if (pid == watched[i].pid)
            continue;
        end(&watched[i]);
        begin(&watched[i], pid);
    }
}

void upp_watch_forget(void)
{
    for (int i = 1; watched && i <= uwsgi.numproc; i++) {
        if (watched[i].fd >= 0)
            close(watched[i].fd);
        watched[i].fd = -1;
    }
}
