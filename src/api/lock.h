/* SPDX-License-Identifier: MIT */
/*
 * lock.h - uWSGI's user locks (--locks), shared by all processes.
 *
 * Callers check that a number is below upp_lock_count(). UPP_CANNOT: this is a
 * spooler, which cannot use them.
 */
#ifndef UPP_API_LOCK_H
#define UPP_API_LOCK_H

/* contract: begin */

/* Number of the locks, which never changes; 0 is there always, --locks N adds N. */
int upp_lock_count(void);
/* Waits until the lock is free, and takes it. UPP_OK or UPP_CANNOT. */
int upp_lock_take(int number);
/* Gives it back. UPP_OK or UPP_CANNOT. */
int upp_lock_give(int number);
/* 1 while somebody holds it, 0, or UPP_CANNOT. */
int upp_lock_is_held(int number);

/* contract: end */

#endif
