/* SPDX-License-Identifier: MIT */
/*
 * timers.h - deadlines of connections.
 *
 * Every kind of wait has one duration for all connections, so a list per kind,
 * appended at the end, is always in order: setting and clearing a deadline and
 * finding the next one cost the same for ten connections and ten thousand.
 *
 * Pure: the clock is an argument, in milliseconds.
 */
#ifndef UPP_LOOP_TIMERS_H
#define UPP_LOOP_TIMERS_H

#include <stdint.h>

enum upp_timer_kind {
    UPP_TIMER_IDLE,   /* kept open, nothing came */
    UPP_TIMER_HEAD,   /* a head that is not complete */
    UPP_TIMER_BODY,   /* a body of which nothing comes */
    UPP_TIMER_WRITE,  /* a client that takes nothing */
    UPP_TIMER_LINGER, /* closed on our side, waiting for the client's */
    UPP_TIMER_KINDS
};

/* Lies inside the thing that has the deadline. */
struct upp_timer {
    struct upp_timer *next;
    struct upp_timer *previous; /* NULL: not set */
    uint64_t deadline;
};

struct upp_timers {
    struct upp_timer lists[UPP_TIMER_KINDS]; /* heads of rings */
    uint64_t durations[UPP_TIMER_KINDS];     /* milliseconds; 0: no deadline */
};

void upp_timers_init(struct upp_timers *timers, const uint64_t durations[UPP_TIMER_KINDS]);

/* Sets or moves the deadline of a timer to `now` + the duration of its kind. */
void upp_timers_set(struct upp_timers *timers, struct upp_timer *timer, enum upp_timer_kind kind,
                    uint64_t now);
void upp_timers_clear(struct upp_timer *timer);

/* Takes out one timer whose deadline is not after `now`; NULL if there is none. */
struct upp_timer *upp_timers_expired(struct upp_timers *timers, uint64_t now);

/* Milliseconds from `now` to the next deadline; -1 if there is none. */
int64_t upp_timers_next(const struct upp_timers *timers, uint64_t now);

#endif
