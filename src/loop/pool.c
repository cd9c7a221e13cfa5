/* SPDX-License-Identifier: MIT */
#include "pool.h"

#include "engine.h"

#include <pthread.h>
#include <stdlib.h>

static struct {
    pthread_mutex_t lock; /* of all below, taken with more than one thread */
    int is_shared;
    struct upp_timers timers;
    struct upp_conn **conns;
    unsigned most;
    unsigned made;
    unsigned open;
    struct upp_conn *free;
} pool;

static void lock(void)
{
    if (pool.is_shared)
        pthread_mutex_lock(&pool.lock);
}

static void unlock(void)
{
    if (pool.is_shared)
        pthread_mutex_unlock(&pool.lock);
}

int upp_pool_start(unsigned most, const uint64_t durations[UPP_TIMER_KINDS], int threads)
{
    pool.most = most;
    pool.is_shared = threads > 1;
    pool.conns = calloc(most, sizeof(struct upp_conn *));
    pthread_mutex_init(&pool.lock, NULL);
    upp_timers_init(&pool.timers, durations);
    return pool.conns ? 0 : -1;
}

struct upp_conn *upp_pool_take(void)
{
    struct upp_conn *conn = NULL;
    lock();
    if (pool.free) {
        conn = pool.free;
        pool.free = conn->next_free;
    } else if (pool.made < pool.most) {
        conn = calloc(1, sizeof *conn);
        if (conn) {
            atomic_init(&conn->ownership, UPP_CONN_OWNED);
            pool.conns[pool.made++] = conn;
        }
    }
    if (conn)
        pool.open++;
    unlock();
    return conn;
}

void upp_pool_give(struct upp_conn *conn)
{
    lock();
    conn->next_free = pool.free;
    pool.free = conn;
    pool.open--;
    unlock();
}

unsigned upp_pool_open(void)
{
    lock();
    unsigned open = pool.open;
    unlock();
    return open;
}

int upp_pool_is_full(void)
{
    return upp_pool_open() >= pool.most;
}

struct upp_conn *upp_pool_at(unsigned index)
{
    lock();
    struct upp_conn *conn = index < pool.made ? pool.conns[index] : NULL;
    unlock();
    return conn;
}

void upp_pool_set_timer(struct upp_conn *conn, enum upp_timer_kind kind)
{
    uint64_t now = upp_engine_clock();
    lock();
    upp_timers_set(&pool.timers, &conn->timer, kind, now);
    unlock();
    conn->waits_for = kind;
    conn->waits_since = now;
}

void upp_pool_set_timer_once(struct upp_conn *conn, enum upp_timer_kind kind)
{
    if (!conn->timer.previous || conn->waits_for != kind)
        upp_pool_set_timer(conn, kind);
}

void upp_pool_clear_timer(struct upp_conn *conn)
{
    if (!conn->timer.previous)
        return;
    lock();
    upp_timers_clear(&conn->timer);
    unlock();
}

struct upp_conn *upp_pool_expired(uint64_t now)
{
    lock();
    struct upp_timer *timer = upp_timers_expired(&pool.timers, now);
    unlock();
    return (struct upp_conn *)timer;
}

int64_t upp_pool_next_deadline(uint64_t now)
{
    lock();
    int64_t next = upp_timers_next(&pool.timers, now);
    unlock();
    return next;
}
