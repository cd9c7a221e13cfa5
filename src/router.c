/* SPDX-License-Identifier: MIT */
#include "router.h"

#include "compat.h"
#include "contract.h"
#include "vm/entry.h"
#include "vm/fork.h"

#define ADDRESS_MAX 256

/* Connections under way keep what they were given, and nobody frees it: so each address is kept
 * once. */
static char *keep(char *address, size_t length)
{
    static struct uwsgi_string_list *known;
    struct uwsgi_string_list *item;
    uwsgi_foreach(item, known)
    {
        if (item->len == length && !memcmp(item->value, address, length))
            return item->value;
    }
    return uwsgi_string_new_list(&known, uwsgi_concat2n(address, (int)length, (char *)"", 0))
        ->value;
}

char *upp_router_ask(char *id, char *code, char *function, char *key, uint16_t length)
{
    char address[ADDRESS_MAX];
    size_t found = 0;
    /* of a router process uWSGI tells its plugins nothing */
    upp_fork_in_child();
    UPP_ENTER(found = upp_py_code_string(id, code, function, key, length, address, sizeof address));
    return found ? keep(address, found) : NULL;
}
