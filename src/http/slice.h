/* SPDX-License-Identifier: MIT */
/*
 * slice.h - bytes that belong to somebody else.
 */
#ifndef UPP_HTTP_SLICE_H
#define UPP_HTTP_SLICE_H

#include <stddef.h>

/* Not NUL-terminated. An empty slice may have any pointer. */
struct upp_slice {
    const char *base;
    size_t length;
};

#endif
