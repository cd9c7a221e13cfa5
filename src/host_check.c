/* SPDX-License-Identifier: MIT */
#include "host_check.h"

#include "compat.h"
#include "upp_host.h"

/* Nothing here may touch a uWSGI struct: their layout is what is in doubt. */

/* FNV-1a, 64 bit; the build computes the same over the header it compiles with. */
static uint64_t hash(const char *data, size_t length)
{
    uint64_t value = 0xcbf29ce484222325ULL;
    for (size_t i = 0; i < length; i++) {
        value ^= (unsigned char)data[i];
        value *= 0x100000001b3ULL;
    }
    return value;
}

/* The version as the flags of the running binary say it: -DUWSGI_VERSION="\"2.0.21-debian\"" */
static void running_version(char *version, size_t size)
{
    static const char key[] = "-DUWSGI_VERSION=\"\\\"";
    char *flags = uwsgi_get_cflags();
    const char *at = flags ? strstr(flags, key) : NULL;
    size_t length = at ? strcspn(at + sizeof key - 1, "\\\"") : 0;
    if (at && length < size)
        snprintf(version, size, "%.*s", (int)length, at + sizeof key - 1);
    else
        snprintf(version, size, "of unknown version");
    free(flags);
}

void upp_host_check(void)
{
    char version[64];
    char *header = uwsgi_get_dot_h();
    size_t length = header ? strlen(header) : 0;
    if (length == UPP_HOST_DOT_H_LENGTH && hash(header, length) == UPP_HOST_DOT_H_HASH) {
        free(header);
        return;
    }
    running_version(version, sizeof version);
    uwsgi_log("the pypy plugin was built for uWSGI %s and this is uWSGI %s%s: build it again with "
              "this uWSGI "
              "(make, or uwsgi --build-plugin)\n",
              UPP_HOST_VERSION, version,
              strcmp(version, UPP_HOST_VERSION) == 0 ? " with other build flags" : "");
    exit(1);
}
