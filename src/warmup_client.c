/* SPDX-License-Identifier: MIT */
#include "warmup_client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

/* Sends what the socket takes; behind the last byte comes the end. Returns 0, -1: nobody reads. */
static int send_some(struct upp_warmup_client *client)
{
    ssize_t sent = send(client->fd, client->data, client->length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    client->data += sent;
    client->length -= (size_t)sent;
    if (!client->length)
        shutdown(client->fd, SHUT_WR);
    return 0;
}

/* Returns 0 once the server has closed its end. */
static int take_some(int fd)
{
    char response[16384];
    ssize_t got = recv(fd, response, sizeof response, MSG_DONTWAIT);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

static void *run(void *argument)
{
    struct upp_warmup_client *client = argument;
    int is_open = 1;
    while (is_open) {
        struct pollfd wait = {.fd = client->fd,
                              .events = (short)(client->length ? POLLIN | POLLOUT : POLLIN)};
        if (poll(&wait, 1, -1) < 0 && errno != EINTR)
            break;
        if (wait.revents & POLLOUT && client->length && send_some(client))
            client->length = 0;
        if (wait.revents & (POLLIN | POLLHUP | POLLERR))
            is_open = take_some(client->fd);
    }
    close(client->fd);
    return NULL;
}

/* Signals are for the main thread. */
static int start_thread(struct upp_warmup_client *client)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&client->thread, NULL, run, client);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

int upp_warmup_client_start(struct upp_warmup_client *client, const char *data, size_t length)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return -1;
    client->fd = pair[1];
    client->data = data;
    client->length = length;
    int error = send_some(client) ? errno : start_thread(client);
    if (!error)
        return pair[0];
    close(pair[0]);
    close(pair[1]);
    errno = error;
    return -1;
}

void upp_warmup_client_join(struct upp_warmup_client *client)
{
    pthread_join(client->thread, NULL);
}
