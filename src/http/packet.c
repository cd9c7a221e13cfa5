/* SPDX-License-Identifier: MIT */
#include "packet.h"

static size_t little_endian(const char *bytes)
{
    return (size_t)(unsigned char)bytes[0] | (size_t)(unsigned char)bytes[1] << 8;
}

int upp_packet_header(struct upp_packet *packet, const char *data, size_t length)
{
    if (length < UPP_PACKET_HEADER)
        return 0;
    packet->modifier1 = (uint8_t)data[0];
    packet->size = (uint16_t)little_endian(data + 1);
    packet->modifier2 = (uint8_t)data[3];
    return UPP_PACKET_HEADER;
}

/* A length and as many bytes. */
static int take(const char *data, size_t size, size_t *position, struct upp_slice *slice)
{
    if (size - *position < 2)
        return 0;
    size_t length = little_endian(data + *position);
    if (size - *position - 2 < length)
        return 0;
    slice->base = data + *position + 2;
    slice->length = length;
    *position += 2 + length;
    return 1;
}

int upp_packet_next(const char *data, size_t size, size_t *position, struct upp_slice *key,
                    struct upp_slice *value)
{
    size_t next = *position;
    if (next >= size)
        return 0;
    if (!take(data, size, &next, key) || !key->length || !take(data, size, &next, value))
        return -1;
    *position = next;
    return 1;
}
