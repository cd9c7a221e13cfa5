/* SPDX-License-Identifier: MIT */
/*
 * rpc.h - uWSGI's remote procedure calls: functions of any language, known by
 * name in an instance, called by it or by another instance.
 */
#ifndef UPP_API_RPC_H
#define UPP_API_RPC_H

#include "../contract.h"

/* contract: begin */

/* Slots of --rpc-max. */
uint64_t upp_rpc_slots(void);
/* Gives uWSGI a function by name (1 to 255 bytes): in the master for all workers, in a worker for
 * itself. A name that is there is replaced. `handle` is what upp_py_rpc() gets: a number that is
 * not below UPP_RPC_HANDLES, so that no pointer of another language is the same. 0, or -1: no slot
 * is free, or this process is neither. */
#define UPP_RPC_HANDLES 0x7570000000000000
int upp_rpc_register(const char *name, int argc, int64_t handle);
/* Functions of this process, of all languages, and the name of each (valid until the next
 * registration). */
uint64_t upp_rpc_count(void);
const char *upp_rpc_name(uint64_t index);

/* Where uWSGI has the handle of the function that a call of this name gets in this process; when
 * another language takes the name, its pointer is there instead. Valid until upp_py_post_fork().
 * NULL: there is no such function, or it is another language's. */
const int64_t *upp_rpc_find(const char *name);

/* uWSGI's own: calls a function here (node NULL) or in another instance. The result is freed with
 * upp_rpc_free(); NULL: there is none, for whatever reason. Waits for a node for --socket-timeout
 * in each step. A packet of more than 65535 bytes leaks a descriptor: do not ask for one. */
char *uwsgi_do_rpc(char *node, char *name, uint8_t argc, char *argv[], uint16_t lengths[],
                   uint64_t *length);
void upp_rpc_free(char *result);

/* A call of a function that Python registered. */
struct upp_rpc_call {
    int64_t handle;
    int argc;
    char **argv;
    const uint16_t *lengths;
    char *result; /* made by upp_rpc_return(); NULL: none */
    uint64_t result_length;
};
/* Copies the result of a call. 0, or -1: there is no memory for it. */
int upp_rpc_return(struct upp_rpc_call *call, const char *data, uint64_t length);

/* Runs the function. */
UPP_PYTHON void upp_py_rpc(struct upp_rpc_call *call);

/* contract: end */

/* uWSGI's hook: the result goes to *result, from malloc(); returns its length. */
uint64_t upp_rpc_serve(void *handle, uint8_t argc, char **argv, uint16_t lengths[], char **result);

/* A new worker forgets the functions of the one that it replaces; they died with that process. */
void upp_rpc_forget(void);

#endif
