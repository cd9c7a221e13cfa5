/* SPDX-License-Identifier: MIT */
#include "core.h"

#include "../compat.h"
#include "../vm/entry.h"
#include "../warmup.h"
#include "request.h"

static int after_request_wanted;

const struct upp_core_facts *upp_core_facts(void)
{
    static struct upp_core_facts facts = {
        .version = {UWSGI_VERSION_BASE, UWSGI_VERSION_MAJOR, UWSGI_VERSION_MINOR,
                    UWSGI_VERSION_REVISION},
        .version_custom = UWSGI_VERSION_CUSTOM,
    };
    facts.mode = uwsgi.mode;
    facts.pidfile = uwsgi.pidfile;
    facts.loop = uwsgi.loop;
    facts.has_threads = uwsgi.has_threads;
    facts.cores = uwsgi.cores;
    facts.buffer_size = (int64_t)uwsgi.buffer_size;
    facts.started_on = uwsgi.start_tv.tv_sec;
    return &facts;
}

int upp_core_option_count(void)
{
    return uwsgi.exported_opts_cnt;
}

const char *upp_core_option_key(int number)
{
    return uwsgi.exported_opts[number]->key;
}

const char *upp_core_option_value(int number)
{
    return uwsgi.exported_opts[number]->value;
}

int upp_core_socket(int number)
{
    const struct uwsgi_socket *socket = uwsgi_get_socket_by_num(number);
    if (!socket)
        return -2;
    return socket->bound ? socket->fd : -1;
}

const char *upp_core_magic(int character)
{
    return uwsgi.magic_table[character];
}

int upp_core_current(void)
{
    const struct wsgi_request *host = upp_api_request();
    return host ? host->async_id : -1;
}

void upp_core_call_after_request(int wanted)
{
    after_request_wanted = wanted;
}

void upp_core_after_request(void)
{
    if (after_request_wanted && !upp_warmup_host())
        UPP_ENTER(upp_py_after_request());
}
