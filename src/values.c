/* SPDX-License-Identifier: MIT */
#include "values.h"

#include <stdlib.h>
#include <string.h>

#define NOT_KEPT UINT8_MAX

struct value {
    uint8_t length; /* NOT_KEPT: there is none */
    char bytes[UPP_VALUE_MAX];
};

/* What Python knows of one core. */
struct known {
    const struct upp_request *last;
    struct value values[UPP_VALUE_NAMES];
};

static struct known *known;

static void forget(struct known *core)
{
    for (int id = 0; id < UPP_VALUE_NAMES; id++)
        core->values[id].length = NOT_KEPT;
}

void upp_values_setup(int cores)
{
    known = calloc((size_t)cores, sizeof *known);
}

/* 1 if the value is the kept one; else it is the kept one from now on. */
static int is_same(struct value *value, const struct upp_variable *variable)
{
    size_t length = variable->value_length;
    if (length > UPP_VALUE_MAX) {
        value->length = NOT_KEPT;
        return 0;
    }
    if (value->length == length && !memcmp(value->bytes, variable->value, length))
        return 1;
    value->length = (uint8_t)length;
    memcpy(value->bytes, variable->value, length);
    return 0;
}

void upp_values_mark(struct upp_request *request, int16_t *ids)
{
    if (!known)
        return;
    struct known *core = &known[request->core];
    if (!core->last || !core->last->has_environ)
        forget(core);
    core->last = request;
    request->has_environ = 0;
    for (int i = 0; i < request->variable_count; i++) {
        if (ids[i] >= 0 && ids[i] < UPP_VALUE_NAMES &&
            is_same(&core->values[ids[i]], &request->variables[i]))
            ids[i] = (int16_t)(ids[i] + UPP_SAME_VALUE);
    }
}
