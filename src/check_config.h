/* SPDX-License-Identifier: MIT */
/*
 * check_config.h - --pypy-check-config: which lines of a configuration mean
 * something else than with uWSGI's Python plugin.
 *
 * uWSGI's own parsers read it (ini, XML, YAML, JSON), with includes, loops,
 * conditions and placeholders; nothing of it is carried out.
 */
#ifndef UPP_CHECK_CONFIG_H
#define UPP_CHECK_CONFIG_H

/* The function of the option (uWSGI's type); `file` is the configuration. Reports to stdout and
 * exits: 0, 1 if the server would not start or not do what a line says. */
void upp_check_config(char *name, char *file, void *unused);

#endif
