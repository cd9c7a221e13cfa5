/* SPDX-License-Identifier: MIT */
/*
 * share.h - memory that a worker shares with the master, and that stays shared.
 *
 * A major collection marks every old object, and takes the marks away again. A worker has a copy
 * of its own of each page then, for ever, though most are byte by byte what they were before the
 * fork. So before the first fork the pages go into a file in memory (memfd_create(2)) and are
 * mapped from it, privately: what a process writes is its own, as ever. In a worker a copy that
 * equals the file's page is given back (MADV_DONTNEED), and the file's page is there instead.
 *
 * These pages are:
 * - the arenas of PyPy's collector (rpython/memory/gc/minimarkpage.py): pieces of a fixed size that
 *   PyPy has of malloc(), and malloc() of mmap(2). Who holds the GIL is the only one to
 *   write there.
 * - what malloc() has of brk(2), with larger objects, and libpypy's variables, with objects that
 *   were there before the start. There any thread may write at any time, so these are only done in
 *   a process with one thread, those of the plugin at rest (thread.h) aside.
 *
 * A collection moves no object, but turns the order around in which pages are listed, and the next
 * one turns it back. So it is after an even number of them that pages equal those of the file.
 *
 * What is free within these pages is filled first (holes.h), so that what a worker makes lies
 * together, elsewhere. Once it is through with the file, a worker gives back free memory, too: the
 * free pages of its own arenas, which PyPy does not know of until nothing else of an arena is in
 * use (arena.h); the rest of what PyPy has free; and what malloc() has whole pages of.
 *
 * Where one of all this is not as expected, nothing is done: a collector with other lists, no file
 * in memory, no pagemap, another malloc(), a file descriptor that the application has closed.
 *
 * share.c is what happens before the fork, give_back.c what happens in a worker. The functions that
 * Python calls, upp_share_*(): contract.h.
 */
#ifndef UPP_VM_SHARE_H
#define UPP_VM_SHARE_H

struct upp_libpypy;

/* `loaded` must stay valid. Once the interpreter has started. */
void upp_share_install(const struct upp_libpypy *loaded);

#endif
