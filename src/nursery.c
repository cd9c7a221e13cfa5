/* SPDX-License-Identifier: MIT */
/*
 * nursery.c - how full PyPy's nursery is, and when to look again; the rest is
 * in python/uwsgi_pypy/nursery.py. Each worker decides this all the time, in
 * another way each time. As Python it would be compiled piece by piece, each
 * piece in the middle of some request, in every worker anew.
 */
#include "contract.h"

#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* Bytes left below which it counts as full, besides what a request takes and a quarter of that. */
#define MARGIN (16 << 10)

/* Bytes that a request takes at least for it to be worth it: to empty the nursery leaves some
 * kilobytes that are old. */
#define WORTH (64 << 10)

/* Requests between two looks at most. */
#define SELDOM 10000

/* Requests between two steps of what takes time. With fewer, requests would pile up under a load
 * that is no more than usual. */
#define APART 20

/* After an object that is not where it is expected. */
#define SOON 100

static struct upp_nursery nursery;

struct upp_nursery *upp_nursery(void)
{
    return &nursery;
}

int64_t upp_nursery_locate(const char *object)
{
    return (int64_t)(intptr_t)object;
}

void upp_nursery_own(void)
{
    int64_t page = sysconf(_SC_PAGESIZE);
    int64_t start = (nursery.end - nursery.size + page - 1) & -page;
    if (nursery.size)
        madvise((void *)(intptr_t)start, (size_t)((nursery.end & -page) - start),
                MADV_POPULATE_WRITE);
}

static int64_t room_at(int64_t here)
{
    int64_t room = nursery.end - here;
    return room > nursery.size ? -1 : room;
}

int64_t upp_nursery_room(const char *object)
{
    int64_t room = room_at(upp_nursery_locate(object));
    return room > 0 ? room : 0;
}

/* What requests took since the last look; of late, and rather too much. */
static void note_need(int64_t here)
{
    int64_t used = here - nursery.at;
    if (used < 0)
        /* PyPy has emptied it meanwhile */
        used += nursery.size;
    if (used < 0 || used > nursery.size)
        /* the last object was elsewhere */
        return;
    int64_t need = used / nursery.asked;
    int64_t before = nursery.need - (nursery.need >> 3);
    nursery.need = need > before ? need : before;
}

enum upp_nursery_deed upp_nursery_look(const char *object)
{
    int64_t here = upp_nursery_locate(object);
    nursery.next = 0;
    if (nursery.is_collecting) {
        nursery.next = APART;
        return UPP_NURSERY_COLLECT;
    }
    if (nursery.end < here && here < nursery.end + (nursery.size >> 3))
        nursery.end = here;
    int64_t room = room_at(here);
    if (room < 0) {
        nursery.next = SOON;
        return UPP_NURSERY_LEAVE;
    }
    note_need(here);
    int64_t full = nursery.need + (nursery.need >> 2) + MARGIN;
    int is_worth_it = WORTH <= nursery.need && nursery.need < nursery.size;
    return room < full && is_worth_it ? UPP_NURSERY_EMPTY : UPP_NURSERY_LEAVE;
}

/* Half of the way to its end only: what is looked at too late shows nothing. */
static int64_t half_way(int64_t room)
{
    int64_t requests = room / (2 * nursery.need + 1);
    if (requests < 1)
        return 1;
    return requests < SELDOM ? requests : SELDOM;
}

int64_t upp_nursery_go_on(const char *object)
{
    nursery.at = upp_nursery_locate(object);
    if (!nursery.next)
        nursery.next = half_way(nursery.end - nursery.at);
    nursery.asked = nursery.next;
    return nursery.next;
}
