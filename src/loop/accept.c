/* SPDX-License-Identifier: MIT */
#include "accept.h"

#include "handover.h"
#include "host.h"
#include "life.h"
#include "pool.h"
#include "sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Connections taken per event, one after the other is served: new ones when nobody else could take
 * them meanwhile, which saves waits for events; those of another worker always. One that ends
 * leaves many at a time, and each has waited already. */
#define ACCEPTS_PER_EVENT 8

static struct {
    int epoll;
    int is_alone; /* one thread in one worker: nobody else could take what waits here */
    struct upp_listener *listeners;
    int count;
    pthread_mutex_t lock; /* of whether sources are in the epoll set */
    uint64_t resume;      /* when those that were taken out come back; 0: they are in */
} sources = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* What the socket of handed over connections is known by. */
static const char handed_over;

/* ---- watching ----------------------------------------------------------- */

static int change(int operation, int fd, const void *source)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = (void *)source};
    return epoll_ctl(sources.epoll, operation, fd, &event);
}

static void watch(int on)
{
    int operation = on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL;
    pthread_mutex_lock(&sources.lock);
    if (upp_handover_fd() >= 0)
        change(operation, upp_handover_fd(), &handed_over);
    for (int i = 0; i < sources.count; i++) {
        struct upp_listener *listener = &sources.listeners[i];
        if (listener->listening != on && !change(operation, listener->fd, listener))
            listener->listening = on;
    }
    pthread_mutex_unlock(&sources.lock);
}

/* Accepted sockets inherit it. */
static void set_nodelay(void)
{
    int one = 1;
    for (int i = 0; i < sources.count; i++) {
        if (!sources.listeners[i].is_unix)
            setsockopt(sources.listeners[i].fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }
}

void upp_accept_start(int epoll, struct upp_listener *listeners, int count, int threads)
{
    sources.epoll = epoll;
    sources.listeners = listeners;
    sources.count = count;
    sources.is_alone = threads == 1 && !upp_life_has_siblings();
    set_nodelay();
    watch(1);
}

void upp_accept_stop(void)
{
    watch(0);
}

/* A source that is always ready would spin. */
void upp_accept_pause(const char *why)
{
    if (sources.resume)
        return;
    upp_host_log("no new connections for a moment: %s", why);
    sources.resume = upp_engine_clock() + UPP_ACCEPT_PAUSE;
    watch(0);
}

int upp_accept_is_paused(void)
{
    return sources.resume != 0;
}

void upp_accept_resume(uint64_t now)
{
    if (!sources.resume || now < sources.resume || !upp_life_accepting())
        return;
    sources.resume = 0;
    watch(1);
}

int upp_accept_is_source(const void *pointer)
{
    const struct upp_listener *listener = pointer;
    return pointer == &handed_over ||
           (listener >= sources.listeners && listener < sources.listeners + sources.count);
}

/* The kernel wakes the worker that has watched a listener for the longest. */
void upp_accept_let_others(const struct upp_listener *listener)
{
    if (!upp_life_has_siblings())
        return;
    pthread_mutex_lock(&sources.lock);
    if (listener->listening) {
        change(EPOLL_CTL_DEL, listener->fd, listener);
        change(EPOLL_CTL_ADD, listener->fd, listener);
    }
    pthread_mutex_unlock(&sources.lock);
}

/* ---- taking ------------------------------------------------------------- */

static void set_peer(struct upp_conn *conn, const struct sockaddr_storage *peer)
{
    conn->address_length = conn->port_length = 0;
    const void *address = NULL;
    unsigned port = 0;
    if (peer->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)peer;
        address = &in->sin_addr;
        port = ntohs(in->sin_port);
    } else if (peer->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)peer;
        address = &in6->sin6_addr;
        port = ntohs(in6->sin6_port);
    }
    if (!address || !inet_ntop(peer->ss_family, address, conn->address, sizeof conn->address)) {
        /* a unix socket: uWSGI's word for it, which applications take for an address */
        static const char nowhere[] = "0.0.0.0";
        memcpy(conn->address, nowhere, sizeof nowhere);
        conn->address_length = sizeof nowhere - 1;
        return;
    }
    /* an IPv4 client of an IPv6 socket */
    if (!strncmp(conn->address, "::ffff:", 7) && strchr(conn->address, '.'))
        memmove(conn->address, conn->address + 7, strlen(conn->address + 7) + 1);
    conn->address_length = (unsigned char)strlen(conn->address);
    conn->port_length = (unsigned char)snprintf(conn->port, sizeof conn->port, "%u", port & 0xffff);
}

/* An application that looks at uwsgi.sockets may have changed it: PyPy's socket.fromfd() does, and
 * the flag is one for all processes. An accept() for which nobody waits any more would hang. */
static void set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0 && !(flags & O_NONBLOCK))
        fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/* The descriptor of a new connection, or -1. */
static int accept_one(const struct upp_listener *listener, struct sockaddr_storage *peer)
{
    /* a client of a unix socket has no address worth asking for */
    socklen_t length = sizeof *peer;
    struct sockaddr *address = listener->is_unix ? NULL : (struct sockaddr *)peer;
    int fd;
    set_nonblocking(listener->fd);
    do {
        fd = upp_sock_accept(listener->fd, address, address ? &length : NULL,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (fd < 0 && (errno == ECONNABORTED || errno == EINTR));
    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
        upp_accept_pause(strerror(errno));
    return fd;
}

/* Returns memory for one more connection, or NULL. */
static struct upp_conn *take_free(void)
{
    struct upp_conn *conn = upp_pool_is_full() ? NULL : upp_pool_take();
    if (!conn)
        upp_accept_pause("the bound on connections is reached");
    return conn;
}

/* Returns a new connection, which the caller owns, or NULL. */
static struct upp_conn *take_new(const struct upp_listener *listener)
{
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
    struct upp_conn *conn = listener->listening ? take_free() : NULL;
    if (!conn)
        return NULL;
    int fd = accept_one(listener, &peer);
    if (fd < 0) {
        upp_pool_give(conn);
        return NULL;
    }
    upp_conn_open(conn, fd, listener);
    set_peer(conn, &peer);
    /* the first request is usually there already */
    conn->readable = 1;
    return conn;
}

struct upp_conn *upp_accept_take_handed_over(void)
{
    struct upp_conn *conn;
    if (upp_handover_fd() < 0)
        return NULL;
    if (!(conn = take_free()))
        return NULL;
    if (upp_handover_take(conn, sources.listeners)) {
        if (errno == EMFILE)
            upp_accept_pause(strerror(errno));
        upp_pool_give(conn);
        return NULL;
    }
    conn->readable = 1;
    return conn;
}

int upp_accept_most(const void *source)
{
    return sources.is_alone || source == &handed_over ? ACCEPTS_PER_EVENT : 1;
}

struct upp_conn *upp_accept_take(const void *source)
{
    return source == &handed_over ? upp_accept_take_handed_over() : take_new(source);
}
