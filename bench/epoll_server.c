/* SPDX-License-Identifier: MIT */
/*
 * The least that a keep-alive HTTP server can do, to see what the kernel takes for itself: one
 * process, one epoll set, one read and one write for each request. It looks for the empty line
 * that ends a head and for nothing else, and always answers the same 12 bytes.
 *
 *     epoll_server PORT BACKLOG
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_MAX 4096
#define EVENTS 64

static const char ANSWER[] = "HTTP/1.1 200 OK\r\n"
                             "Content-Type: text/plain\r\n"
                             "Content-Length: 12\r\n"
                             "\r\n"
                             "Hello World\n";

struct connection {
    int fd;
    size_t used;
    char input[HEAD_MAX];
};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int number(const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (*end || value < 1 || value > 65535) {
        fprintf(stderr, "not a number from 1 to 65535: %s\n", text);
        exit(2);
    }
    return (int)value;
}

static void watch(int set, int fd, void *data)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};

    if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &event))
        fail("epoll_ctl");
}

static int bind_to(int port, int backlog)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
        bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, backlog))
        fail("listen");
    return fd;
}

static void accept_all(int set, int listener)
{
    for (;;) {
        struct connection *connection;
        int one = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0 && errno == EAGAIN)
            return;
        if (fd < 0)
            fail("accept");
        if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
            fail("TCP_NODELAY");
        connection = malloc(sizeof(*connection));
        if (!connection)
            fail("malloc");
        connection->fd = fd;
        connection->used = 0;
        watch(set, fd, connection);
    }
}

/* Answers every head that is complete; what is left is the beginning of the next one. */
static int answer(struct connection *connection)
{
    char *head = connection->input, *end = head + connection->used, *empty;

    while ((empty = memmem(head, (size_t)(end - head), "\r\n\r\n", 4))) {
        head = empty + 4;
        if (write(connection->fd, ANSWER, sizeof(ANSWER) - 1) != (ssize_t)sizeof(ANSWER) - 1)
            return -1;
    }
    connection->used = (size_t)(end - head);
    memmove(connection->input, head, connection->used);
    return 0;
}

static void serve(struct connection *connection)
{
    /* A head that fills the buffer leaves no room: that reads as the end. */
    ssize_t got = read(connection->fd, connection->input + connection->used,
                       sizeof(connection->input) - connection->used);

    if (got < 0 && errno == EAGAIN)
        return;
    if (got > 0) {
        connection->used += (size_t)got;
        if (!answer(connection))
            return;
    }
    close(connection->fd);
    free(connection);
}

int main(int argc, char **argv)
{
    struct epoll_event events[EVENTS];
    int set = epoll_create1(EPOLL_CLOEXEC), listener;

    if (argc != 3) {
        fprintf(stderr, "usage: %s PORT BACKLOG\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    listener = bind_to(number(argv[1]), number(argv[2]));
    watch(set, listener, NULL);
    for (;;) {
        int count = epoll_wait(set, events, EVENTS, -1);

        if (count < 0 && errno != EINTR)
            fail("epoll_wait");
        for (int index = 0; index < count; index++) {
            if (events[index].data.ptr)
                serve(events[index].data.ptr);
            else
                accept_all(set, listener);
        }
    }
}
