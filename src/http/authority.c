/* SPDX-License-Identifier: MIT */
#include "authority.h"

#include "chars.h"

#include <string.h>

/* The four numbers of an IPv4address (RFC 3986 3.2.2). */
static int is_ipv4(const char *at, const char *end)
{
    for (int i = 0; i < 4; i++) {
        unsigned number = 0;
        const char *first = at;
        while (at < end && at - first < 3 && upp_char_is(*at, UPP_CHAR_DIGIT))
            number = number * 10 + upp_char_hex(*at++);
        if (at == first || number > 255 || (at - first > 1 && *first == '0'))
            return 0;
        if (i < 3 && (at == end || *at++ != '.'))
            return 0;
    }
    return at == end;
}

/* An IPv6address: groups with colons between, once two colons for a gap, at the end perhaps IPv4.
 */
static int is_ipv6(const char *at, const char *end)
{
    int groups = 0;
    int gap = end - at >= 2 && at[0] == ':' && at[1] == ':';
    at += gap ? 2 : 0;
    while (at < end) {
        const char *first = at;
        while (at < end && at - first < 4 && upp_char_is(*at, UPP_CHAR_HEX))
            at++;
        if (at < end && *at == '.' && is_ipv4(first, end)) {
            groups += 2;
            break;
        }
        groups++;
        if (at == first || (at < end && *at != ':') || end - at == 1)
            return 0;
        at += at < end;
        if (at < end && *at == ':') {
            if (gap)
                return 0;
            gap = 1;
            at++;
        }
    }
    return gap ? groups < 8 : groups == 8;
}

/* The end of the host that starts at `at`, or NULL if it is none. IPvFuture has no use. */
static const char *skip_host(const char *at, const char *end)
{
    const char *start = at;
    if (at < end && *at == '[') {
        const char *close = memchr(at, ']', (size_t)(end - at));
        return close && is_ipv6(at + 1, close) ? close + 1 : NULL;
    }
    while (at < end && *at != ':') {
        int is_escape = *at == '%' && end - at >= 3 && upp_char_is(at[1], UPP_CHAR_HEX) &&
                        upp_char_is(at[2], UPP_CHAR_HEX);
        if (!is_escape && !upp_char_is(*at, UPP_CHAR_NAME))
            return NULL;
        at += is_escape ? 3 : 1;
    }
    return at == start ? NULL : at;
}

int upp_authority_is_valid(struct upp_slice text)
{
    const char *end = text.base + text.length;
    const char *at = skip_host(text.base, end);
    unsigned port = 0;
    if (!at || at == end)
        return at != NULL;
    if (*at++ != ':' || end - at > 5)
        return 0;
    for (; at < end; at++) {
        if (!upp_char_is(*at, UPP_CHAR_DIGIT))
            return 0;
        port = port * 10 + upp_char_hex(*at);
    }
    return port <= UINT16_MAX;
}
