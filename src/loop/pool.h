/* SPDX-License-Identifier: MIT */
/*
 * pool.h - the connections of a worker and their deadlines, shared by its
 * threads. Every function takes the pool's lock where it has to.
 */
#ifndef UPP_LOOP_POOL_H
#define UPP_LOOP_POOL_H

#include "conn.h"

/* Returns 0, -1 without memory. durations: milliseconds by enum upp_timer_kind. */
int upp_pool_start(unsigned most, const uint64_t durations[UPP_TIMER_KINDS], int threads);

/* A connection that the caller owns; NULL: as many as may be are open, or no memory. */
struct upp_conn *upp_pool_take(void);
void upp_pool_give(struct upp_conn *conn);

unsigned upp_pool_open(void);
int upp_pool_is_full(void);

/* Every connection that there ever was, open or free, by index; NULL: no more. */
struct upp_conn *upp_pool_at(unsigned index);

/* Sets or moves the deadline of what the connection waits for. */
void upp_pool_set_timer(struct upp_conn *conn, enum upp_timer_kind kind);
/* A deadline for the whole of something: what comes of it meanwhile does not move it. */
void upp_pool_set_timer_once(struct upp_conn *conn, enum upp_timer_kind kind);
void upp_pool_clear_timer(struct upp_conn *conn);

/* Takes out the deadline of one connection that is past `now` (milliseconds); NULL: there is none.
 * The caller does not own it. */
struct upp_conn *upp_pool_expired(uint64_t now);
/* Milliseconds to the next deadline; -1: there is none. */
int64_t upp_pool_next_deadline(uint64_t now);

#endif
