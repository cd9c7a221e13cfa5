/* SPDX-License-Identifier: MIT */
#include "areas.h"

#include "compat.h"
#include "config.h"

static uint64_t size_of(const char *text)
{
    char *end;
    errno = 0;
    unsigned long long size = strtoull(text, &end, 10);
    if (end == text || *end || errno || *text == '-' || !size) {
        uwsgi_log("--py-sharedarea %s: give its size in bytes\n", text);
        exit(1);
    }
    return size;
}

/* uWSGI has no other function for a size that is not a number of pages. Mapped, not allocated: an
 * object of PyPy moves, and what a process writes into its own memory no other one sees. */
void upp_areas_create(void)
{
    for (const struct uwsgi_string_list *item = upp_config_shared_areas(); item;
         item = item->next) {
        uint64_t size = size_of(item->value);
        void *area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (area == MAP_FAILED) {
            uwsgi_log("--py-sharedarea %s: %s\n", item->value, strerror(errno));
            exit(1);
        }
        uwsgi_sharedarea_init_ptr(area, size);
    }
}
