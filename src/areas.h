/* SPDX-License-Identifier: MIT */
/*
 * areas.h - --py-sharedarea: memory of a given size that all processes share.
 */
#ifndef UPP_AREAS_H
#define UPP_AREAS_H

/* Makes the shared areas that were asked for. Once, before any fork. Exits with a sentence when a
 * size is none, or there is no memory. */
void upp_areas_create(void);

#endif
