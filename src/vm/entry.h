/* SPDX-License-Identifier: MIT */
/*
 * entry.h - going into the interpreter from a hook.
 *
 * exit() may run in a signal handler, in the middle of Python code whose
 * thread owns the GIL; going in again would wait for ever. So every hook
 * brackets its call, and the exit hook looks first.
 *
 * uWSGI 2.0.21 lets its threads be cancelled at any instruction while they are
 * idle; a thread that ends inside the interpreter takes the GIL with it. So
 * cancellation is off inside the brackets.
 */
#ifndef UPP_VM_ENTRY_H
#define UPP_VM_ENTRY_H

#include <pthread.h>

extern _Thread_local volatile int upp_entry_depth;

/* Brackets a call of an upp_py_*() function. */
#define UPP_ENTER(call)                                                                            \
    do {                                                                                           \
        int upp_cancel_state;                                                                      \
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &upp_cancel_state);                         \
        upp_entry_depth++;                                                                         \
        call;                                                                                      \
        upp_entry_depth--;                                                                         \
        pthread_setcancelstate(upp_cancel_state, &upp_cancel_state);                               \
    } while (0)

/* Brackets a call that waits, in a function that Python has called: the GIL is free there, so exit
 * functions can run, should a signal end the process meanwhile. */
#define UPP_LEAVE(call)                                                                            \
    do {                                                                                           \
        int upp_depth_before = upp_entry_depth;                                                    \
        upp_entry_depth = 0;                                                                       \
        call;                                                                                      \
        upp_entry_depth = upp_depth_before;                                                        \
    } while (0)

/* 1 if this thread is inside the interpreter already. */
static inline int upp_entered(void)
{
    return upp_entry_depth > 0;
}

#endif
