/* SPDX-License-Identifier: MIT */
#include "shapes.h"

#include "names.h"

#include <stdlib.h>
#include <string.h>

#define VARIABLES_MAX 64 /* a request with more has no shape */
#define VALUE_MAX 128    /* bytes of a value; a longer one has always changed */
#define NOT_KEPT UINT8_MAX

struct value {
    uint8_t length; /* or NOT_KEPT */
    char bytes[VALUE_MAX];
};

struct shape {
    int count; /* of variables; 0: the place is free */
    int flags;
    int16_t ids[VARIABLES_MAX];
    struct value values[VARIABLES_MAX];
};

/* What Python knows of one core. Pages of places that are not used are never touched. */
struct core {
    const struct upp_request *last;
    int16_t changed[VARIABLES_MAX];
    struct shape shapes[UPP_SHAPES];
};

static struct core *cores;

void upp_shapes_setup(int count)
{
    cores = calloc((size_t)count, sizeof *cores);
}

/* What is put into the kept environ besides the variables. */
static int kept_flags(const struct upp_request *request)
{
    return request->flags & UPP_TERMINATED;
}

static unsigned place_of(const struct upp_request *request)
{
    uint32_t hash = (uint32_t)(request->variable_count + kept_flags(request));
    for (int i = 0; i < request->variable_count; i++)
        hash = hash * 31 + (uint16_t)request->name_ids[i];
    return (hash ^ (hash >> 5) ^ (hash >> 13)) % UPP_SHAPES;
}

static int is_same_shape(const struct shape *shape, const struct upp_request *request)
{
    return shape->count == request->variable_count && shape->flags == kept_flags(request) &&
           !memcmp(shape->ids, request->name_ids, (size_t)shape->count * sizeof *shape->ids);
}

/* 1 if all names have a number, and each is there once: the last of two would have to win. */
static int can_be_kept(const struct upp_request *request)
{
    struct upp_name_set seen = {{0}};
    for (int i = 0; i < request->variable_count; i++) {
        int id = request->name_ids[i];
        if (id < 0 || upp_name_set_add(&seen, id))
            return 0;
    }
    return 1;
}

static void keep(struct value *value, const struct upp_variable *variable)
{
    size_t length = variable->value_length;
    value->length = length > VALUE_MAX ? NOT_KEPT : (uint8_t)length;
    if (length <= VALUE_MAX)
        memcpy(value->bytes, variable->value, length);
}

static void begin_shape(struct shape *shape, const struct upp_request *request)
{
    shape->count = request->variable_count;
    shape->flags = kept_flags(request);
    memcpy(shape->ids, request->name_ids, (size_t)shape->count * sizeof *shape->ids);
    for (int i = 0; i < shape->count; i++)
        keep(&shape->values[i], &request->variables[i]);
}

/* Fills in the indexes of what has changed. Returns their number, at least 1: for none there would
 * be another trace in Python, which is not worth it. */
static int compare(struct shape *shape, const struct upp_request *request, int16_t *changed)
{
    int count = 0;
    for (int i = 0; i < shape->count; i++) {
        const struct upp_variable *variable = &request->variables[i];
        struct value *value = &shape->values[i];
        if (value->length == variable->value_length &&
            !memcmp(value->bytes, variable->value, value->length))
            continue;
        keep(value, variable);
        changed[count++] = (int16_t)i;
    }
    if (!count)
        changed[count++] = 0;
    return count;
}

/* Python has not seen the last request: nobody knows what its shape holds. */
static void forget_unseen(struct core *core)
{
    const struct upp_request *last = core->last;
    if (last && !last->has_environ && last->shape >= 0)
        core->shapes[last->shape].count = 0;
}

void upp_shapes_compare(struct upp_request *request)
{
    struct core *core = cores ? &cores[request->core] : NULL;
    if (core) {
        forget_unseen(core);
        core->last = request;
    }
    request->has_environ = 0;
    request->shape = -1;
    request->changed_count = -1;
    if (!core || !request->variable_count || request->variable_count > VARIABLES_MAX)
        return;
    unsigned place = place_of(request);
    struct shape *shape = &core->shapes[place];
    request->changed = core->changed;
    if (is_same_shape(shape, request)) {
        request->changed_count = compare(shape, request, core->changed);
    } else if (can_be_kept(request)) {
        begin_shape(shape, request);
    } else {
        return;
    }
    request->shape = (int)place;
}
