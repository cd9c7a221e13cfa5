/* Preloaded: while there is a file `SIGNAL-at-fork` (a number) in the working directory, the next process that uWSGI
 * forks makes its parent remove it and send itself that signal, before fork() returns there; `SIGNAL-before-fork` and
 * `SIGNAL-in-child` are for that moment, and for the new process, in the same way. */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void signal_if_wanted(const char *where)
{
    char name[64];
    for (int number = 1; number < 16; number++) {
        snprintf(name, sizeof name, "%d-%s", number, where);
        if (!unlink(name))
            kill(getpid(), number);
    }
}

pid_t fork(void)
{
    pid_t (*real)(void) = (pid_t (*)(void))dlsym(RTLD_NEXT, "fork");
    signal_if_wanted("before-fork");
    pid_t pid = real();
    int error = errno;
    if (pid >= 0)
        signal_if_wanted(pid ? "at-fork" : "in-child");
    errno = error;
    return pid;
}
