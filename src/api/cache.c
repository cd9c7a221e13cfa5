/* SPDX-License-Identifier: MIT */
/*
 * Local caches are read here and not by uwsgi_cache_magic_get() for two
 * reasons: it saves a copy, and it is right for lazy caches, in which uWSGI
 * 2.0.21 deletes what has expired while it holds the lock for reading only.
 *
 * Numbers are calculated here because in a cache with a bitmap uWSGI 2.0.21
 * moves the number to new blocks first, and calculates with what it finds there.
 */
#include "cache.h"

#include "../compat.h"
#include "../contract.h"
#include "number.h"

_Static_assert(UPP_CACHE_REPLACE == (UWSGI_CACHE_FLAG_UPDATE), "the contract has uWSGI's flag");

int upp_cache_is_on(void)
{
    return uwsgi.caches != NULL;
}

static int is_remote(const char *name)
{
    return name && strchr(name, '@');
}

static struct uwsgi_cache *find_local(const char *name)
{
    return is_remote(name) ? NULL : uwsgi_cache_by_name((char *)name);
}

/* Looking at a key may change the cache: the order of its items, or what has expired. */
static void lock_to_look(struct uwsgi_cache *cache)
{
    if (cache->purge_lru || cache->lazy_expire)
        uwsgi_wlock(cache->lock);
    else
        uwsgi_rlock(cache->lock);
}

static char *get_remote(const char *key, size_t length, const char *name, uint64_t *size)
{
    return uwsgi_cache_magic_get((char *)key, (uint16_t)length, size, NULL, (char *)name);
}

/* The handle is uWSGI's cache, under a name that the contract can have. */
struct upp_cache *upp_cache_find(const char *name)
{
    return (struct upp_cache *)find_local(name);
}

/* Puts a value, or a block of it, to a buffer. */
static int64_t hand_over(const char *value, uint64_t length, char *buffer, size_t size)
{
    if (length <= size) {
        memcpy(buffer, value, length);
        return (int64_t)length;
    }
    uintptr_t block = (uintptr_t)upp_block_copy(value, length);
    memcpy(buffer, &block, sizeof block);
    return UPP_CACHE_BIG;
}

int64_t upp_cache_read(struct upp_cache *handle, char *buffer, size_t length, size_t size)
{
    struct uwsgi_cache *cache = (struct uwsgi_cache *)handle;
    int64_t result = UPP_CACHE_MISSING;
    uint64_t found = 0;
    lock_to_look(cache);
    const char *value = uwsgi_cache_get2(cache, buffer, (uint16_t)length, &found);
    if (value)
        result = hand_over(value, found, buffer, size);
    uwsgi_rwunlock(cache->lock);
    return result;
}

struct upp_block *upp_cache_get(const char *key, size_t length, const char *name)
{
    struct uwsgi_cache *cache = find_local(name);
    struct upp_block *block = NULL;
    uint64_t size = 0;
    if (cache) {
        lock_to_look(cache);
        const char *value = uwsgi_cache_get2(cache, (char *)key, (uint16_t)length, &size);
        if (value)
            block = upp_block_copy(value, size);
        uwsgi_rwunlock(cache->lock);
    } else if (is_remote(name)) {
        char *value = get_remote(key, length, name, &size);
        if (value)
            block = upp_block_copy(value, size);
        free(value);
    }
    return block;
}

int64_t upp_cache_number(const char *key, size_t length, const char *name)
{
    struct uwsgi_cache *cache = find_local(name);
    int64_t number = 0;
    uint64_t size = 0;
    if (cache) {
        lock_to_look(cache);
        const char *value = uwsgi_cache_get2(cache, (char *)key, (uint16_t)length, &size);
        if (value && size == sizeof number)
            memcpy(&number, value, sizeof number);
        uwsgi_rwunlock(cache->lock);
    } else if (is_remote(name)) {
        char *value = get_remote(key, length, name, &size);
        if (value && size == sizeof number)
            memcpy(&number, value, sizeof number);
        free(value);
    }
    return number;
}

int upp_cache_has(const char *key, size_t length, const char *name)
{
    struct uwsgi_cache *cache = find_local(name);
    if (!cache)
        return uwsgi_cache_magic_exists((char *)key, (uint16_t)length, (char *)name);
    lock_to_look(cache);
    int found = uwsgi_cache_exists2(cache, (char *)key, (uint16_t)length) != 0;
    uwsgi_rwunlock(cache->lock);
    return found;
}

struct upp_block *upp_cache_keys(const char *name)
{
    struct uwsgi_cache *cache = find_local(name);
    if (!cache)
        return NULL;
    uwsgi_rlock(cache->lock);
    uint64_t size = 0;
    uint64_t position = 0;
    struct uwsgi_cache_item *item = NULL;
    while (uwsgi_cache_keys(cache, &position, &item))
        size += upp_block_item_size(item->key, item->keysize);
    struct upp_block *block = upp_block_new(size);
    char *place = block->data;
    position = 0;
    item = NULL;
    while (uwsgi_cache_keys(cache, &position, &item))
        place = upp_block_write_item(place, item->key, item->keysize);
    uwsgi_rwunlock(cache->lock);
    return block;
}

int upp_cache_calculate(const char *key, size_t length, int operation, int64_t operand,
                        uint64_t expires, const char *name)
{
    struct uwsgi_cache *cache = find_local(name);
    int result = UPP_CANNOT;
    if (!cache)
        return UPP_CANNOT;
    uwsgi_wlock(cache->lock);
    /* to look at the number is not a use that the statistics count */
    uint64_t hits = cache->hits;
    uint64_t misses = cache->miss;
    uint64_t size = 0;
    const char *value = uwsgi_cache_get2(cache, (char *)key, (uint16_t)length, &size);
    cache->hits = hits;
    cache->miss = misses;
    int64_t number = cache->math_initial;
    if (!value || size == sizeof number) {
        uint64_t flags = UWSGI_CACHE_FLAG_UPDATE | UWSGI_CACHE_FLAG_FIXEXPIRE;
        if (value)
            memcpy(&number, value, sizeof number);
        number = upp_number_calculate(number, operation, operand);
        if (!uwsgi_cache_set2(cache, (char *)key, (uint16_t)length, (char *)&number, sizeof number,
                              expires, flags))
            result = UPP_OK;
    }
    uwsgi_rwunlock(cache->lock);
    return result;
}
