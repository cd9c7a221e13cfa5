/* SPDX-License-Identifier: MIT */
#include "turn.h"

#include "compat.h"

/* The first requests of a new process, which cost more: it copies what it writes to. For so many
 * seconds at most, if they do not come, and no more than a part of --max-requests. */
#define FIRST_REQUESTS 50
#define FIRST_SECONDS 10
#define FIRST_PART 10

static uint64_t first_requests(void)
{
    uint64_t part = uwsgi.max_requests / FIRST_PART;
    return uwsgi.max_requests && part < FIRST_REQUESTS ? part : FIRST_REQUESTS;
}

static int is_new(const struct uwsgi_worker *worker)
{
    return worker->respawn_count > 1 && worker->delta_requests < first_requests() &&
           uwsgi_now() - worker->last_spawn < FIRST_SECONDS;
}

/* From the mark "is to end" until its successor has served its first requests. One that uWSGI has
 * put away (--cheaper) has none, and one that runs a script or a shell never takes any. */
static int is_being_replaced(const struct uwsgi_worker *worker)
{
    return !worker->cheaped && !worker->hijacked &&
           (worker->cursed_at || !worker->accepting || is_new(worker));
}

int upp_turn_has_come(void)
{
    /* without a master nobody has a successor */
    for (int i = 1; uwsgi.master_process && i <= uwsgi.numproc; i++) {
        if (i == uwsgi.mywid || !is_being_replaced(&uwsgi.workers[i]))
            continue;
        /* uWSGI has marked this worker before it asked, and the master kills what is marked for
         * long */
        uwsgi.workers[uwsgi.mywid].cursed_at = 0;
        return 0;
    }
    return 1;
}
