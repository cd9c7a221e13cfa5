/* SPDX-License-Identifier: MIT */
#include "output.h"

#include "sock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#define SEGMENT_MIN 16384
#define VECTOR_MAX 16

struct upp_segment {
    struct upp_segment *next;
    int fd;          /* of a file; -1: bytes */
    off_t position;  /* of a file */
    size_t start;    /* first byte that was not sent */
    size_t end;      /* of a file: how much is left */
    size_t capacity; /* of data */
    char data[];
};

static int again(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK;
}

static void append(struct upp_output *output, struct upp_segment *segment)
{
    segment->next = NULL;
    if (output->last)
        output->last->next = segment;
    else
        output->first = segment;
    output->last = segment;
}

static void drop_first(struct upp_output *output)
{
    struct upp_segment *segment = output->first;
    output->first = segment->next;
    if (!output->first)
        output->last = NULL;
    if (segment->fd >= 0)
        close(segment->fd);
    free(segment);
}

int upp_output_add(struct upp_output *output, const char *data, size_t length)
{
    struct upp_segment *last = output->last;
    if (!length)
        return 0;
    if (last && last->fd < 0 && last->capacity - last->end >= length) {
        memcpy(last->data + last->end, data, length);
        last->end += length;
        output->bytes += length;
        return 0;
    }
    size_t capacity = length > SEGMENT_MIN ? length : SEGMENT_MIN;
    struct upp_segment *segment = malloc(sizeof *segment + capacity);
    if (!segment)
        return -1;
    segment->fd = -1;
    segment->position = 0;
    segment->start = 0;
    segment->end = length;
    segment->capacity = capacity;
    memcpy(segment->data, data, length);
    append(output, segment);
    output->bytes += length;
    return 0;
}

int upp_output_add_file(struct upp_output *output, int fd, off_t position, size_t length)
{
    if (!length)
        return 0;
    struct upp_segment *segment = malloc(sizeof *segment);
    if (!segment)
        return -1;
    segment->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (segment->fd < 0) {
        free(segment);
        return -1;
    }
    segment->position = position;
    segment->start = 0;
    segment->end = length;
    segment->capacity = 0;
    append(output, segment);
    return 0;
}

/* writev() for sockets that a signal for a gone client would otherwise meet */
static ssize_t send_vector(int fd, struct iovec *vector, int count)
{
    struct msghdr message = {.msg_iov = vector, .msg_iovlen = (size_t)count};
    ssize_t sent;
    do {
        sent = count == 1 ? upp_sock_send(fd, vector->iov_base, vector->iov_len)
                          : sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    return sent;
}

static int add_rest(struct upp_output *output, const struct iovec *vector, int count, size_t sent)
{
    for (int i = 0; i < count; i++) {
        size_t skip = sent < vector[i].iov_len ? sent : vector[i].iov_len;
        sent -= skip;
        if (upp_output_add(output, (const char *)vector[i].iov_base + skip,
                           vector[i].iov_len - skip))
            return -1;
    }
    return 0;
}

enum upp_output_result upp_output_write(struct upp_output *output, int fd, struct iovec *vector,
                                        int count)
{
    ssize_t sent = 0;
    if (upp_output_empty(output)) {
        sent = send_vector(fd, vector, count);
        if (sent < 0 && !again())
            return UPP_OUTPUT_BROKEN;
        if (sent < 0)
            sent = 0;
    }
    if (add_rest(output, vector, count, (size_t)sent))
        return UPP_OUTPUT_BROKEN;
    return upp_output_empty(output) ? UPP_OUTPUT_DONE : UPP_OUTPUT_AGAIN;
}

static enum upp_output_result flush_file(struct upp_output *output, int fd)
{
    struct upp_segment *segment = output->first;
    ssize_t sent = sendfile(fd, segment->fd, &segment->position, segment->end);
    if (sent < 0)
        return again() || errno == EINTR ? UPP_OUTPUT_AGAIN : UPP_OUTPUT_BROKEN;
    /* the file was cut short after its length was declared */
    if (!sent)
        return UPP_OUTPUT_BROKEN;
    segment->end -= (size_t)sent;
    if (!segment->end)
        drop_first(output);
    return UPP_OUTPUT_DONE;
}

static enum upp_output_result flush_bytes(struct upp_output *output, int fd)
{
    struct iovec vector[VECTOR_MAX];
    int count = 0;
    for (struct upp_segment *s = output->first; s && s->fd < 0 && count < VECTOR_MAX; s = s->next) {
        vector[count].iov_base = s->data + s->start;
        vector[count++].iov_len = s->end - s->start;
    }
    ssize_t sent = send_vector(fd, vector, count);
    if (sent < 0)
        return again() ? UPP_OUTPUT_AGAIN : UPP_OUTPUT_BROKEN;
    output->bytes -= (size_t)sent;
    while (sent > 0 && output->first) {
        struct upp_segment *first = output->first;
        size_t part = first->end - first->start;
        if ((size_t)sent < part) {
            first->start += (size_t)sent;
            return UPP_OUTPUT_AGAIN;
        }
        sent -= (ssize_t)part;
        drop_first(output);
    }
    return UPP_OUTPUT_DONE;
}

enum upp_output_result upp_output_flush(struct upp_output *output, int fd)
{
    enum upp_output_result result = UPP_OUTPUT_DONE;
    while (output->first && result == UPP_OUTPUT_DONE)
        result = output->first->fd >= 0 ? flush_file(output, fd) : flush_bytes(output, fd);
    return result;
}

int upp_output_unconfirmed(int fd)
{
    int bytes = 0;
    return ioctl(fd, SIOCOUTQ, &bytes) ? 0 : bytes;
}

void upp_output_clear(struct upp_output *output)
{
    while (output->first)
        drop_first(output);
    output->bytes = 0;
}
