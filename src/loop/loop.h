/* SPDX-License-Identifier: MIT */
/*
 * loop.h - the request loop as a loop engine of uWSGI, named "pypy".
 */
#ifndef UPP_LOOP_LOOP_H
#define UPP_LOOP_LOOP_H

/* Makes `--loop pypy` known. When the plugin is loaded. */
void upp_loop_register(void);

/* Takes the loop for this server unless the configuration asks for, or needs, uWSGI's own; says
 * which one runs and why. In the master, before the first fork. */
void upp_loop_choose(void);

/* 1 if the loop serves. */
int upp_loop_is_chosen(void);

/* Makes what the loop's threads work with, once. Returns 0, -1 after logging. */
int upp_loop_prepare(void);

struct upp_core;
struct upp_request;

/* Ends the last request of the core (outcome: UPP_DONE or UPP_CLOSE) and returns the next one. */
typedef struct upp_request *upp_loop_source(struct upp_core *core, int outcome);

/* Where the loop takes its requests from; the engine (upp_engine_next), if nothing else is said. */
void upp_loop_take_from(upp_loop_source *other);

#endif
