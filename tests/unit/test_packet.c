/* SPDX-License-Identifier: MIT */
/* http/packet.c */
#include "http/packet.h"
#include "unit.h"

#include <string.h>

#define SIZED(literal) literal, sizeof literal - 1

static struct upp_slice key;
static struct upp_slice value;
static size_t position;

static void header(void)
{
    static const char data[] = "\x05\x34\xf2\xad";
    struct upp_packet packet;
    for (size_t length = 0; length < UPP_PACKET_HEADER; length++)
        CHECK_INT(upp_packet_header(&packet, unit_guarded(data, length), length), 0);
    CHECK_INT(upp_packet_header(&packet, unit_guarded(data, 4), 4), UPP_PACKET_HEADER);
    CHECK_INT(packet.modifier1, 5);
    CHECK_INT(packet.size, 0xf234);
    CHECK_INT(packet.modifier2, 0xad);
}

static void variables(void)
{
    static const char data[] = "\x03\0KEY\x02\0ab\x01\0X\0\0";
    size_t size = sizeof data - 1;
    const char *place = unit_guarded(data, size);
    position = 0;
    CHECK_INT(upp_packet_next(place, size, &position, &key, &value), 1);
    CHECK_TEXT(key, "KEY");
    CHECK_TEXT(value, "ab");
    CHECK_INT((int64_t)position, 9);
    CHECK_INT(upp_packet_next(place, size, &position, &key, &value), 1);
    CHECK_TEXT(key, "X");
    CHECK_TEXT(value, "");
    CHECK_INT(upp_packet_next(place, size, &position, &key, &value), 0);
    CHECK_INT((int64_t)position, (int64_t)size);
}

static void large(void)
{
    static char data[65535];
    data[0] = 1;
    data[2] = 'K';
    data[3] = (char)((sizeof data - 5) & 0xff);
    data[4] = (char)((sizeof data - 5) >> 8);
    position = 0;
    CHECK_INT(
        upp_packet_next(unit_guarded(data, sizeof data), sizeof data, &position, &key, &value), 1);
    CHECK_INT((int64_t)value.length, (int64_t)sizeof data - 5);
}

static void check_broken(const char *data, size_t size)
{
    position = 0;
    CHECK_INT(upp_packet_next(unit_guarded(data, size), size, &position, &key, &value), -1);
    CHECK_INT((int64_t)position, 0);
}

static void broken(void)
{
    static const char whole[] = "\x03\0KEY\x02\0ab";
    for (size_t size = 1; size < sizeof whole - 1; size++)
        check_broken(whole, size);
    check_broken(SIZED("\0\0\x01\0a"));
    check_broken(SIZED("\x01\0K\xff\xff"));
    check_broken(SIZED("\xff\xffK\x01\0a"));
    check_broken(SIZED("\x02\0K\x01\0a"));
}

static void nothing(void)
{
    position = 0;
    CHECK_INT(upp_packet_next(unit_guarded("", 0), 0, &position, &key, &value), 0);
    position = 5;
    CHECK_INT(upp_packet_next(unit_guarded("abc", 3), 3, &position, &key, &value), 0);
}

int main(void)
{
    RUN(header);
    RUN(variables);
    RUN(large);
    RUN(broken);
    RUN(nothing);
    return unit_result();
}
