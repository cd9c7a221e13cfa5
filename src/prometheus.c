/* SPDX-License-Identifier: MIT */
#include "prometheus.h"

#include "api/stats.h"
#include "compat.h"
#include "config.h"
#include "contract.h"
#include "front.h"
#include "numbers.h"

#define TEXT(text) (text), sizeof(text) - 1

#define CONTENT_TYPE "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"

/* Upper bounds of the buckets for the time of a request, microseconds; then the one without. */
static const int64_t bounds[] = {
    100,   250,    500,    1000,   2500,    5000,    10000,   25000,
    50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000,
};
#define BOUNDS (sizeof bounds / sizeof *bounds)

/* What is counted of a worker. Of all processes that have been this worker. */
struct counts {
    uint64_t statuses[6]; /* by the first digit; 0: any other */
    uint64_t buckets[BOUNDS + 1];
    uint64_t time; /* of all requests, microseconds */
};

static struct counts *all; /* by worker id; shared. NULL: the page is off */
static size_t path_length;

void upp_prometheus_setup(void)
{
    const char *path = upp_config_prometheus();
    if (!path)
        return;
    path_length = strlen(path);
    all = uwsgi_calloc_shared(sizeof(struct counts) * (size_t)(uwsgi.numproc + 1));
}

/* ---- counting ---------------------------------------------------------------- */

static void add(uint64_t *count, uint64_t more)
{
    __atomic_add_fetch(count, more, __ATOMIC_RELAXED);
}

void upp_prometheus_count(const struct wsgi_request *host)
{
    if (!all || host->do_not_account)
        return;
    struct counts *counts = &all[uwsgi.mywid];
    /* a clock that was set back is no reason to count wrongly for ever */
    uint64_t time = host->end_of_request > host->start_of_request
                        ? host->end_of_request - host->start_of_request
                        : 0;
    size_t bucket = 0;
    while (bucket < BOUNDS && (int64_t)time > bounds[bucket])
        bucket++;
    add(&counts->statuses[host->status >= 100 && host->status < 600 ? host->status / 100 : 0], 1);
    add(&counts->buckets[bucket], 1);
    add(&counts->time, time);
}

/* ---- writing the page --------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void put(struct uwsgi_buffer *page, const char *format,
                                                      ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length > 0)
        uwsgi_buffer_append(page, line, UMIN((size_t)length, sizeof line - 1));
}

static void put_heading(struct uwsgi_buffer *page, const char *name, const char *type,
                        const char *help)
{
    put(page, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_value(struct uwsgi_buffer *page, int64_t value, int64_t divisor)
{
    if (divisor == 1)
        put(page, "%lld\n", (long long)value);
    else
        put(page, "%.6f\n", (double)value / (double)divisor);
}

/* One sample of each worker. */
static void put_workers(struct uwsgi_buffer *page, const char *name, const char *type,
                        const char *help, int64_t (*get)(int worker), int64_t divisor)
{
    put_heading(page, name, type, help);
    for (int i = 1; i <= uwsgi.numproc; i++) {
        put(page, "%s{worker=\"%d\"} ", name, i);
        put_value(page, get(i), divisor);
    }
}

static int64_t requests_of(int worker)
{
    return (int64_t)uwsgi.workers[worker].requests;
}

static int64_t exceptions_of(int worker)
{
    return (int64_t)uwsgi_worker_exceptions(worker);
}

static int64_t sent_of(int worker)
{
    return (int64_t)uwsgi.workers[worker].tx;
}

static int64_t respawns_of(int worker)
{
    int64_t spawned = (int64_t)uwsgi.workers[worker].respawn_count;
    return spawned > 0 ? spawned - 1 : 0;
}

static int64_t harakiris_of(int worker)
{
    return (int64_t)uwsgi.workers[worker].harakiri_count;
}

/* Without the one that answers here: it would be the only one on a server that idles. */
static int64_t busy_threads_of(int worker)
{
    int64_t busy = worker == uwsgi.mywid ? -1 : 0;
    for (int i = 0; i < uwsgi.cores; i++)
        busy += uwsgi.workers[worker].cores[i].in_request != 0;
    return busy;
}

/* What the kernel says; 0 if there is no such process. */
static int64_t memory_of(int worker)
{
    char path[64];
    long long pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)uwsgi.workers[worker].pid);
    FILE *file = uwsgi.workers[worker].cheaped ? NULL : fopen(path, "re");
    if (!file)
        return 0;
    if (fscanf(file, "%*d %lld", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * uwsgi.page_size;
}

static void put_states(struct uwsgi_buffer *page)
{
    int busy = 0;
    int cheaped = 0;
    for (int i = 1; i <= uwsgi.numproc; i++) {
        if (uwsgi.workers[i].cheaped)
            cheaped++;
        else
            busy += busy_threads_of(i) > 0;
    }
    put_heading(page, "uwsgi_workers", "gauge", "Workers by what they do.");
    put(page, "uwsgi_workers{state=\"busy\"} %d\n", busy);
    put(page, "uwsgi_workers{state=\"idle\"} %d\n", uwsgi.numproc - busy - cheaped);
    put(page, "uwsgi_workers{state=\"cheaped\"} %d\n", cheaped);
}

static void put_statuses(struct uwsgi_buffer *page)
{
    static const char *const classes[] = {"other", "1xx", "2xx", "3xx", "4xx", "5xx"};
    put_heading(page, "uwsgi_worker_responses_total", "counter", "Responses by class of status.");
    for (int i = 1; i <= uwsgi.numproc; i++) {
        for (int j = 0; j < 6; j++)
            put(page, "uwsgi_worker_responses_total{worker=\"%d\",status=\"%s\"} %llu\n", i,
                classes[j], (unsigned long long)all[i].statuses[j]);
    }
}

static void put_times(struct uwsgi_buffer *page)
{
    const char *name = "uwsgi_worker_request_duration_seconds";
    put_heading(page, name, "histogram", "Time from a request's head to the end of its response.");
    for (int i = 1; i <= uwsgi.numproc; i++) {
        uint64_t sum = 0;
        for (size_t j = 0; j < BOUNDS; j++) {
            sum += all[i].buckets[j];
            put(page, "%s_bucket{worker=\"%d\",le=\"%g\"} %llu\n", name, i,
                (double)bounds[j] / 1000000, (unsigned long long)sum);
        }
        sum += all[i].buckets[BOUNDS];
        put(page, "%s_bucket{worker=\"%d\",le=\"+Inf\"} %llu\n", name, i, (unsigned long long)sum);
        put(page, "%s_sum{worker=\"%d\"} %.6f\n", name, i, (double)all[i].time / 1000000);
        put(page, "%s_count{worker=\"%d\"} %llu\n", name, i, (unsigned long long)sum);
    }
}

/* Of unix sockets the kernel tells nobody. */
static void put_queues(struct uwsgi_buffer *page)
{
    put_heading(page, "uwsgi_listen_queue_connections", "gauge",
                "Connections that wait to be accepted, of TCP sockets.");
    int number = 0;
    for (struct uwsgi_socket *socket = uwsgi.sockets; socket; socket = socket->next, number++) {
        if (socket->family != AF_UNIX && socket->fd >= 0)
            put(page, "uwsgi_listen_queue_connections{socket=\"%s\"} %d\n", socket->name,
                upp_stats_listen_queue(number));
    }
    put_heading(page, "uwsgi_listen_queue_limit_connections", "gauge",
                "Connections that may wait (--listen).");
    put(page, "uwsgi_listen_queue_limit_connections %d\n", uwsgi.listen_queue);
}

static void put_numbers(struct uwsgi_buffer *page)
{
    for (const struct upp_number *number = upp_numbers_table; number->metric; number++) {
        put_heading(page, number->prometheus, number->is_counter ? "counter" : "gauge",
                    number->help);
        for (int i = 1; i <= uwsgi.numproc; i++) {
            put(page, "%s{worker=\"%d\"} ", number->prometheus, i);
            put_value(page, upp_numbers_value(upp_numbers_of(i), number), number->divisor);
        }
    }
}

static struct uwsgi_buffer *make_page(void)
{
    struct uwsgi_buffer *page = uwsgi_buffer_new(16384);
    put_states(page);
    put_workers(page, "uwsgi_worker_requests_total", "counter", "Requests.", requests_of, 1);
    put_statuses(page);
    put_times(page);
    put_workers(page, "uwsgi_worker_exceptions_total", "counter",
                "Exceptions that applications have raised.", exceptions_of, 1);
    put_workers(page, "uwsgi_worker_sent_bytes_total", "counter", "Bytes of responses.", sent_of,
                1);
    put_workers(page, "uwsgi_worker_busy_threads", "gauge", "Threads that serve a request.",
                busy_threads_of, 1);
    put_workers(page, "uwsgi_worker_resident_memory_bytes", "gauge", "Resident memory.", memory_of,
                1);
    put_workers(page, "uwsgi_worker_respawns_total", "counter",
                "How often the worker was replaced.", respawns_of, 1);
    put_workers(page, "uwsgi_worker_harakiris_total", "counter",
                "How often the worker was killed by --harakiri.", harakiris_of, 1);
    put_queues(page);
    put_numbers(page);
    return page;
}

/* ---- answering ------------------------------------------------------------------- */

static void respond(struct upp_request *request, const char *status, const char *more,
                    const char *body, size_t length)
{
    const struct upp_front *front = request->front;
    int is_head = request->flags & UPP_IS_HEAD;
    char headers[256];
    int size = snprintf(headers, sizeof headers, "%s%sContent-Length: %zu\r\n", CONTENT_TYPE, more,
                        length);
    struct upp_response response = {status, strlen(status), headers, (size_t)size, (int64_t)length};
    front->respond(request, &response, is_head ? "" : body, is_head ? 0 : length, !is_head);
}

int upp_prometheus_is_asked(const struct upp_request *request)
{
    const struct wsgi_request *host = request->host;
    const char *path = upp_config_prometheus();
    size_t script = host->script_name_len;
    size_t rest = host->path_info_len;
    /* the whole path: an application at a mountpoint has its first part as SCRIPT_NAME */
    return all && script + rest == path_length &&
           (!script || !memcmp(host->script_name, path, script)) &&
           (!rest || !memcmp(host->path_info, path + script, rest));
}

void upp_prometheus_answer(struct upp_request *request)
{
    struct wsgi_request *host = request->host;
    int is_get = host->method_len == 3 && !memcmp(host->method, "GET", 3);
    /* no application's */
    request->app = host->app_id = -1;
    if (!is_get && !(request->flags & UPP_IS_HEAD)) {
        respond(request, "405 Method Not Allowed", "Allow: GET, HEAD\r\n",
                TEXT("Method Not Allowed\n"));
        return;
    }
    struct uwsgi_buffer *page = make_page();
    respond(request, "200 OK", "", page->buf, page->pos);
    uwsgi_buffer_destroy(page);
}
