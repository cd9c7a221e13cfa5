/* SPDX-License-Identifier: MIT */
#include "chunked.h"

#include "chars.h"

void upp_chunked_init(struct upp_chunked *chunked)
{
    *chunked = (struct upp_chunked){.state = UPP_CHUNKED_SIZE};
}

/* One byte more of extensions, the ';' included. */
static enum upp_chunked_state count_extension(struct upp_chunked *chunked)
{
    return ++chunked->extensions > UPP_CHUNKED_EXTENSIONS_MAX ? UPP_CHUNKED_BROKEN
                                                              : UPP_CHUNKED_EXTENSION;
}

static enum upp_chunked_state in_size(struct upp_chunked *chunked, char c)
{
    if (upp_char_is(c, UPP_CHAR_HEX) && chunked->digits < UPP_CHUNKED_SIZE_DIGITS) {
        chunked->left = chunked->left << 4 | upp_char_hex(c);
        chunked->digits++;
        return UPP_CHUNKED_SIZE;
    }
    if (!chunked->digits)
        return UPP_CHUNKED_BROKEN;
    if (c == '\r')
        return UPP_CHUNKED_SIZE_LF;
    return c == ';' ? count_extension(chunked) : UPP_CHUNKED_BROKEN;
}

/* What an extension says is nobody's business here. A quoted string cannot hide the end of the
 * line: there is no CR in it (RFC 9110 5.6.4). */
static enum upp_chunked_state in_extension(struct upp_chunked *chunked, char c)
{
    if (c == '\r')
        return UPP_CHUNKED_SIZE_LF;
    return upp_char_is(c, UPP_CHAR_TEXT) ? count_extension(chunked) : UPP_CHUNKED_BROKEN;
}

static enum upp_chunked_state after_size(struct upp_chunked *chunked)
{
    chunked->digits = 0;
    return chunked->left ? UPP_CHUNKED_DATA : UPP_CHUNKED_TRAILER_START;
}

static enum upp_chunked_state if_is(char c, char wanted, enum upp_chunked_state next)
{
    return c == wanted ? next : UPP_CHUNKED_BROKEN;
}

/* Any byte of a trailer line. */
static enum upp_chunked_state in_trailer(struct upp_chunked *chunked, char c)
{
    int is_token = upp_char_is(c, UPP_CHAR_TOKEN);
    if (++chunked->trailers > UPP_CHUNKED_TRAILERS_MAX)
        return UPP_CHUNKED_BROKEN;
    if (chunked->state == UPP_CHUNKED_TRAILER_LF)
        return if_is(c, '\n', UPP_CHUNKED_TRAILER_START);
    if (chunked->state == UPP_CHUNKED_TRAILER_NAME && c == ':')
        return UPP_CHUNKED_TRAILER_VALUE;
    if (chunked->state != UPP_CHUNKED_TRAILER_VALUE)
        return is_token ? UPP_CHUNKED_TRAILER_NAME : UPP_CHUNKED_BROKEN;
    if (c == '\r')
        return UPP_CHUNKED_TRAILER_LF;
    return upp_char_is(c, UPP_CHAR_TEXT) ? UPP_CHUNKED_TRAILER_VALUE : UPP_CHUNKED_BROKEN;
}

/* One byte of framing. */
static enum upp_chunked_state step(struct upp_chunked *chunked, char c)
{
    switch (chunked->state) {
    case UPP_CHUNKED_SIZE:
        return in_size(chunked, c);
    case UPP_CHUNKED_EXTENSION:
        return in_extension(chunked, c);
    case UPP_CHUNKED_SIZE_LF:
        return if_is(c, '\n', after_size(chunked));
    case UPP_CHUNKED_DATA_CR:
        return if_is(c, '\r', UPP_CHUNKED_DATA_LF);
    case UPP_CHUNKED_DATA_LF:
        return if_is(c, '\n', UPP_CHUNKED_SIZE);
    case UPP_CHUNKED_TRAILER_START:
        return c == '\r' ? UPP_CHUNKED_END_LF : in_trailer(chunked, c);
    case UPP_CHUNKED_TRAILER_NAME:
    case UPP_CHUNKED_TRAILER_VALUE:
    case UPP_CHUNKED_TRAILER_LF:
        return in_trailer(chunked, c);
    case UPP_CHUNKED_END_LF:
        return if_is(c, '\n', UPP_CHUNKED_DONE);
    case UPP_CHUNKED_DATA:
    case UPP_CHUNKED_DONE:
    case UPP_CHUNKED_BROKEN:
        break;
    }
    return UPP_CHUNKED_BROKEN;
}

static size_t take_data(struct upp_chunked *chunked, const char *data, size_t length,
                        struct upp_slice *run)
{
    run->base = data;
    run->length = chunked->left < length ? (size_t)chunked->left : length;
    chunked->left -= run->length;
    if (!chunked->left)
        chunked->state = UPP_CHUNKED_DATA_CR;
    return run->length;
}

int64_t upp_chunked_feed(struct upp_chunked *chunked, const char *data, size_t length,
                         struct upp_slice *run)
{
    size_t at = 0;
    *run = (struct upp_slice){.base = data};
    while (at < length && chunked->state != UPP_CHUNKED_DATA &&
           chunked->state != UPP_CHUNKED_DONE) {
        chunked->state = step(chunked, data[at]);
        if (chunked->state == UPP_CHUNKED_BROKEN)
            return -1;
        at++;
    }
    if (at < length && chunked->state == UPP_CHUNKED_DATA)
        at += take_data(chunked, data + at, length - at, run);
    return (int64_t)at;
}
