/* SPDX-License-Identifier: MIT */
/*
 * packet.h - the uwsgi protocol's request packet (uWSGI docs, "The uwsgi Protocol").
 *
 *     modifier1 (1 byte)  size of the variables (2 bytes, little endian)  modifier2 (1 byte)
 *     then, `size` bytes long: key length (2, LE) key value length (2, LE) value ...
 */
#ifndef UPP_HTTP_PACKET_H
#define UPP_HTTP_PACKET_H

#include "slice.h"

#include <stdint.h>

#define UPP_PACKET_HEADER 4

struct upp_packet {
    uint8_t modifier1;
    uint8_t modifier2;
    uint16_t size; /* of the variables, without the header */
};

/* Reads the header. Returns UPP_PACKET_HEADER, or 0 when fewer bytes are there. */
int upp_packet_header(struct upp_packet *packet, const char *data, size_t length);

/* One variable at `*position` of the variables (data, size); moves `*position` behind it. Returns
 * 1, 0 at the end, -1 when a length points outside or a key is empty (`*position` stays). The bytes
 * of a key and of a value may be any, NUL too. */
int upp_packet_next(const char *data, size_t size, size_t *position, struct upp_slice *key,
                    struct upp_slice *value);

#endif
