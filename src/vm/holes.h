/* SPDX-License-Identifier: MIT */
/*
 * holes.h - what malloc() has free between what is in use.
 *
 * Whatever a worker puts there makes a page that it shares with the master its own. After the start
 * and a warm-up there is much of it, on nearly every page.
 */
#ifndef UPP_VM_HOLES_H
#define UPP_VM_HOLES_H

/* Takes all of it for good, but whole pages, which are given back to the kernel; so what is
 * allocated from now on lies together, behind. `heap` is the start of what malloc() has of brk(2).
 * By the thread whose heap that is; nothing happens where malloc() is not glibc's. */
void upp_holes_fill(const char *heap);

#endif
