/* SPDX-License-Identifier: MIT */
/* http/websocket.c: heads of frames in any length of theirs, masks, and what is refused. */
#include "http/websocket.h"
#include "unit.h"

#include <string.h>

static struct upp_frame frame;

static int parse(const char *data, size_t length)
{
    memset(&frame, 0x55, sizeof frame);
    return upp_frame_parse(&frame, unit_guarded(data, length), length);
}

/* Whatever is missing at its end: not yet. */
static void check_needs_all(const char *data, int length)
{
    for (int i = 0; i < length; i++)
        CHECK_INT(parse(data, (size_t)i), 0);
    CHECK_INT(parse(data, (size_t)length), length);
    CHECK(!memcmp(frame.mask, data + length - 4, 4));
}

static void short_head(void)
{
    check_needs_all("\x81\xfd"
                    "mask",
                    6);
    CHECK_INT(frame.kind, UPP_FRAME_TEXT);
    CHECK_INT(frame.is_last, 1);
    CHECK_INT((int64_t)frame.length, 125);
    CHECK_INT(parse("\x00\x80mask", 6), 6);
    CHECK_INT(frame.kind, UPP_FRAME_MORE);
    CHECK_INT(frame.is_last, 0);
    CHECK_INT((int64_t)frame.length, 0);
}

static void longer_heads(void)
{
    check_needs_all("\x82\xfe\x01\x02mask", 8);
    CHECK_INT(frame.kind, UPP_FRAME_BINARY);
    CHECK_INT((int64_t)frame.length, 0x0102);
    check_needs_all("\x82\xff\x01\x02\x03\x04\x05\x06\x07\x08mask", 14);
    CHECK_INT((int64_t)frame.length, INT64_C(0x0102030405060708));
}

static void control_frames(void)
{
    CHECK_INT(parse("\x88\x80mask", 6), 6);
    CHECK(upp_frame_is_control(&frame));
    CHECK_INT(parse("\x8a\xfdmask", 6), 6);
    CHECK_INT(parse("\x89\xfe\x00\x7emask", 8), -1);
    CHECK_INT(parse("\x09\x80mask", 6), -1);
}

static void refused(void)
{
    CHECK_INT(parse("\x81\x05", 2), -1); /* no mask */
    CHECK_INT(parse("\xc1\x80", 2), -1); /* reserved bits */
    CHECK_INT(parse("\xa1\x80", 2), -1);
    CHECK_INT(parse("\x91\x80", 2), -1);
    CHECK_INT(parse("\x83\x80", 2), -1); /* kinds that do not exist */
    CHECK_INT(parse("\x87\x80", 2), -1);
    CHECK_INT(parse("\x8b\x80", 2), -1);
    CHECK_INT(parse("\x8f\x80", 2), -1);
    CHECK_INT(parse("\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00mask", 14), -1);
}

static void unmasking(void)
{
    const unsigned char mask[4] = {'a', 0, 0xff, 0x80};
    for (size_t length = 0; length < 40; length++) {
        char expected[40];
        char data[40];
        memset(data, 'x', sizeof data);
        for (size_t i = 0; i < length; i++)
            expected[i] = (char)('x' ^ mask[i % 4]);
        char *guarded = unit_guarded(data, length);
        upp_frame_unmask(guarded, length, mask);
        CHECK(!memcmp(guarded, expected, length));
    }
}

static void check_head(uint64_t length, const char *expected, size_t expected_length)
{
    char out[UPP_FRAME_HEAD_MAX];
    CHECK_INT((int64_t)upp_frame_head(out, UPP_FRAME_BINARY, length), (int64_t)expected_length);
    CHECK(!memcmp(out, expected, expected_length));
}

static void writing(void)
{
    check_head(0, "\x82\x00", 2);
    check_head(125, "\x82\x7d", 2);
    check_head(126, "\x82\x7e\x00\x7e", 4);
    check_head(65535, "\x82\x7e\xff\xff", 4);
    check_head(65536, "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10);
}

static void close_codes(void)
{
    const unsigned good[] = {1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999};
    const unsigned bad[] = {0, 999, 1004, 1005, 1006, 1015, 1100, 2999, 5000, 65535};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        CHECK(upp_frame_is_close_code(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!upp_frame_is_close_code(bad[i]));
}

int main(void)
{
    RUN(short_head);
    RUN(longer_heads);
    RUN(control_frames);
    RUN(refused);
    RUN(unmasking);
    RUN(writing);
    RUN(close_codes);
    return unit_result();
}
