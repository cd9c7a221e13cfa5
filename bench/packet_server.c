/* SPDX-License-Identifier: MIT */
/*
 * The least that a server of the uwsgi protocol can do behind nginx, which closes the connection
 * after each request: accept, read, write and close, one after the other. It looks at nothing that
 * it reads, and always answers the same 12 bytes.
 *
 *     packet_server PATH BACKLOG
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char ANSWER[] = "HTTP/1.1 200 OK\r\n"
                             "Content-Type: text/plain\r\n"
                             "Content-Length: 12\r\n"
                             "\r\n"
                             "Hello World\n";

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int bind_to(const char *path, const char *backlog)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof(address.sun_path)) {
        fprintf(stderr, "the path is too long: %s\n", path);
        exit(2);
    }
    strcpy(address.sun_path, path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
        listen(fd, (int)strtol(backlog, NULL, 10)))
        fail("listen");
    return fd;
}

int main(int argc, char **argv)
{
    char packet[65536];
    int listener;

    if (argc != 3) {
        fprintf(stderr, "usage: %s PATH BACKLOG\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    listener = bind_to(argv[1], argv[2]);
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        if (fd < 0 && errno != EINTR)
            fail("accept");
        /* nginx sends a packet with one write, which one read takes */
        if (fd >= 0 && read(fd, packet, sizeof(packet)) > 0 &&
            write(fd, ANSWER, sizeof(ANSWER) - 1) < 0)
            perror("write");
        close(fd);
    }
}
