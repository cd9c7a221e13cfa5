/* SPDX-License-Identifier: MIT */
/*
 * signal.h - uWSGI's signals: numbers 0 to 255 that the master routes to the
 * handlers of its processes.
 *
 * What uWSGI keeps of a handler is only that there is one; which Python
 * function it is, each process knows by the signal's number.
 */
#ifndef UPP_API_SIGNAL_H
#define UPP_API_SIGNAL_H

#include "../contract.h"

/* contract: begin */

/* How many of them the instance has; a signal for one more would end the master. */
int upp_signal_workers(void);
int upp_signal_mules(void);
int upp_signal_farms(void);
int upp_signal_spoolers(void); /* 0 or 1 */
/* 1 if --farm defined one of that name. */
int upp_signal_has_farm(const char *name);

/* Tells uWSGI that upp_py_signal() handles `number` (0 to 255) and who gets it. The target has at
 * most 63 bytes and was checked. 0, or -1 with a line in the log: see uwsgi_register_signal(). */
int upp_signal_register(int number, const char *target);
/* uWSGI's own: 1 if this process has a handler. */
int uwsgi_signal_registered(uint8_t number);

/* results of upp_signal_send() */
#define UPP_SIGNAL_SENT 0
#define UPP_SIGNAL_LOST -1   /* the queue to the master is full; logged */
#define UPP_SIGNAL_NOBODY -2 /* there is no master, or it does not listen yet */

/* Sends a signal to the master, which routes it. */
int upp_signal_send(int number);
/* uWSGI's own: sends a signal to another instance. 1 if it took it, 0 if not, -1 if it did not
 * answer within --socket-timeout. */
int uwsgi_remote_signal_send(char *node, uint8_t number);

/* results of upp_signal_wait() and upp_signal_received() */
#define UPP_SIGNAL_NONE -1       /* the worker has to stop */
#define UPP_SIGNAL_NO_REQUEST -2 /* the calling thread serves no request */
#define UPP_SIGNAL_NO_MASTER -3  /* without a master there are no signals */

/* Waits for a signal to this worker and runs its handler; with `number` >= 0 until it is that one.
 * Returns its number, which the request remembers. */
int upp_signal_wait(int number);
/* The number that the request remembers; 0 if it did not wait. */
int upp_signal_received(void);

/* uWSGI's own: 0, or -1 with a line in the log when its table is full. */
int uwsgi_add_file_monitor(uint8_t number, char *path);
int uwsgi_add_timer(uint8_t number, int seconds);
int uwsgi_signal_add_rb_timer(uint8_t number, int seconds, int iterations);
int uwsgi_signal_add_cron(uint8_t number, int minute, int hour, int day, int month, int week);

/* Runs the handler of a signal. 0, or -1: it raised (logged), or this process has none. */
UPP_PYTHON int upp_py_signal(int number);

/* contract: end */

/* uWSGI's hook. */
int upp_signal_handle(uint8_t number, void *handler);

/* A new worker forgets the handlers of the one that it replaces; they died with that process. */
void upp_signal_forget(void);

#endif
