/* SPDX-License-Identifier: MIT */
#include "maps.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* START-END ACCESS OFFSET DEVICE INODE NAME; cuts the line, of which the name is the rest. Read by
 * hand: sscanf() takes longer than the kernel does to write it. */
static void parse(char *line, struct upp_mapping *mapping)
{
    char *rest;
    uintptr_t start = strtoul(line, &rest, 16);
    uintptr_t end = strtoul(rest + 1, &rest, 16);
    mapping->start = (char *)start; // NOLINT(performance-no-int-to-ptr)
    mapping->size = end - start;
    memcpy(mapping->access, rest + 1, sizeof mapping->access - 1);
    mapping->access[sizeof mapping->access - 1] = 0;
    mapping->offset = (off_t)strtoul(rest + sizeof mapping->access, &rest, 16);
    rest += strspn(rest, " ");
    mapping->inode = strtoul(rest + strcspn(rest, " "), &rest, 10);
    mapping->name = rest + strspn(rest, " ");
    rest[strcspn(rest, "\n")] = 0;
}

int upp_maps_each(void (*see)(const struct upp_mapping *mapping, void *argument), void *argument)
{
    char *line = NULL;
    size_t size = 0;
    struct upp_mapping mapping;
    FILE *maps = fopen("/proc/self/maps", "re");
    if (!maps)
        return -1;
    while (getline(&line, &size, maps) > 0) {
        parse(line, &mapping);
        see(&mapping, argument);
    }
    free(line);
    fclose(maps);
    return 0;
}
