/* SPDX-License-Identifier: MIT */
/*
 * variables.h - the CGI variables (RFC 3875 section 4.1, PEP 3333) of a request
 * that came over HTTP, from its parsed head and its connection.
 */
#ifndef UPP_LOOP_VARIABLES_H
#define UPP_LOOP_VARIABLES_H

#include "engine.h"

/* What the server says about itself. */
struct upp_variables_server {
    struct upp_slice name; /* SERVER_NAME */
    int has_script_name;   /* SCRIPT_NAME is known, and empty */
};

/* Fills core->vector (names and values by turns) and core->name_ids from core->head and core->conn.
 * Those of enum upp_name up to QUERY_STRING stand at the place of their number. What is not in the
 * head itself is in core->arena. Everything is valid until the request ends. Returns their number,
 * or -1: the path is not well encoded, or they are too many or too large. */
int upp_variables_make(struct upp_core *core, const struct upp_variables_server *server);

#endif
