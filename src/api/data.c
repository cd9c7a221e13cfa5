/* SPDX-License-Identifier: MIT */
#include "data.h"

#include "../compat.h"

#include <dlfcn.h>

static const char *symbol(const char *name, const char *end)
{
    char text[1024];
    int length = snprintf(text, sizeof text, "_binary_%s%s", name, end);
    return length < (int)sizeof text ? dlsym(RTLD_DEFAULT, text) : NULL;
}

const char *upp_data_embedded(const char *name, size_t *length)
{
    const char *start = symbol(name, "_start");
    const char *end = symbol(name, "_end");
    if (!start || !end || end < start)
        return NULL;
    *length = (size_t)(end - start);
    return start;
}

const char *upp_data_text(const char *name)
{
    const char *const *variable = dlsym(RTLD_DEFAULT, name);
    return variable ? *variable : NULL;
}

char *upp_data_section(const char *name, size_t *length)
{
#ifdef UWSGI_ELF
    return uwsgi_elf_section(uwsgi.binary_path, (char *)name, length);
#else
    (void)name;
    (void)length;
    return NULL;
#endif
}

void upp_data_free(char *data)
{
    free(data);
}

const char *upp_data_binary(void)
{
    return uwsgi.binary_path;
}
