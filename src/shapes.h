/* SPDX-License-Identifier: MIT */
/*
 * shapes.h - which variables of a request have the value they had in the last one of its kind.
 *
 * Requests whose variables have the same names in the same order have the same shape: those of one
 * browser, one proxy, one client of an API. Python keeps an environ for each shape and copies it,
 * so that a request costs only what has changed in it. C keeps the bytes of the values and
 * compares.
 *
 * A core has UPP_SHAPES places; two shapes that meet in one take turns.
 */
#ifndef UPP_SHAPES_H
#define UPP_SHAPES_H

#include "contract.h"

/* Makes room for so many cores; before the first request. */
void upp_shapes_setup(int count);

/* Sets `shape`, `changed` and `changed_count` of a request whose variables, name_ids and flags are
 * set. Clears has_environ, in which Python says that it has seen the variables: what it did not see
 * is not compared with. */
void upp_shapes_compare(struct upp_request *request);

#endif
