/* SPDX-License-Identifier: MIT */
/*
 * output.h - what a connection still has to send: bytes and parts of files, in
 * order. Empty for a client that reads as fast as the application writes.
 */
#ifndef UPP_LOOP_OUTPUT_H
#define UPP_LOOP_OUTPUT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct upp_segment;

struct upp_output {
    struct upp_segment *first;
    struct upp_segment *last;
    size_t bytes; /* of memory, files not counted */
};

enum upp_output_result { UPP_OUTPUT_DONE, UPP_OUTPUT_AGAIN, UPP_OUTPUT_BROKEN };

static inline int upp_output_empty(const struct upp_output *output)
{
    return !output->first;
}

/* Copies `length` bytes to the end. Returns 0, or -1 without memory. */
int upp_output_add(struct upp_output *output, const char *data, size_t length);

/* Adds a part of a file; the descriptor is duplicated. Returns 0, or -1 (errno). */
int upp_output_add_file(struct upp_output *output, int fd, off_t position, size_t length);

/* Writes the vector at once if nothing is waiting, and queues what the socket does not take (all of
 * it if something is waiting). *sent is increased by what went out. BROKEN: the connection is gone.
 */
enum upp_output_result upp_output_write(struct upp_output *output, int fd, struct iovec *vector,
                                        int count);

/* Sends as much as the socket takes. */
enum upp_output_result upp_output_flush(struct upp_output *output, int fd);

/* Bytes that went out and that the client's system has not confirmed; 0 if that cannot be told. It
 * shrinks while the client takes something, the socket has room again only later. */
int upp_output_unconfirmed(int fd);

/* Drops everything. */
void upp_output_clear(struct upp_output *output);

#endif
