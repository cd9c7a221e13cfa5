/* SPDX-License-Identifier: MIT */
#include "chars.h"

#define TOKEN UPP_CHAR_TOKEN
#define NAME UPP_CHAR_NAME
#define HEX UPP_CHAR_HEX
#define DIGIT UPP_CHAR_DIGIT
#define TEXT UPP_CHAR_TEXT

const uint8_t upp_char_classes[256] = {
    ['\t'] = TEXT,
    [' '] = TEXT,
    ['!'] = TOKEN | NAME | TEXT,
    ['"'] = TEXT,
    ['#'] = TOKEN | TEXT,
    ['$'] = TOKEN | NAME | TEXT,
    ['%'] = TOKEN | TEXT,
    ['&'] = TOKEN | NAME | TEXT,
    ['\''] = TOKEN | NAME | TEXT,
    ['('] = NAME | TEXT,
    [')'] = NAME | TEXT,
    ['*'] = TOKEN | NAME | TEXT,
    ['+'] = TOKEN | NAME | TEXT,
    [','] = NAME | TEXT,
    ['-'] = TOKEN | NAME | TEXT,
    ['.'] = TOKEN | NAME | TEXT,
    ['/'] = TEXT,
    ['0' ... '9'] = TOKEN | NAME | HEX | DIGIT | TEXT,
    [':'] = TEXT,
    [';'] = NAME | TEXT,
    ['<'] = TEXT,
    ['='] = NAME | TEXT,
    ['>'] = TEXT,
    ['?'] = TEXT,
    ['@'] = TEXT,
    ['A' ... 'F'] = TOKEN | NAME | HEX | TEXT,
    ['G' ... 'Z'] = TOKEN | NAME | TEXT,
    ['['] = TEXT,
    ['\\'] = TEXT,
    [']'] = TEXT,
    ['^'] = TOKEN | TEXT,
    ['_'] = TOKEN | NAME | TEXT,
    ['`'] = TOKEN | TEXT,
    ['a' ... 'f'] = TOKEN | NAME | HEX | TEXT,
    ['g' ... 'z'] = TOKEN | NAME | TEXT,
    ['{'] = TEXT,
    ['|'] = TOKEN | TEXT,
    ['}'] = TEXT,
    ['~'] = TOKEN | NAME | TEXT,
    [0x80 ... 0xff] = TEXT,
};
