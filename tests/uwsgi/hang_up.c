/* Preloaded: while there is a file `hang-up` in the working directory, the next process that takes a connection removes
 * it and sends itself SIGHUP, which has arrived when accept4() returns. */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

static int is_pending(int number)
{
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, number);
}

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
    int (*real)(int, struct sockaddr *, socklen_t *, int) = dlsym(RTLD_NEXT, "accept4");
    int accepted = real(fd, address, length, flags);
    int error = errno;
    if (accepted >= 0 && !unlink("hang-up")) {
        kill(getpid(), SIGHUP);
        while (is_pending(SIGHUP)) /* another thread takes it */
            usleep(1000);
    }
    errno = error;
    return accepted;
}
