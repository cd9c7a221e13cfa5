/* SPDX-License-Identifier: MIT */
#include "signal.h"

#include "../async.h"
#include "../compat.h"
#include "../vm/entry.h"
#include "request.h"

extern struct uwsgi_plugin pypy_plugin;

/* Milliseconds between looks at the order to stop: it interrupts the main thread only. */
#define WAIT_SLICE 500

/* ---- who there is ------------------------------------------------------ */

int upp_signal_workers(void)
{
    return uwsgi.numproc;
}

int upp_signal_mules(void)
{
    return uwsgi.mules_cnt;
}

int upp_signal_farms(void)
{
    return uwsgi.farms_cnt;
}

int upp_signal_spoolers(void)
{
    return uwsgi.spoolers != NULL;
}

int upp_signal_has_farm(const char *name)
{
    return get_farm_by_name((char *)name) != NULL;
}

/* ---- handlers ---------------------------------------------------------- */

int upp_signal_register(int number, const char *target)
{
    /* any pointer but NULL does: Python finds the handler by the number */
    return uwsgi_register_signal((uint8_t)number, (char *)target, &pypy_plugin,
                                 pypy_plugin.modifier1);
}

int upp_signal_handle(uint8_t number, void *handler)
{
    int result = -1;
    (void)handler;
    upp_async_hook_waits();
    UPP_ENTER(result = upp_py_signal(number));
    return result;
}

void upp_signal_forget(void)
{
    struct uwsgi_signal_entry *inherited = uwsgi.shared->signal_table;
    struct uwsgi_signal_entry *own = inherited + (ptrdiff_t)uwsgi.mywid * 256;
    if (!uwsgi.mywid)
        return;
    for (int number = 0; number < 256; number++) {
        if (own[number].handler == &pypy_plugin && own[number].wid == uwsgi.mywid)
            own[number] = inherited[number];
    }
}

/* ---- sending and waiting ----------------------------------------------- */

int upp_signal_send(int number)
{
    if (uwsgi.signal_socket < 0)
        return UPP_SIGNAL_NOBODY;
    return uwsgi_signal_send(uwsgi.signal_socket, (uint8_t)number) ? UPP_SIGNAL_LOST
                                                                   : UPP_SIGNAL_SENT;
}

/* Returns the signal that a readable socket has; -1 if somebody else was faster; -2 if the master
 * is gone. */
static int take(int fd)
{
    uint8_t number;
    ssize_t got = read(fd, &number, 1);
    if (got > 0)
        return number;
    return !got || (!uwsgi_is_again() && errno != EINTR) ? -2 : -1;
}

static int wait_for(int number)
{
    struct pollfd sockets[2] = {{.fd = uwsgi.signal_socket, .events = POLLIN},
                                {.fd = uwsgi.my_signal_socket, .events = POLLIN}};
    while (uwsgi.workers[uwsgi.mywid].manage_next_request) {
        if (poll(sockets, 2, WAIT_SLICE) <= 0)
            continue;
        for (int i = 0; i < 2; i++) {
            int received = sockets[i].revents ? take(sockets[i].fd) : -1;
            if (received == -2)
                return UPP_SIGNAL_NONE;
            if (received < 0)
                continue;
            uwsgi_signal_handler((uint8_t)received);
            if (number < 0 || number == received)
                return received;
        }
    }
    return UPP_SIGNAL_NONE;
}

int upp_signal_wait(int number)
{
    struct wsgi_request *host = upp_api_request();
    if (!host)
        return UPP_SIGNAL_NO_REQUEST;
    if (uwsgi.signal_socket < 0)
        return UPP_SIGNAL_NO_MASTER;
    host->signal_received = wait_for(number);
    return host->signal_received;
}

int upp_signal_received(void)
{
    struct wsgi_request *host = upp_api_request();
    return host ? host->signal_received : UPP_SIGNAL_NO_REQUEST;
}
