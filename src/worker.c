/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include "compat.h"
#include "contract.h"
#include "vm/entry.h"

int upp_worker_override(void)
{
    int code = 1;
    if (!upp_config()->worker_override)
        return 0;
    UPP_ENTER(code = upp_py_worker());
    exit(code);
}

/* What is typed and what is answered are on the terminal, also when uWSGI logs to a file. */
static void take_terminal(void)
{
    if (uwsgi.logfile && (dup2(0, 1) < 0 || dup2(0, 2) < 0))
        uwsgi_error("dup2()");
}

void upp_worker_hijack(void)
{
    const struct upp_config *config = upp_config();
    struct uwsgi_worker *worker = &uwsgi.workers[uwsgi.mywid];
    int code = 1;
    if (!config->run_script && !(config->shell && uwsgi.mywid == 1))
        return;
    if (!config->run_script) {
        if (config->shell_oneshot && worker->hijacked_count > 0) {
            worker->hijacked = 0;
            return;
        }
        worker->hijacked_count++;
        take_terminal();
    }
    worker->hijacked = 1;
    UPP_ENTER(code = upp_py_hijack());
    exit(code);
}
