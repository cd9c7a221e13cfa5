/* SPDX-License-Identifier: MIT */
/*
 * maps.h - what is mapped where in this process: proc_pid_maps(5).
 */
#ifndef UPP_VM_MAPS_H
#define UPP_VM_MAPS_H

#include <sys/types.h>

struct upp_mapping {
    char *start;
    size_t size;
    char access[5]; /* "rw-p": read, write, execute, private or shared */
    off_t offset;   /* in the file */
    ino_t inode;    /* of the file, 0: none */
    const char *name;
};

/* Calls `see` for each, in the order of their addresses. A name is valid during that call only.
 * Returns 0, or -1 if there is no such file. */
int upp_maps_each(void (*see)(const struct upp_mapping *mapping, void *argument), void *argument);

#endif
