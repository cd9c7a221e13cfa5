/* SPDX-License-Identifier: MIT */
/*
 * watch.h - the master notices at once that a worker has ended.
 *
 * uWSGI's master looks for ended children when something wakes it, and otherwise once a second. So
 * a worker that ends in order (--max-requests, --reload-on-rss, a chain reload) would be missing
 * for up to a second, and its share of the requests would wait. The master gets a descriptor of
 * each worker process that wakes it (pidfd_open(), Linux 5.3). A signal would do so as well, but it
 * would also end the sleep by which uWSGI protects itself from workers that die all the time.
 */
#ifndef UPP_WATCH_H
#define UPP_WATCH_H

/* In the master, each time it wakes up: watches the workers that are there now. Logs once if the
 * system cannot; then it is as without. */
void upp_watch_workers(void);

/* In each child of the master: closes what it has inherited of this. */
void upp_watch_forget(void);

#endif
