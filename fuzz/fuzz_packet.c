/* SPDX-License-Identifier: MIT */
/*
 * The uwsgi packet: its variables lie one behind the other, and written down again they are the
 * bytes that came.
 */
#include "fuzz.h"
#include "http/packet.h"

#include <string.h>

static size_t put(char *out, struct upp_slice text)
{
    out[0] = (char)(text.length & 0xff);
    out[1] = (char)(text.length >> 8);
    memcpy(out + 2, text.base, text.length);
    return 2 + text.length;
}

/* Returns where the last sound variable ends. */
static size_t rewrite(const char *data, size_t size, char *out, int *result)
{
    struct upp_slice key;
    struct upp_slice value;
    size_t position = 0;
    size_t length = 0;
    while ((*result = upp_packet_next(data, size, &position, &key, &value)) == 1) {
        REQUIRE(key.length && position <= size);
        length += put(out + length, key);
        length += put(out + length, value);
        REQUIRE(position == length);
    }
    return position;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct upp_packet packet;
    char *data = calloc(size, 1);
    char *out = malloc(size + 1);
    int result;
    if (size)
        memcpy(data, bytes, size);
    REQUIRE(upp_packet_header(&packet, data, size) ==
            (size < UPP_PACKET_HEADER ? 0 : UPP_PACKET_HEADER));
    if (size >= UPP_PACKET_HEADER)
        REQUIRE(packet.modifier1 == bytes[0] && packet.size == (bytes[1] | bytes[2] << 8) &&
                packet.modifier2 == bytes[3]);
    size_t length = rewrite(data, size, out, &result);
    REQUIRE(!length || !memcmp(out, data, length));
    REQUIRE(result == -1 ? length < size : result == 0 && length == size);
    free(out);
    free(data);
    return 0;
}
