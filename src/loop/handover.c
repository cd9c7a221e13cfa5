/* SPDX-License-Identifier: MIT */
#include "handover.h"

#include "../thread.h"
#include "engine.h"
#include "host.h"
#include "life.h"
#include "strain.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Nanoseconds between two looks of the watcher, and after one at which all threads had a request.
 */
#define LOOK_EVERY 3000000
#define LOOK_AGAIN 1000000
/* Looks at a worker with a free thread, before the watcher rests. */
#define QUIET_LOOKS 5
/* Seconds after which it looks again, should it have rested in the moment that work came. */
#define REST_SECONDS 1
/* Connections handed over at one look. */
#define MOST 16

/* What goes with the descriptor. Workers are forked from one master: the layout is theirs, too. */
struct ticket {
    unsigned listener; /* its index */
    unsigned served;
    unsigned char address_length;
    unsigned char port_length;
    char address[INET6_ADDRSTRLEN];
    char port[6];
};

union control {
    struct cmsghdr header; /* for its alignment */
    char room[CMSG_SPACE(sizeof(int))];
};

static struct {
    int in;  /* connections are sent here; -1: there is no socket */
    int out; /* and taken here */
    const struct upp_listener *listeners;
    pthread_mutex_t working; /* held while connections are handed over */
    int is_stopped;
    pthread_mutex_t resting;
    pthread_cond_t roused;
} handover = {.in = -1,
              .out = -1,
              .working = PTHREAD_MUTEX_INITIALIZER,
              .resting = PTHREAD_MUTEX_INITIALIZER,
              .roused = PTHREAD_COND_INITIALIZER};

atomic_int upp_handover_rests;

void upp_handover_setup(void)
{
    int pair[2];
    if (!upp_life_has_siblings())
        return;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair)) {
        upp_host_log("connections stay with their worker: %s", strerror(errno));
        return;
    }
    handover.in = pair[0];
    handover.out = pair[1];
}

int upp_handover_fd(void)
{
    return handover.out;
}

/* ---- the socket --------------------------------------------------------- */

/* A message with a ticket and a descriptor. */
static struct msghdr message_with(struct iovec *vector, union control *control)
{
    return (struct msghdr){.msg_iov = vector,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof *control};
}

static struct ticket write_ticket(const struct upp_conn *conn)
{
    struct ticket ticket = {
        .listener = (unsigned)(conn->listener - handover.listeners),
        .served = conn->served,
        .address_length = conn->address_length,
        .port_length = conn->port_length,
    };
    memcpy(ticket.address, conn->address, sizeof ticket.address);
    memcpy(ticket.port, conn->port, sizeof ticket.port);
    return ticket;
}

static void read_ticket(const struct ticket *ticket, struct upp_conn *conn)
{
    conn->served = ticket->served;
    conn->address_length = ticket->address_length;
    conn->port_length = ticket->port_length;
    memcpy(conn->address, ticket->address, sizeof conn->address);
    memcpy(conn->port, ticket->port, sizeof conn->port);
}

/* Returns 0, -1: there is no room for it now. */
static int put(const struct upp_conn *conn)
{
    struct ticket ticket = write_ticket(conn);
    struct iovec vector = {&ticket, sizeof ticket};
    union control control = {0};
    struct msghdr message = message_with(&vector, &control);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &conn->fd, sizeof conn->fd);
    return sendmsg(handover.in, &message, MSG_NOSIGNAL) == (ssize_t)sizeof ticket ? 0 : -1;
}

/* A descriptor that finds no room is lost, and the connection with it. */
static int has_room(void)
{
    int spare = fcntl(handover.out, F_DUPFD_CLOEXEC, 0);
    if (spare >= 0)
        close(spare);
    return spare >= 0;
}

int upp_handover_take(struct upp_conn *conn, const struct upp_listener *listeners)
{
    struct ticket ticket;
    struct iovec vector = {&ticket, sizeof ticket};
    union control control = {0};
    struct msghdr message = message_with(&vector, &control);
    int fd;
    if (!has_room() || recvmsg(handover.out, &message, MSG_CMSG_CLOEXEC) <= 0)
        return -1;
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_type != SCM_RIGHTS) {
        upp_host_log("a connection of another worker was lost");
        errno = EBADF;
        return -1;
    }
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
    upp_conn_open(conn, fd, &listeners[ticket.listener]);
    read_ticket(&ticket, conn);
    return 0;
}

/* ---- the watcher -------------------------------------------------------- */

static void hand_over(void)
{
    struct upp_conn *conns[MOST];
    int wanted = upp_life_free_siblings();
    int count = wanted ? upp_engine_take_idle(conns, wanted < MOST ? wanted : MOST) : 0;
    for (int i = 0; i < count; i++) {
        if (put(conns[i]))
            upp_engine_put_back(conns[i]);
        else
            upp_engine_give_away(conns[i]);
    }
}

static void rest(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += REST_SECONDS;
    pthread_mutex_lock(&handover.resting);
    atomic_store(&upp_handover_rests, 1);
    int timed_out = 0;
    while (atomic_load(&upp_handover_rests) && !timed_out)
        timed_out = pthread_cond_timedwait(&handover.roused, &handover.resting, &until);
    atomic_store(&upp_handover_rests, 0);
    pthread_mutex_unlock(&handover.resting);
}

void upp_handover_rouse(void)
{
    pthread_mutex_lock(&handover.resting);
    atomic_store(&upp_handover_rests, 0);
    pthread_cond_signal(&handover.roused);
    pthread_mutex_unlock(&handover.resting);
}

static void look(struct upp_strain *strain)
{
    uint64_t ended;
    int is_full = upp_life_is_full(&ended);
    if (!upp_strain_look(strain, is_full, ended))
        return;
    pthread_mutex_lock(&handover.working);
    if (!handover.is_stopped)
        hand_over();
    pthread_mutex_unlock(&handover.working);
}

static void *watch(void *argument)
{
    struct upp_strain strain = {0, 0};
    int quiet = 0;
    (void)argument;
    for (;;) {
        const struct timespec pause = {0, strain.full_looks ? LOOK_AGAIN : LOOK_EVERY};
        upp_thread_rest_begin();
        nanosleep(&pause, NULL);
        upp_thread_rest_end();
        look(&strain);
        quiet = strain.full_looks ? 0 : quiet + 1;
        if (quiet >= QUIET_LOOKS) {
            upp_thread_rest_begin();
            rest();
            upp_thread_rest_end();
            quiet = 0;
        }
    }
    return NULL;
}

void upp_handover_start(const struct upp_listener *listeners)
{
    handover.listeners = listeners;
    if (handover.in >= 0)
        upp_thread_start(watch, NULL, "the connections");
}

void upp_handover_stop(void)
{
    pthread_mutex_lock(&handover.working);
    handover.is_stopped = 1;
    pthread_mutex_unlock(&handover.working);
}

/* ---- a worker that ends -------------------------------------------------- */

int upp_handover_is_possible(void)
{
    return handover.in >= 0 && !upp_life_must_stop() && upp_life_has_takers();
}

int upp_handover_give(const struct upp_conn *conn)
{
    return upp_handover_is_possible() ? put(conn) : -1;
}
