/* SPDX-License-Identifier: MIT */
#include "rpc.h"

#include "../compat.h"
#include "../vm/entry.h"

extern struct uwsgi_plugin pypy_plugin;

/* The slots of a worker, or of the master (0), from which the workers inherit. */
static struct uwsgi_rpc *slots_of(int worker)
{
    return uwsgi.rpc_table + (uint64_t)worker * uwsgi.rpc_max;
}

uint64_t upp_rpc_slots(void)
{
    return uwsgi.rpc_max;
}

int upp_rpc_register(const char *name, int argc, int64_t handle)
{
    return uwsgi_register_rpc((char *)name, &pypy_plugin, (uint8_t)argc, (void *)(intptr_t)handle);
}

uint64_t upp_rpc_count(void)
{
    return uwsgi.shared->rpc_count[uwsgi.mywid];
}

const char *upp_rpc_name(uint64_t index)
{
    return slots_of(uwsgi.mywid)[index].name;
}

_Static_assert(sizeof(int64_t) == sizeof(((struct uwsgi_rpc *)0)->func), "a handle is a pointer");

const int64_t *upp_rpc_find(const char *name)
{
    if (!uwsgi.rpc_table)
        return NULL;
    const struct uwsgi_rpc *own = slots_of(uwsgi.mywid);
    for (uint64_t i = 0; i < uwsgi.shared->rpc_count[uwsgi.mywid]; i++) {
        if (!strcmp(own[i].name, name))
            return own[i].plugin == &pypy_plugin ? (const int64_t *)&own[i].func : NULL;
    }
    return NULL;
}

void upp_rpc_free(char *result)
{
    free(result);
}

int upp_rpc_return(struct upp_rpc_call *call, const char *data, uint64_t length)
{
    /* of an empty result uWSGI wants to see a pointer, too */
    char *copy = malloc(length ? length : 1);
    if (!copy)
        return -1;
    memcpy(copy, data, length);
    free(call->result);
    call->result = copy;
    call->result_length = length;
    return 0;
}

uint64_t upp_rpc_serve(void *handle, uint8_t argc, char **argv, uint16_t lengths[], char **result)
{
    struct upp_rpc_call call = {
        .handle = (int64_t)(intptr_t)handle, .argc = argc, .argv = argv, .lengths = lengths};
    UPP_ENTER(upp_py_rpc(&call));
    *result = call.result;
    return call.result_length;
}

static const struct uwsgi_rpc *find_inherited(const char *name)
{
    const struct uwsgi_rpc *inherited = slots_of(0);
    for (uint64_t i = 0; i < uwsgi.shared->rpc_count[0]; i++) {
        if (!strcmp(inherited[i].name, name))
            return &inherited[i];
    }
    return NULL;
}

void upp_rpc_forget(void)
{
    struct uwsgi_rpc *own = slots_of(uwsgi.mywid);
    uint64_t *count = &uwsgi.shared->rpc_count[uwsgi.mywid];
    if (!uwsgi.mywid)
        return;
    for (uint64_t i = 0; i < *count;) {
        if (own[i].plugin != &pypy_plugin || own[i].shared) {
            i++;
            continue;
        }
        const struct uwsgi_rpc *inherited = find_inherited(own[i].name);
        if (inherited) {
            own[i++] = *inherited;
            continue;
        }
        /* behind the last one all is zero: uWSGI writes names without their end */
        (*count)--;
        memmove(&own[i], &own[i + 1], (*count - i) * sizeof *own);
        memset(&own[*count], 0, sizeof *own);
    }
}
