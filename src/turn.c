/* SPDX-License-Identifier: MIT */
#include "turn.h"

#include "compat.h"

/* From the mark "is to end" until its successor takes requests. One that uWSGI has put away
 * (--cheaper) has none, and one that runs a script or a shell never takes any. */
static int is_being_replaced(const struct uwsgi_worker *worker)
{
    return !worker->cheaped && !worker->hijacked && (worker->cursed_at || !worker->accepting);
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
