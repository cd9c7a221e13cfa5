/* SPDX-License-Identifier: MIT */
#include "spooler.h"

#include "../compat.h"
#include "../vm/entry.h"

static const struct uwsgi_spooler *find(int number)
{
    const struct uwsgi_spooler *spooler = uwsgi.spoolers;
    while (spooler && number-- > 0)
        spooler = spooler->next;
    return spooler;
}

const char *upp_spooler_directory(int number)
{
    const struct uwsgi_spooler *spooler = find(number);
    return spooler ? spooler->dir : NULL;
}

int64_t upp_spooler_pid(int number)
{
    const struct uwsgi_spooler *spooler = find(number);
    return spooler ? spooler->pid : 0;
}

int upp_spooler_is_external(int number)
{
    const struct uwsgi_spooler *spooler = find(number);
    return spooler && spooler->mode == UWSGI_SPOOLER_EXTERNAL;
}

int upp_spooler_is_ordered(void)
{
    return uwsgi.spooler_ordered;
}

void upp_spooler_set_frequency(int seconds)
{
    uwsgi.shared->spooler_frequency = seconds;
}

const char *upp_spooler_add(const char *packet, size_t length, const char *body, size_t body_length)
{
    static _Thread_local char *path;
    free(path);
    path = uwsgi_spool_request(NULL, (char *)packet, length, (char *)body, body_length);
    return path;
}

int upp_spooler_run(char *name, char *packet, uint16_t length, char *body, size_t body_length)
{
    int result;
    UPP_ENTER(result = upp_py_spooler(name, packet, length, body, body_length));
    return result;
}
