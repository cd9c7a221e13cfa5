/* Preloaded: says at the end of a process what its priority is. */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

__attribute__((destructor)) static void say(void)
{
    fprintf(stderr, "priority of %d at its end: %d\n", (int)getpid(), getpriority(PRIO_PROCESS, 0));
    fflush(stderr);
}
