/* SPDX-License-Identifier: MIT */
/*
 * The little that the output of cffi wants from Python.h when it is built for
 * PyPy: neither the build nor the plugin needs Python's real headers.
 */
#ifndef UPP_STUB_PYTHON_H
#define UPP_STUB_PYTHON_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cffi only asks whether it is defined. */
#define PYPY_VERSION "any"

/* Not exported (cffi turns default visibility on): the plugin hands its address to PyPy itself. */
#define PyMODINIT_FUNC __attribute__((visibility("hidden"))) void

#endif
