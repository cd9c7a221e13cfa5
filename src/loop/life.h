/* SPDX-License-Identifier: MIT */
/*
 * life.h - the life of the worker that the loop runs in, as uWSGI knows it: whether it takes
 * requests, how busy it and the other workers are, and the signals that end it.
 */
#ifndef UPP_LOOP_LIFE_H
#define UPP_LOOP_LIFE_H

#include <stdint.h>

/* 1 while the worker shall take new requests. */
int upp_life_accepting(void);
/* 1 if the worker was told to stop at once. */
int upp_life_must_stop(void);
/* 1 while a thread of this worker has a request. */
int upp_life_is_busy(void);
/* Takes over the signals that stop a worker; in its main thread. From here on it does not end
 * without having looked for connections that were handed over: it is a taker for other workers. */
void upp_life_take_signals(void);
/* What to exit with once the loop has ended. */
int upp_life_exit_code(void);
/* Before the fork. Returns 1 if there are to be other workers, which accept from the same sockets.
 */
int upp_life_has_siblings(void);
/* 1 while all threads of this worker have a request; *ended: the number of those that have ended.
 */
int upp_life_is_full(uint64_t *ended);
/* 1 if another worker takes connections now. */
int upp_life_has_takers(void);
/* How many threads of such workers have no request. */
int upp_life_free_siblings(void);

#endif
