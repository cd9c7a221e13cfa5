/* SPDX-License-Identifier: MIT */
#include "sharedarea.h"

#include "../compat.h"
#include "../contract.h"

/* More areas than a thread can want to hold at a time; no memory to be freed when it ends. */
#define HELD_MAX 16

/* The locks that this thread holds. POSIX locks do not know their readers, and giving back what
 * nobody holds breaks them for all processes. */
static _Thread_local struct held {
    int count; /* how often; 0: the entry is free */
    int area;
    int for_writing;
} held[HELD_MAX];

static struct held *find_held(int area)
{
    for (int i = 0; i < HELD_MAX; i++)
        if (held[i].count && held[i].area == area)
            return &held[i];
    return NULL;
}

static struct held *find_free(void)
{
    for (int i = 0; i < HELD_MAX; i++)
        if (!held[i].count)
            return &held[i];
    return NULL;
}

int upp_sharedarea_count(void)
{
    return uwsgi.sharedareas_cnt;
}

uint64_t upp_sharedarea_size(int area)
{
    return uwsgi.sharedareas[area]->max_pos + 1;
}

char *upp_sharedarea_memory(int area)
{
    return uwsgi.sharedareas[area]->area;
}

int upp_sharedarea_lock(int area, int for_writing)
{
    struct held *mine = find_held(area);
    if (mine) {
        if (for_writing || mine->for_writing)
            return UPP_CANNOT;
        mine->count++;
        return UPP_OK;
    }
    mine = find_free();
    if (!mine)
        return UPP_CANNOT;
    if (for_writing)
        uwsgi_wlock(uwsgi.sharedareas[area]->lock);
    else
        uwsgi_rlock(uwsgi.sharedareas[area]->lock);
    *mine = (struct held){.count = 1, .area = area, .for_writing = for_writing};
    return UPP_OK;
}

int upp_sharedarea_unlock(int area)
{
    struct held *mine = find_held(area);
    if (!mine)
        return UPP_CANNOT;
    if (--mine->count == 0)
        uwsgi_rwunlock(uwsgi.sharedareas[area]->lock);
    return UPP_OK;
}

/* Begins to read: returns the area, and whether its lock has to be given back. */
static struct uwsgi_sharedarea *begin_reading(int area, int *locked)
{
    struct uwsgi_sharedarea *shared = uwsgi.sharedareas[area];
    *locked = !find_held(area);
    if (*locked)
        uwsgi_rlock(shared->lock);
    shared->hits++;
    return shared;
}

/* Begins to write; NULL if this thread may only read. */
static struct uwsgi_sharedarea *begin_writing(int area, int *locked)
{
    struct uwsgi_sharedarea *shared = uwsgi.sharedareas[area];
    const struct held *mine = find_held(area);
    if (mine && !mine->for_writing)
        return NULL;
    *locked = !mine;
    if (*locked)
        uwsgi_wlock(shared->lock);
    shared->updates++;
    return shared;
}

static void end(struct uwsgi_sharedarea *shared, int locked)
{
    if (locked)
        uwsgi_rwunlock(shared->lock);
}

/* Areas that are filled like a buffer say how far they are filled. */
static uint64_t used_from(const struct uwsgi_sharedarea *shared, uint64_t position, uint64_t length)
{
    if (!shared->honour_used)
        return length;
    uint64_t used = shared->used > position ? shared->used - position : 0;
    return UMIN(used, length);
}

struct upp_block *upp_sharedarea_read(int area, uint64_t position, uint64_t length)
{
    int locked;
    struct uwsgi_sharedarea *shared = begin_reading(area, &locked);
    length = used_from(shared, position, length);
    struct upp_block *block = upp_block_copy(shared->area + position, length);
    end(shared, locked);
    return block;
}

int upp_sharedarea_write(int area, uint64_t position, const char *data, size_t length)
{
    int locked;
    struct uwsgi_sharedarea *shared = begin_writing(area, &locked);
    if (!shared)
        return UPP_CANNOT;
    memcpy(shared->area + position, data, length);
    end(shared, locked);
    return UPP_OK;
}

static int64_t load(const char *place, int width)
{
    int8_t bits8;
    int16_t bits16;
    int32_t bits32;
    int64_t bits64;
    switch (width) {
    case 1:
        memcpy(&bits8, place, sizeof bits8);
        return bits8;
    case 2:
        memcpy(&bits16, place, sizeof bits16);
        return bits16;
    case 4:
        memcpy(&bits32, place, sizeof bits32);
        return bits32;
    default:
        memcpy(&bits64, place, sizeof bits64);
        return bits64;
    }
}

static void store(char *place, int width, int64_t number)
{
    int8_t bits8 = (int8_t)number;
    int16_t bits16 = (int16_t)number;
    int32_t bits32 = (int32_t)number;
    switch (width) {
    case 1:
        memcpy(place, &bits8, sizeof bits8);
        break;
    case 2:
        memcpy(place, &bits16, sizeof bits16);
        break;
    case 4:
        memcpy(place, &bits32, sizeof bits32);
        break;
    default:
        memcpy(place, &number, sizeof number);
    }
}

int64_t upp_sharedarea_number(int area, uint64_t position, int width)
{
    int locked;
    struct uwsgi_sharedarea *shared = begin_reading(area, &locked);
    int64_t number = load(shared->area + position, width);
    end(shared, locked);
    return number;
}

int upp_sharedarea_set(int area, uint64_t position, int width, int64_t number)
{
    int locked;
    struct uwsgi_sharedarea *shared = begin_writing(area, &locked);
    if (!shared)
        return UPP_CANNOT;
    store(shared->area + position, width, number);
    end(shared, locked);
    return UPP_OK;
}

int upp_sharedarea_add(int area, uint64_t position, int width, int64_t number)
{
    int locked;
    struct uwsgi_sharedarea *shared = begin_writing(area, &locked);
    if (!shared)
        return UPP_CANNOT;
    char *place = shared->area + position;
    store(place, width, (int64_t)((uint64_t)load(place, width) + (uint64_t)number));
    end(shared, locked);
    return UPP_OK;
}
