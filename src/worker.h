/* SPDX-License-Identifier: MIT */
/*
 * worker.h - workers that do something else than serve: --pyrun, --pyshell,
 * --python-worker-override.
 */
#ifndef UPP_WORKER_H
#define UPP_WORKER_H

/* The `worker` hook, before anything of a worker is set up. Returns 0, or ends the process with the
 * exit code of the script of --python-worker-override. */
int upp_worker_override(void);

/* The `hijack_worker` hook, of a worker that is ready. Returns if the worker is to serve; else ends
 * the process after the script of --pyrun, or the shell in worker 1. */
void upp_worker_hijack(void);

#endif
