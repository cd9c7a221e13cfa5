/* Preloaded: while there is a file `hang-up` in the working directory, the next process that takes a connection removes
 * it and sends itself SIGHUP, which has arrived when accept4(2) returns. */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_pending(int number)
{
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, number);
}

static void hang_up(void)
{
    int error = errno;
    if (!unlink("hang-up")) {
        kill(getpid(), SIGHUP);
        while (is_pending(SIGHUP)) /* another thread takes it */
            usleep(1000);
    }
    errno = error;
}

/* uWSGI calls it so, */
int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
    int (*real)(int, struct sockaddr *, socklen_t *, int) =
        (int (*)(int, struct sockaddr *, socklen_t *, int))dlsym(RTLD_NEXT, "accept4");
    int accepted = real(fd, address, length, flags);
    if (accepted >= 0)
        hang_up();
    return accepted;
}

/* and the loop so (src/loop/sock.h). */
long syscall(long number, ...)
{
    long (*real)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    long given[6];
    va_list arguments;
    va_start(arguments, number);
    for (int i = 0; i < 6; i++)
        given[i] = va_arg(arguments, long);
    va_end(arguments);
    long result = real(number, given[0], given[1], given[2], given[3], given[4], given[5]);
    if (number == SYS_accept4 && result >= 0)
        hang_up();
    return result;
}
