/* SPDX-License-Identifier: MIT */
#include "queue.h"

#include "../compat.h"
#include "../contract.h"

uint64_t upp_queue_size(void)
{
    return uwsgi.queue_size;
}

uint64_t upp_queue_slot(void)
{
    return uwsgi.queue_header->pos;
}

uint64_t upp_queue_pull_slot(void)
{
    return uwsgi.queue_header->pull_pos;
}

/* uwsgi_queue_set() of 2.0.21 takes more than a slot holds, and writes into the next one. */
static int fits(size_t length)
{
    return length && length <= uwsgi.queue_blocksize - sizeof(struct uwsgi_queue_item);
}

int upp_queue_push(const char *message, size_t length)
{
    if (!fits(length))
        return UPP_CANNOT;
    uwsgi_wlock(uwsgi.queue_lock);
    int done = uwsgi_queue_push((char *)message, length);
    uwsgi_rwunlock(uwsgi.queue_lock);
    return done ? UPP_OK : UPP_CANNOT;
}

int upp_queue_set(uint64_t slot, const char *message, size_t length)
{
    if (!fits(length))
        return UPP_CANNOT;
    uwsgi_wlock(uwsgi.queue_lock);
    int done = uwsgi_queue_set(slot, (char *)message, length);
    uwsgi_rwunlock(uwsgi.queue_lock);
    return done ? UPP_OK : UPP_CANNOT;
}

/* What uWSGI found, copied; an empty slot has length 0. A --queue-store may hold any length. */
static struct upp_block *copy_message(const char *message, uint64_t length)
{
    return message && fits(length) ? upp_block_copy(message, length) : NULL;
}

struct upp_block *upp_queue_get(uint64_t slot)
{
    uint64_t length = 0;
    uwsgi_rlock(uwsgi.queue_lock);
    const char *message = uwsgi_queue_get(slot, &length);
    struct upp_block *block = copy_message(message, length);
    uwsgi_rwunlock(uwsgi.queue_lock);
    return block;
}

struct upp_block *upp_queue_pull(void)
{
    uint64_t length = 0;
    uwsgi_wlock(uwsgi.queue_lock);
    const char *message = uwsgi_queue_pull(&length);
    struct upp_block *block = copy_message(message, length);
    uwsgi_rwunlock(uwsgi.queue_lock);
    return block;
}

struct upp_block *upp_queue_pop(void)
{
    uint64_t length = 0;
    uwsgi_wlock(uwsgi.queue_lock);
    uint64_t before = uwsgi.queue_header->pos;
    const char *message = uwsgi_queue_pop(&length);
    /* uWSGI goes back a slot also when it is empty: what is pushed next would be pulled last */
    if (!message)
        uwsgi.queue_header->pos = before;
    struct upp_block *block = copy_message(message, length);
    uwsgi_rwunlock(uwsgi.queue_lock);
    return block;
}

/* The message `back` slots before the newest one, NULL when there is none. */
static const char *find_last(uint64_t back, uint64_t *length)
{
    uint64_t newest = uwsgi.queue_header->pos + uwsgi.queue_size - 1;
    const char *message = uwsgi_queue_get((newest - back) % uwsgi.queue_size, length);
    return message && fits(*length) ? message : NULL;
}

struct upp_block *upp_queue_last(uint64_t count)
{
    uint64_t length = 0;
    uint64_t size = 0;
    uwsgi_rlock(uwsgi.queue_lock);
    for (uint64_t back = 0; back < count; back++) {
        const char *message = find_last(back, &length);
        size += upp_block_item_size(message, length);
    }
    struct upp_block *block = upp_block_new(size);
    char *place = block->data;
    for (uint64_t back = 0; back < count; back++) {
        const char *message = find_last(back, &length);
        place = upp_block_write_item(place, message, length);
    }
    uwsgi_rwunlock(uwsgi.queue_lock);
    return block;
}
