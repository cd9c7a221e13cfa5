/* SPDX-License-Identifier: MIT */
/*
 * data.h - data in uWSGI's binary and in libraries of the process.
 */
#ifndef UPP_API_DATA_H
#define UPP_API_DATA_H

#include <stddef.h>

/* contract: begin */

/* The data between the symbols _binary_NAME_start and _binary_NAME_end, as `ld -r -b binary` makes
 * them. Valid for ever; NULL: there is none. */
const char *upp_data_embedded(const char *name, size_t *length);
/* The text that the `char *` variable NAME points at; NULL: there is none. */
const char *upp_data_text(const char *name);
/* The ELF section NAME of uWSGI's binary, to be freed with upp_data_free(); NULL: there is none. */
char *upp_data_section(const char *name, size_t *length);
void upp_data_free(char *data);
/* Path of uWSGI's binary. */
const char *upp_data_binary(void);

/* contract: end */

#endif
