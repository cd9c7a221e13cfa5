/* SPDX-License-Identifier: MIT */
/*
 * websocket.h - frames of the websocket protocol (RFC 6455 section 5), as a server meets them.
 *
 * Pure: looks at bytes that are there, writes heads of frames, and changes masked bytes in place.
 */
#ifndef UPP_HTTP_WEBSOCKET_H
#define UPP_HTTP_WEBSOCKET_H

#include <stddef.h>
#include <stdint.h>

enum upp_frame_kind {
    UPP_FRAME_MORE = 0, /* continues a message */
    UPP_FRAME_TEXT = 1,
    UPP_FRAME_BINARY = 2,
    UPP_FRAME_CLOSE = 8,
    UPP_FRAME_PING = 9,
    UPP_FRAME_PONG = 10
};

/* The head of a frame. */
struct upp_frame {
    enum upp_frame_kind kind;
    int is_last; /* of its message */
    uint64_t length;
    unsigned char mask[4];
};

/* Largest head, and largest payload of close, ping and pong. */
#define UPP_FRAME_HEAD_MAX 14
#define UPP_FRAME_CONTROL_MAX 125

static inline int upp_frame_is_control(const struct upp_frame *frame)
{
    return frame->kind >= UPP_FRAME_CLOSE;
}

/* Reads the head of a client's frame. Returns its length in bytes, 0 when more has to come, -1 when
 * the frame breaks the protocol: not masked, reserved bits or kinds, a close, ping or pong that is
 * longer than UPP_FRAME_CONTROL_MAX or in parts, a length of more than 63 bits. */
int upp_frame_parse(struct upp_frame *frame, const char *data, size_t length);

/* Takes the mask away from a whole payload. */
void upp_frame_unmask(char *data, size_t length, const unsigned char mask[4]);

/* Writes the head of a server's frame, a whole message, into `out` (UPP_FRAME_HEAD_MAX bytes).
 * Returns its length. */
size_t upp_frame_head(char *out, enum upp_frame_kind kind, uint64_t length);

/* 1 if a client may close with that status code (RFC 6455 section 7.4). */
int upp_frame_is_close_code(unsigned code);

#endif
