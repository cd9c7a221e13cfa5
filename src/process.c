/* SPDX-License-Identifier: MIT */
/*
 * process.c - the log, and who this process is.
 */
#include "compat.h"
#include "contract.h"
#include "vm/entry.h"

#include <sys/inotify.h>

void upp_log(const char *text, size_t length)
{
    uwsgi_log("%.*s\n", (int)length, text);
}

void upp_exit(int code)
{
    exit(code);
}

int upp_worker_id(void)
{
    return uwsgi.mywid;
}

int upp_mule_id(void)
{
    return uwsgi.muleid;
}

int upp_spooler(void)
{
    return uwsgi.i_am_a_spooler != NULL;
}

int64_t upp_master_pid(void)
{
    return uwsgi.master_process ? uwsgi.workers[0].pid : 0;
}

const char *const *upp_environment(void)
{
    return (const char *const *)environ;
}

int upp_url_is_known(const char *path)
{
    return uwsgi_check_scheme((char *)path) != NULL;
}

const char *upp_url_read(const char *url, size_t *length)
{
    static char *last;
    free(last);
    *length = 0;
    last = uwsgi_open_and_read((char *)url, length, 0, NULL);
    return last;
}

int upp_watch_open(void)
{
    return inotify_init1(IN_CLOEXEC);
}

int upp_watch_add(int descriptor, const char *path, uint32_t mask)
{
    return inotify_add_watch(descriptor, path, mask);
}
