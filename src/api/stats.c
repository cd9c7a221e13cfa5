/* SPDX-License-Identifier: MIT */
#include "stats.h"

#include "../compat.h"
#include "../contract.h"
#include "request.h"

#include <netinet/tcp.h>

int upp_stats_worker(int number, struct upp_stats_worker *worker)
{
    if (number < 1 || number > uwsgi.numproc)
        return -1;
    const struct uwsgi_worker *found = &uwsgi.workers[number];
    worker->id = found->id;
    worker->pid = found->pid;
    worker->requests = found->requests;
    worker->delta_requests = found->delta_requests;
    worker->signals = found->signals;
    worker->exceptions = uwsgi_worker_exceptions(number);
    worker->cheaped = found->cheaped;
    worker->suspended = found->suspended;
    worker->signal = found->sig ? found->signum : -1;
    worker->busy = uwsgi_worker_is_busy(number);
    worker->rss = found->rss_size;
    worker->vsz = found->vsz_size;
    worker->running_time = found->running_time;
    worker->last_spawn = found->last_spawn;
    worker->respawn_count = found->respawn_count;
    worker->tx = found->tx;
    worker->avg_rt = found->avg_response_time;
    worker->apps = found->apps_cnt;
    return 0;
}

int upp_stats_app(int number, int app, struct upp_stats_app *found)
{
    if (number < 1 || number > uwsgi.numproc || app < 0 || app >= uwsgi.workers[number].apps_cnt)
        return -1;
    const struct uwsgi_app *record = &uwsgi.workers[number].apps[app];
    found->modifier1 = record->modifier1;
    found->mountpoint = record->mountpoint;
    found->mountpoint_length = record->mountpoint_len;
    found->startup_time = record->startup_time;
    found->interpreter = (uintptr_t)record->interpreter;
    found->callable = (uintptr_t)record->callable;
    found->requests = record->requests;
    found->exceptions = record->exceptions;
    found->chdir = record->chdir;
    return 0;
}

uint64_t upp_stats_requests(void)
{
    return uwsgi.workers[0].requests;
}

int64_t upp_stats_request_id(void)
{
    const struct wsgi_request *host = upp_api_request();
    if (!host)
        return UPP_CANNOT;
    return (int64_t)uwsgi.workers[uwsgi.mywid].cores[host->async_id].requests;
}

/* What the master counts, once a second, is in its own memory: so the kernel is asked here. */
int upp_stats_listen_queue(int number)
{
    const struct uwsgi_socket *socket = uwsgi_get_socket_by_num(number);
    struct tcp_info info;
    socklen_t size = sizeof info;
    if (!socket)
        return -1;
    if (getsockopt(socket->fd, IPPROTO_TCP, TCP_INFO, &info, &size))
        return (int)socket->queue;
    return (int)info.tcpi_unacked;
}
