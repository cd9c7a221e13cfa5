/* SPDX-License-Identifier: MIT */
/*
 * embedded.h - the Python files that the build put into the plugin.
 */
#ifndef UPP_VM_EMBEDDED_H
#define UPP_VM_EMBEDDED_H

#include <stddef.h>

struct upp_embedded_file {
    const char *name; /* path below python/, such as "uwsgi_pypy/wsgi.py" */
    const char *data; /* the text; a NUL follows it */
    size_t length;    /* bytes, without the NUL */
};

/* Generated. Sorted by name; ends with a NULL name. */
extern const struct upp_embedded_file upp_embedded_files[];

#endif
