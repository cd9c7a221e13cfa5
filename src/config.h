/* SPDX-License-Identifier: MIT */
/*
 * config.h - the plugin's configuration.
 *
 * options.h has what the user gave; upp_config_freeze() checks it once, in the
 * `init` hook, and from then on upp_config() (contract.h) is constant.
 */
#ifndef UPP_CONFIG_H
#define UPP_CONFIG_H

#include "compat.h"
#include "contract.h"

struct upp_limits;

/* Checks every option and fills the configuration. Exits with a sentence that names the option when
 * a value cannot be honoured. */
void upp_config_freeze(void);

/* --pypy-lib: as given, NULL when not. Valid at any time. */
const char *upp_config_library_option(void);

/* An environment variable that PyPy's garbage collector reads when it starts. */
struct upp_gc_setting {
    const char *variable;
    const char *value; /* NULL: PyPy decides */
};

/* The settings, also those that the environment has already; ends with a NULL variable. Valid once
 * frozen. */
const struct upp_gc_setting *upp_config_collector(void);

/* The installation or virtualenv in which to look for the library; NULL: the distribution's. Valid
 * once frozen. */
const char *upp_config_library_home(void);

/* --wsgi-manage-chunked-input. */
int upp_config_decodes_chunks(void);

/* --py-master-check-signals. */
int upp_config_checks_signals(void);

/* --py-sharedarea, as given: sizes in bytes; may be NULL. */
const struct uwsgi_string_list *upp_config_shared_areas(void);

/* --pypy-prometheus: a path, NULL: off. */
const char *upp_config_prometheus(void);

/* 0 with --pypy-loop=off. */
int upp_config_wants_loop(void);

/* Bounds and times of the request loop. */
const struct upp_limits *upp_config_limits(void);

/* What the loader found out; called once, before the first Python line. */
void upp_config_set_library(const char *path);
void upp_config_set_virtualenv(int is_virtualenv);

/* Remembers a bare argument (`uwsgi ... app.py`, `uwsgi ... package.module:name`) as the
 * application. Returns 1 if it looks like one, else 0. */
int upp_config_magic(char *word);

/* 1 if `what` is a form of application that --mount and bare arguments can name:
 * a path ending in .py or .wsgi, or something with a colon. */
int upp_config_names_app(const char *what);

#endif
