/* SPDX-License-Identifier: MIT */
#include "logger.h"

#include "compat.h"
#include "contract.h"
#include "vm/entry.h"

#include <stdatomic.h>

static atomic_int started;

/* The standard streams lead to the first log for a moment. */
static atomic_int is_diverted;

/* The log pipe, while they do. */
static int streams[2] = {-1, -1};

static void divert(void)
{
    for (int i = 0; i < 2; i++) {
        streams[i] = fcntl(1 + i, F_DUPFD_CLOEXEC, 3);
        if (streams[i] >= 0)
            dup2(uwsgi.original_log_fd, 1 + i);
    }
    atomic_store(&is_diverted, 1);
}

static void lead_back(void)
{
    for (int i = 0; i < 2; i++) {
        if (streams[i] >= 0) {
            dup2(streams[i], 1 + i);
            close(streams[i]);
        }
        streams[i] = -1;
    }
    atomic_store(&is_diverted, 0);
}

/* With --threaded-logger the main thread may fork just then. */
static void lead_back_in_child(void)
{
    if (atomic_load(&is_diverted))
        lead_back();
}

static ssize_t write_to_first_log(const char *message, size_t length)
{
    return write(uwsgi.original_log_fd, message, length);
}

static ssize_t hand_over(struct uwsgi_logger *logger, char *message, size_t length)
{
    int result = -1;
    if (!atomic_load(&started) || upp_entered())
        return write_to_first_log(message, length);
    divert();
    UPP_ENTER(result = upp_py_log(logger->arg, message, length));
    lead_back();
    return result ? write_to_first_log(message, length) : (ssize_t)length;
}

void upp_logger_register(void)
{
    uwsgi_register_logger((char *)"python", hand_over);
}

void upp_logger_start(void)
{
    pthread_atfork(NULL, NULL, lead_back_in_child);
    atomic_store(&started, 1);
}

void upp_logger_stop(void)
{
    atomic_store(&started, 0);
}
