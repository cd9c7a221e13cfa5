/* SPDX-License-Identifier: MIT */
#include "timers.h"

#include <stddef.h>

void upp_timers_init(struct upp_timers *timers, const uint64_t durations[UPP_TIMER_KINDS])
{
    for (int kind = 0; kind < UPP_TIMER_KINDS; kind++) {
        timers->lists[kind].next = timers->lists[kind].previous = &timers->lists[kind];
        timers->durations[kind] = durations[kind];
    }
}

void upp_timers_clear(struct upp_timer *timer)
{
    if (!timer->previous)
        return;
    timer->previous->next = timer->next;
    timer->next->previous = timer->previous;
    timer->previous = timer->next = NULL;
}

void upp_timers_set(struct upp_timers *timers, struct upp_timer *timer, enum upp_timer_kind kind,
                    uint64_t now)
{
    struct upp_timer *list = &timers->lists[kind];
    upp_timers_clear(timer);
    if (!timers->durations[kind])
        return;
    timer->deadline = now + timers->durations[kind];
    timer->previous = list->previous;
    timer->next = list;
    list->previous->next = timer;
    list->previous = timer;
}

struct upp_timer *upp_timers_expired(struct upp_timers *timers, uint64_t now)
{
    for (int kind = 0; kind < UPP_TIMER_KINDS; kind++) {
        struct upp_timer *first = timers->lists[kind].next;
        if (first != &timers->lists[kind] && first->deadline <= now) {
            upp_timers_clear(first);
            return first;
        }
    }
    return NULL;
}

int64_t upp_timers_next(const struct upp_timers *timers, uint64_t now)
{
    int64_t next = -1;
    for (int kind = 0; kind < UPP_TIMER_KINDS; kind++) {
        const struct upp_timer *first = timers->lists[kind].next;
        if (first == &timers->lists[kind])
            continue;
        int64_t left = first->deadline > now ? (int64_t)(first->deadline - now) : 0;
        if (next < 0 || left < next)
            next = left;
    }
    return next;
}
