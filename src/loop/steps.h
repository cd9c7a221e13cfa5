/* SPDX-License-Identifier: MIT */
/*
 * steps.h - what a connection does next: read a head, collect a body, send a
 * response, throw away what is left of a body, close.
 *
 * Every function works on a connection that the calling thread owns, never
 * waits, and says how to go on.
 */
#ifndef UPP_LOOP_STEPS_H
#define UPP_LOOP_STEPS_H

#include "engine.h"

enum upp_step {
    UPP_STEP_READY, /* a request for Python */
    UPP_STEP_AGAIN, /* something changed, look again */
    UPP_STEP_WAIT,  /* nothing to do until an event or a deadline */
    UPP_STEP_CLOSE
};

/* Takes one step. READY and AGAIN with core->conn set: a request has begun; AGAIN then means that
 * the host has answered it. */
enum upp_step upp_steps_advance(struct upp_core *core, struct upp_conn *conn);

/* The connection's deadline has passed. AGAIN: the client gets an answer, or has taken
 * something after all; CLOSE. */
enum upp_step upp_steps_expire(struct upp_core *core, struct upp_conn *conn);

/* Ends the request of core->conn (outcome: UPP_DONE or UPP_CLOSE) and lets the response go out. */
void upp_steps_end(struct upp_core *core, int outcome);

#endif
