/* SPDX-License-Identifier: MIT */
/*
 * options.h - the names that users write, and what they gave.
 *
 * uWSGI fills upp_options while it parses its configuration. config.c checks
 * it once and makes the configuration of it; nobody else looks here.
 */
#ifndef UPP_OPTIONS_H
#define UPP_OPTIONS_H

#include "compat.h"
#include "contract.h"

/* The option table of the plugin; ends with an empty name. */
extern struct uwsgi_option upp_options_table[];

/* Scripts in the order of the command line, as a growing array that ends with a NULL text. */
struct upp_script_list {
    struct upp_script *items;
    size_t count;
};

/* Bounds and times of the request loop: sizes in bytes, times in seconds. */
struct upp_loop_options {
    int64_t head;
    int64_t target;
    int64_t headers;
    int64_t body;
    int64_t body_buffer;
    int64_t output;
    int64_t requests;
    int64_t connections;
    int64_t idle;
    int64_t head_time;
    int64_t body_time;
    int64_t write_time;
};

/* Text that was not given is NULL, a flag 0. */
struct upp_options {
    /* which PyPy */
    char *libpypy;
    char *home;
    char *virtualenv;
    char *virtualenv_option; /* the name that gave it, such as "--venv" */
    char *setup;
    char *nursery;
    char *gc_min;
    char *gc_major;
    char *gc_step;
    char *gc_idle;
    char *gc_share;
    struct uwsgi_string_list *warmup;
    int64_t warmup_seconds;
    int64_t warmup_requests;
    char *executable;
    char *argv;
    int64_t optimize;
    int no_site;
    int warmup_strict;
    /* which application */
    char *wsgi_module;
    char *wsgi_file;
    char *eval_app;
    char *pecan;
    char *paste;
    char *paste_name;
    int paste_logger;
    char *callable;
    char *raw_file;
    int reload_os_env;
    /* modules and code */
    struct uwsgi_string_list *python_path;
    struct uwsgi_string_list *module_aliases;
    struct uwsgi_string_list *post_module_aliases;
    struct uwsgi_string_list *imports;
    struct uwsgi_string_list *shared_imports;
    struct uwsgi_string_list *spooler_imports;
    struct upp_script_list scripts;
    struct upp_script_list post_fork_scripts;
    /* instead of serving */
    char *test_module;
    int report_version;
    char *run_script;
    char *shell; /* "": interactive */
    int shell_oneshot;
    char *worker_override;
    /* development */
    char *tracebacker;
    int64_t autoreload; /* seconds, 0: off */
    struct uwsgi_string_list *autoreload_ignore;
    struct uwsgi_string_list *autoreload_watch;
    /* the exchange */
    int disable_file_wrapper;
    int head_at_once;
    int strict;
    int accept_buffers;
    int chunked_input;
    int greenlets;
    char *env_behaviour;
    /* workers that are stuck, or slow */
    char *soft_harakiri;  /* seconds */
    int64_t slow_request; /* milliseconds, 0: off */
    char *prometheus;     /* path of the page */
    /* the rest */
    struct uwsgi_string_list *shared_areas; /* sizes in bytes */
    int master_check_signals;
    char *loop;
    struct upp_loop_options bounds;
    char *ignored; /* where options without an effect end up */
    int ignored_flag;
};

extern struct upp_options upp_options;

#endif
