/* SPDX-License-Identifier: MIT */
#include "warmup.h"

#include "../warmup.h"

#include "host.h"
#include "loop.h"
#include "pool.h"
#include "steps.h"
#include "transport.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The address of the client. */
#define LOCALHOST "127.0.0.1"
/* Its ports, of the range from which clients take theirs (IANA, RFC 6335 section 6). */
#define FIRST_PORT 49152
#define LAST_PORT 65535

static struct upp_listener listener;
static struct upp_conn conn;
static int clients_have_ports;

/* Waits until something comes, or can go. */
static void wait_for(short what)
{
    struct pollfd wait = {.fd = conn.fd, .events = what};
    while (poll(&wait, 1, -1) < 0 && errno == EINTR)
        continue;
    conn.readable = 1;
}

static void flush(void)
{
    while (upp_output_flush(&conn.output, conn.fd) == UPP_OUTPUT_AGAIN)
        wait_for(POLLOUT);
}

static void hang_up(struct upp_core *core)
{
    flush();
    upp_pool_clear_timer(&conn);
    upp_output_clear(&conn.output);
    conn.start = conn.end;
    upp_conn_release_buffer(&conn, &core->spares);
    if (conn.fd >= 0)
        close(conn.fd);
    upp_warmup_disconnect();
}

static void end_request(struct upp_core *core, int outcome)
{
    upp_warmup_note(upp_warmup_host(), outcome != UPP_DONE && core->broken);
    upp_steps_end(core, outcome);
}

/* Until Python has something to do. Returns 0: the request is over, answered or refused. */
static int begin_request(struct upp_core *core)
{
    for (;;) {
        switch (upp_steps_advance(core, &conn)) {
        case UPP_STEP_READY:
            return 1;
        case UPP_STEP_WAIT:
            wait_for(conn.state == UPP_CONN_FLUSH ? POLLOUT : POLLIN);
            break;
        case UPP_STEP_AGAIN:
            /* the host answered it */
            if (core->conn) {
                end_request(core, UPP_DONE);
                return 0;
            }
            break;
        default:
            return 0;
        }
    }
}

/* Every third request comes from another port: clients keep their connections for a while. */
static void set_peer(void)
{
    static unsigned requests;
    unsigned port = FIRST_PORT + requests++ / 3 % (LAST_PORT - FIRST_PORT + 1);
    conn.address_length = sizeof LOCALHOST - 1;
    memcpy(conn.address, LOCALHOST, sizeof LOCALHOST);
    conn.port_length = 0;
    if (clients_have_ports)
        conn.port_length = (unsigned char)snprintf(conn.port, sizeof conn.port, "%u", port);
}

static struct upp_request *next(struct upp_core *core, int outcome)
{
    int fd;
    if (core->conn) {
        end_request(core, outcome);
        hang_up(core);
    }
    while ((fd = upp_warmup_connect()) >= 0) {
        upp_conn_open(&conn, fd, &listener);
        set_peer();
        if (begin_request(core))
            return &core->request;
        hang_up(core);
    }
    return NULL;
}

int upp_loop_warmup_begin(const struct uwsgi_socket *socket, int with_ports)
{
    clients_have_ports = with_ports;
    if (upp_loop_prepare())
        return -1;
    listener = upp_host_listener(socket);
    upp_loop_take_from(next);
    return 0;
}

void upp_loop_warmup_end(void)
{
    upp_loop_take_from(upp_engine_next);
}
