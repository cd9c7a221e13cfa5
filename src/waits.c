/* SPDX-License-Identifier: MIT */
#include "waits.h"

#include "compat.h"

#include <sys/epoll.h>

/* Of one core. */
struct waits {
    int group;    /* the epoll instance that uWSGI watches for it, -1: none */
    int fd;       /* without a group: the descriptor that uWSGI watches, -1: none */
    int is_write; /* without a group: what for */
};

static struct waits *all;

static void forget(struct waits *waits)
{
    if (waits->group >= 0)
        close(waits->group);
    waits->group = waits->fd = -1;
}

void upp_waits_setup(int cores)
{
    all = uwsgi_calloc(sizeof(struct waits) * (size_t)cores);
    for (int i = 0; i < cores; i++)
        all[i].group = all[i].fd = -1;
}

/* uWSGI leaves an entry behind when the kernel refuses the descriptor. */
static void unlink_entry(struct wsgi_request *host)
{
    struct uwsgi_async_fd *entry = host->waiting_fds;
    uwsgi.async_waiting_fd_table[entry->fd] = NULL;
    host->waiting_fds = NULL;
    free(entry);
}

static int add_direct(struct wsgi_request *host, int fd, int is_write)
{
    int failed = is_write ? async_add_fd_write(host, fd, 0) : async_add_fd_read(host, fd, 0);
    if (failed && host->waiting_fds)
        unlink_entry(host);
    return failed;
}

static void remove_direct(struct wsgi_request *host)
{
    const struct uwsgi_async_fd *entry = host->waiting_fds;
    event_queue_del_fd(uwsgi.async_queue, entry->fd, entry->event);
    unlink_entry(host);
}

static int add_to_group(const struct waits *waits, int fd, int is_write)
{
    struct epoll_event event = {.events = is_write ? EPOLLOUT : EPOLLIN, .data.fd = fd};
    if (!epoll_ctl(waits->group, EPOLL_CTL_ADD, fd, &event))
        return 0;
    if (errno != EEXIST)
        return -1;
    event.events = EPOLLIN | EPOLLOUT;
    return epoll_ctl(waits->group, EPOLL_CTL_MOD, fd, &event);
}

/* Puts what uWSGI watches for this request so far into a group. */
static int make_group(struct wsgi_request *host, struct waits *waits)
{
    waits->group = epoll_create1(EPOLL_CLOEXEC);
    if (waits->group < 0 || waits->group >= (int)uwsgi.max_fd)
        goto failed;
    if (waits->fd >= 0) {
        if (add_to_group(waits, waits->fd, waits->is_write))
            goto failed;
        remove_direct(host);
        waits->fd = -1;
    }
    if (!add_direct(host, waits->group, 0))
        return 0;
failed:
    if (waits->group >= 0)
        close(waits->group);
    waits->group = -1;
    return -1;
}

/* Another request waits for it, or uWSGI reads a request from it. */
static int is_taken(int fd)
{
    return uwsgi.async_waiting_fd_table[fd] || uwsgi.async_proto_fd_table[fd];
}

static int add(struct wsgi_request *host, struct waits *waits, int fd, int is_write)
{
    if (waits->fd == fd && waits->is_write == is_write && waits->group < 0)
        return 0;
    if (waits->group < 0 && waits->fd < 0 && !is_taken(fd)) {
        if (add_direct(host, fd, is_write))
            return -1;
        waits->fd = fd;
        waits->is_write = is_write;
        return 0;
    }
    if (waits->group < 0 && make_group(host, waits))
        return -1;
    return add_to_group(waits, fd, is_write);
}

int upp_waits_add(struct wsgi_request *host, int fd, int timeout, int is_write)
{
    if (!all || !uwsgi.async_waiting_fd_table || fd < 0 || fd >= (int)uwsgi.max_fd)
        return -1;
    if (add(host, &all[host->async_id], fd, is_write))
        return -1;
    if (timeout > 0)
        async_add_timeout(host, timeout);
    return 0;
}

void upp_waits_woken(struct wsgi_request *host)
{
    struct waits *waits = &all[host->async_id];
    struct epoll_event event;
    if (waits->group >= 0 && host->async_ready_fd) {
        if (epoll_wait(waits->group, &event, 1, 0) == 1)
            host->async_last_ready_fd = event.data.fd;
        else
            host->async_ready_fd = 0;
    }
    forget(waits);
}

void upp_waits_end(int core)
{
    forget(&all[core]);
}
