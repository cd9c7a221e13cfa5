/* SPDX-License-Identifier: MIT */
/*
 * values.h - which variables of a request have the value they had in the last one.
 *
 * Most do: what the server says of itself, the host, what a client or a proxy sends every time.
 * Python keeps their str by core and name, so such a value costs it no copy and no decoding. C
 * keeps the bytes and compares.
 */
#ifndef UPP_VALUES_H
#define UPP_VALUES_H

#include "contract.h"

/* Makes room for so many cores; before the first request. */
void upp_values_setup(int cores);

/* Adds UPP_SAME_VALUE to the ids, which are request->name_ids, of such variables, and clears
 * request->has_environ, in which Python says that it has seen them all. What it did not see is not
 * compared with. */
void upp_values_mark(struct upp_request *request, int16_t *ids);

#endif
