/* SPDX-License-Identifier: MIT */
#include "websocket.h"

#include <string.h>

/* First byte of a head */
#define LAST 0x80
#define RESERVED 0x70
#define KIND 0x0f
/* Second byte */
#define MASKED 0x80
#define LENGTH 0x7f
#define LENGTH_16 126
#define LENGTH_64 127

static uint64_t big_endian(const unsigned char *bytes, int count)
{
    uint64_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

static int is_known(unsigned kind)
{
    return kind <= UPP_FRAME_BINARY || (kind >= UPP_FRAME_CLOSE && kind <= UPP_FRAME_PONG);
}

/* How many bytes the length takes behind the second byte. */
static int length_bytes(unsigned short_length)
{
    if (short_length == LENGTH_64)
        return 8;
    return short_length == LENGTH_16 ? 2 : 0;
}

int upp_frame_parse(struct upp_frame *frame, const char *data, size_t length)
{
    const unsigned char *head = (const unsigned char *)data;
    if (length < 2)
        return 0;
    unsigned short_length = head[1] & LENGTH;
    if (head[0] & RESERVED || !is_known(head[0] & KIND) || !(head[1] & MASKED))
        return -1;
    frame->kind = (enum upp_frame_kind)(head[0] & KIND);
    frame->is_last = !!(head[0] & LAST);
    if (upp_frame_is_control(frame) && (!frame->is_last || short_length > UPP_FRAME_CONTROL_MAX))
        return -1;
    int more = length_bytes(short_length);
    if (length < 2 + (size_t)more + 4)
        return 0;
    frame->length = more ? big_endian(head + 2, more) : short_length;
    if (frame->length > INT64_MAX)
        return -1;
    memcpy(frame->mask, head + 2 + more, 4);
    return 2 + more + 4;
}

void upp_frame_unmask(char *data, size_t length, const unsigned char mask[4])
{
    uint32_t word;
    size_t i = 0;
    memcpy(&word, mask, 4);
    for (; i + 4 <= length; i += 4) {
        uint32_t part;
        memcpy(&part, data + i, 4);
        part ^= word;
        memcpy(data + i, &part, 4);
    }
    for (; i < length; i++)
        data[i] = (char)((unsigned char)data[i] ^ mask[i % 4]);
}

size_t upp_frame_head(char *out, enum upp_frame_kind kind, uint64_t length)
{
    unsigned char *head = (unsigned char *)out;
    int more = length <= UPP_FRAME_CONTROL_MAX ? 0 : length <= UINT16_MAX ? 2 : 8;
    head[0] = (unsigned char)(LAST | kind);
    head[1] = (unsigned char)(more == 8 ? LENGTH_64 : more == 2 ? LENGTH_16 : length);
    for (int i = 0; i < more; i++)
        head[2 + i] = (unsigned char)(length >> (8 * (more - 1 - i)) & 0xff);
    return 2 + (size_t)more;
}

int upp_frame_is_close_code(unsigned code)
{
    if (code >= 3000 && code <= 4999)
        return 1;
    return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}
