/* SPDX-License-Identifier: MIT */
#include "mule.h"

#include "../compat.h"
#include "../vm/entry.h"

#include <poll.h>

int upp_mule_count(void)
{
    return uwsgi.mules_cnt;
}

int upp_mule_farm_count(void)
{
    return uwsgi.farms_cnt;
}

int upp_mule_find_farm(const char *name)
{
    for (int i = 0; i < uwsgi.farms_cnt; i++) {
        if (!strcmp(uwsgi.farms[i].name, name))
            return i;
    }
    return -1;
}

int upp_mule_is_in_farm(int farm, int mule)
{
    return uwsgi_farm_has_mule(&uwsgi.farms[farm], mule);
}

int upp_mule_send(int mule, const char *message, size_t length)
{
    int fd = mule ? uwsgi.mules[mule - 1].queue_pipe[0] : uwsgi.shared->mule_queue_pipe[0];
    return mule_send_msg(fd, (char *)message, length);
}

int upp_mule_send_farm(int farm, const char *message, size_t length)
{
    return mule_send_msg(uwsgi.farms[farm].queue_pipe[0], (char *)message, length);
}

/* ---- receiving --------------------------------------------------------- */

/* What is waited for: first the queues, then the pipes of signals. */
struct sources {
    struct pollfd *fds;
    nfds_t queues;
    nfds_t count;
};

static void add(struct sources *sources, int fd)
{
    sources->fds[sources->count].fd = fd;
    sources->fds[sources->count].events = POLLIN;
    sources->count++;
}

static int is_mine(const struct uwsgi_farm *farm)
{
    return uwsgi_farm_has_mule((struct uwsgi_farm *)farm, uwsgi.muleid);
}

static void gather(struct sources *sources, int what)
{
    sources->count = 0;
    sources->fds = uwsgi_calloc(sizeof(struct pollfd) * (size_t)(4 + 2 * uwsgi.farms_cnt));
    if (what & UPP_MULE_OWN) {
        add(sources, uwsgi.mules[uwsgi.muleid - 1].queue_pipe[1]);
        add(sources, uwsgi.shared->mule_queue_pipe[1]);
    }
    for (int i = 0; what & UPP_MULE_FARMS && i < uwsgi.farms_cnt; i++) {
        if (is_mine(&uwsgi.farms[i]))
            add(sources, uwsgi.farms[i].queue_pipe[1]);
    }
    sources->queues = sources->count;
    if (!(what & UPP_MULE_SIGNALS))
        return;
    add(sources, uwsgi.signal_socket);
    add(sources, uwsgi.my_signal_socket);
    for (int i = 0; i < uwsgi.farms_cnt; i++) {
        if (is_mine(&uwsgi.farms[i]))
            add(sources, uwsgi.farms[i].signal_pipe[1]);
    }
}

/* Another mule may have been faster: then there is nothing to read. */
static int64_t failed(const char *what)
{
    if (errno == EAGAIN || errno == EINTR)
        return UPP_MULE_AGAIN;
    uwsgi_log("mule %d: %s: %s\n", uwsgi.muleid, what, strerror(errno));
    return UPP_MULE_FAILED;
}

static int64_t take_message(int fd, char *buffer, size_t size)
{
    /* with MSG_TRUNC the result is the length that the message had */
    ssize_t length = recv(fd, buffer, size, MSG_TRUNC);
    return length < 0 ? failed("receiving a message") : length;
}

static int64_t take_signal(int fd)
{
    uint8_t number;
    ssize_t length = read(fd, &number, 1);
    if (length < 0)
        return failed("receiving a signal");
    if (!length) {
        uwsgi_log_verbose("uWSGI mule %d: the master is gone\n", uwsgi.muleid);
        end_me(0);
    }
    if (upp_compat_run_signal(NULL, number))
        uwsgi_log_verbose("error managing signal %d on mule %d\n", number, uwsgi.muleid);
    return UPP_MULE_AGAIN;
}

static int64_t take(const struct sources *sources, char *buffer, size_t size)
{
    for (nfds_t i = 0; i < sources->count; i++) {
        if (!sources->fds[i].revents)
            continue;
        return i < sources->queues ? take_message(sources->fds[i].fd, buffer, size)
                                   : take_signal(sources->fds[i].fd);
    }
    return UPP_MULE_AGAIN;
}

int64_t upp_mule_receive(int what, char *buffer, size_t size, int timeout)
{
    struct sources sources;
    int64_t result;
    int ready;
    gather(&sources, what);
    UPP_LEAVE(ready = poll(sources.fds, sources.count, timeout));
    if (ready > 0)
        result = take(&sources, buffer, size);
    else
        result = ready ? failed("waiting for a message") : UPP_TIMEOUT;
    free(sources.fds);
    return result;
}

void upp_mule_exit(int code)
{
    UPP_LEAVE(exit(code));
}

/* ---- hooks ------------------------------------------------------------- */

int upp_mule_run(char *what)
{
    int result;
    UPP_ENTER(result = upp_py_mule(what));
    return result;
}

int upp_mule_message(char *message, size_t length)
{
    int result;
    UPP_ENTER(result = upp_py_mule_message(message, length));
    return result;
}
