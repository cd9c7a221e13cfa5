/* SPDX-License-Identifier: MIT */
/*
 * lock.h - uWSGI's user locks (--locks), shared by all processes.
 */
#ifndef UPP_API_LOCK_H
#define UPP_API_LOCK_H

/* contract: begin */

/* Number of the locks; 0 is there always, --locks N adds N. */
int upp_lock_count(void);
/* 1 while somebody holds the lock; its number is below upp_lock_count(). */
int upp_lock_is_held(int number);
/* uWSGI's own. Number below upp_lock_count(); waits until the lock is free. */
int uwsgi_user_lock(int number);
int uwsgi_user_unlock(int number);

/* contract: end */

#endif
