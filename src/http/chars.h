/* SPDX-License-Identifier: MIT */
/*
 * chars.h - the character classes of HTTP and of URIs, by table.
 */
#ifndef UPP_HTTP_CHARS_H
#define UPP_HTTP_CHARS_H

#include <stdint.h>

enum upp_char_class {
    UPP_CHAR_TOKEN = 1, /* tchar, RFC 9110 5.6.2 */
    UPP_CHAR_NAME = 2,  /* unreserved and sub-delims, RFC 3986 2.2 and 2.3: in the name of a host */
    UPP_CHAR_HEX = 4,   /* HEXDIG, of either case */
    UPP_CHAR_DIGIT = 8,
    UPP_CHAR_TEXT = 16 /* HTAB, SP, VCHAR and obs-text: in the value of a field, RFC 9110 5.5 */
};

extern const uint8_t upp_char_classes[256];

/* 1 if `c` is of the class. */
static inline int upp_char_is(char c, enum upp_char_class wanted)
{
    return (upp_char_classes[(unsigned char)c] & (unsigned)wanted) != 0;
}

/* 0 to 15, for a UPP_CHAR_HEX. */
static inline unsigned upp_char_hex(char c)
{
    unsigned value = (unsigned char)c;
    return value <= '9' ? value - '0' : (value | 0x20U) - 'a' + 10;
}

#endif
