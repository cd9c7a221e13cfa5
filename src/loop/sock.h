/* SPDX-License-Identifier: MIT */
/*
 * sock.h - the system calls that every request makes, or every connection.
 *
 * glibc's can be cancelled, which costs more than the rest of what it does in a process that has
 * threads. Nothing here is ever cancelled: uWSGI's threads end by themselves.
 */
#ifndef UPP_LOOP_SOCK_H
#define UPP_LOOP_SOCK_H

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* recv(2) that does not wait. */
static inline ssize_t upp_sock_recv(int fd, void *data, size_t size)
{
    return syscall(SYS_recvfrom, fd, data, size, MSG_DONTWAIT, NULL, NULL);
}

/* send(2) that neither waits nor raises SIGPIPE. */
static inline ssize_t upp_sock_send(int fd, const void *data, size_t length)
{
    return syscall(SYS_sendto, fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);
}

/* accept4(2). */
static inline int upp_sock_accept(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
    return (int)syscall(SYS_accept4, fd, address, length, flags);
}

/* close(2). */
static inline int upp_sock_close(int fd)
{
    return (int)syscall(SYS_close, fd);
}

#endif
