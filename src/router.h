/* SPDX-License-Identifier: MIT */
/*
 * router.h - the `code_string` hook: uWSGI's routers ask a Python function
 * where to send a request (--http-use-code-string and its like).
 */
#ifndef UPP_ROUTER_H
#define UPP_ROUTER_H

#include <stdint.h>

/* The address that `function` of the module `id`, or of the file `code`, gives for (key, length);
 * NULL without one. It stays valid for ever. */
char *upp_router_ask(char *id, char *code, char *function, char *key, uint16_t length);

#endif
