/* SPDX-License-Identifier: MIT */
/*
 * stats.h - what the instance has done: workers, requests, memory, queues.
 */
#ifndef UPP_API_STATS_H
#define UPP_API_STATS_H

#include <stddef.h>
#include <stdint.h>

/* contract: begin */

/* Times are in seconds since the epoch, avg_rt and running_time in microseconds, sizes in bytes. */
struct upp_stats_worker {
    int id;
    int64_t pid;
    uint64_t requests;
    uint64_t delta_requests; /* since the worker was started */
    uint64_t signals;
    uint64_t exceptions;
    int cheaped;
    int suspended;
    int signal; /* uWSGI signal that it handles now, -1: none */
    int busy;
    uint64_t rss;
    uint64_t vsz;
    uint64_t running_time;
    int64_t last_spawn;
    uint64_t respawn_count;
    uint64_t tx;
    uint64_t avg_rt;
    int apps; /* number of applications */
};

struct upp_stats_app {
    int modifier1;
    const char *mountpoint;
    size_t mountpoint_length;
    int64_t startup_time;
    uint64_t interpreter;
    uint64_t callable;
    uint64_t requests;
    uint64_t exceptions;
    const char *chdir;
};

/* Worker 1..; -1: there is no such worker. */
int upp_stats_worker(int number, struct upp_stats_worker *worker);
/* Application `app` (0..apps-1) of worker `number`; -1: there is none. */
int upp_stats_app(int number, int app, struct upp_stats_app *found);

uint64_t upp_stats_requests(void);
/* Requests that the current core has served before the one it serves; UPP_CANNOT: none now. */
int64_t upp_stats_request_id(void);
/* Connections that wait in listening TCP socket `number` (0 for other kinds: Linux does not tell);
 * -1: there is no such socket. */
int upp_stats_listen_queue(int number);

/* uWSGI's own: bytes of this process, and microseconds since the epoch. */
void get_memusage(uint64_t *rss, uint64_t *vsz);
uint64_t uwsgi_micros(void);

/* contract: end */

#endif
