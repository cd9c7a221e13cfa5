/* SPDX-License-Identifier: MIT */
#include "legion.h"

#include "../compat.h"

#ifdef UWSGI_SSL

/* what uWSGI allocated last for this thread */
static _Thread_local char *last;

static const char *keep(char *text)
{
    free(last);
    last = text;
    return text;
}

int upp_legion_exists(void)
{
    return uwsgi.legions != NULL;
}

int upp_legion_is_lord(const char *name)
{
    return uwsgi_legion_i_am_the_lord((char *)name);
}

const char *upp_legion_lord_scroll(const char *name, size_t *length)
{
    uint16_t found = 0;
    char *scroll = uwsgi_legion_lord_scroll((char *)name, &found);
    *length = found;
    return keep(scroll);
}

const char *upp_legion_scrolls(const char *name, size_t *length)
{
    uint64_t found = 0;
    char *scrolls = uwsgi_legion_scrolls((char *)name, &found);
    *length = found;
    return keep(scrolls);
}

#else

int upp_legion_exists(void)
{
    return 0;
}

int upp_legion_is_lord(const char *name)
{
    (void)name;
    return 0;
}

const char *upp_legion_lord_scroll(const char *name, size_t *length)
{
    (void)name;
    *length = 0;
    return NULL;
}

const char *upp_legion_scrolls(const char *name, size_t *length)
{
    return upp_legion_lord_scroll(name, length);
}

#endif
