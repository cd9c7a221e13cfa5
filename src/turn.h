/* SPDX-License-Identifier: MIT */
/*
 * turn.h - workers that have done their work end one after the other.
 *
 * Workers that began together and get the same load reach --max-requests, --reload-on-rss and the
 * like at the same moment. If all of them left, nobody would serve until the last request of the
 * slowest is answered. So a worker goes on while another one is being replaced.
 */
#ifndef UPP_TURN_H
#define UPP_TURN_H

/* In uWSGI's "work is done" hook, in a worker that still takes requests. Returns 1: it ends now; or
 * 0: another worker is between its last requests and the end of its successor's first ones. uWSGI
 * asks again at the end of the next request. A worker that does not get to its end is killed by the
 * master after --worker-reload-mercy, so the others do not wait for ever. */
int upp_turn_has_come(void);

#endif
