/* SPDX-License-Identifier: MIT */
#include "names.h"

#include "../contract.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_SIZE 2048 /* a power of two, sparse */
#define NAME_MAX_LENGTH 128

/* Entries are written before their number appears in the index, and never change. */
static struct upp_slice texts[UPP_NAMES_MAX] = {
#define FIXED(name, text) [name] = {text, sizeof text - 1}
    FIXED(UPP_NAME_REQUEST_METHOD, "REQUEST_METHOD"),
    FIXED(UPP_NAME_REQUEST_URI, "REQUEST_URI"),
    FIXED(UPP_NAME_PATH_INFO, "PATH_INFO"),
    FIXED(UPP_NAME_QUERY_STRING, "QUERY_STRING"),
    FIXED(UPP_NAME_SERVER_PROTOCOL, "SERVER_PROTOCOL"),
    FIXED(UPP_NAME_SCRIPT_NAME, "SCRIPT_NAME"),
    FIXED(UPP_NAME_SERVER_NAME, "SERVER_NAME"),
    FIXED(UPP_NAME_SERVER_PORT, "SERVER_PORT"),
    FIXED(UPP_NAME_REMOTE_ADDR, "REMOTE_ADDR"),
    FIXED(UPP_NAME_REMOTE_PORT, "REMOTE_PORT"),
    FIXED(UPP_NAME_HTTPS, "HTTPS"),
    FIXED(UPP_NAME_CONTENT_LENGTH, "CONTENT_LENGTH"),
    FIXED(UPP_NAME_CONTENT_TYPE, "CONTENT_TYPE"),
    FIXED(UPP_NAME_HOST, "HTTP_HOST"),
};
static atomic_int count = UPP_NAME_FIXED;
static atomic_short index_table[INDEX_SIZE]; /* id + 1; 0: empty */
static pthread_mutex_t adding = PTHREAD_MUTEX_INITIALIZER;

static char upper(char c)
{
    if (c == '-')
        return '_';
    return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
}

static int equals(struct upp_slice header, const char *text)
{
    for (size_t i = 0; i < header.length; i++) {
        if (upper(header.base[i]) != text[i])
            return 0;
    }
    return 1;
}

/* CONTENT_TYPE and CONTENT_LENGTH have no prefix in CGI (RFC 3875 4.1) */
static size_t prefix_of(struct upp_slice header)
{
    int bare = (header.length == 12 && equals(header, "CONTENT_TYPE")) ||
               (header.length == 14 && equals(header, "CONTENT_LENGTH"));
    return bare ? 0 : 5;
}

size_t upp_names_write(struct upp_slice header, char *out)
{
    size_t prefix = prefix_of(header);
    memcpy(out, "HTTP_", prefix);
    for (size_t i = 0; i < header.length; i++)
        out[prefix + i] = upper(header.base[i]);
    return prefix + header.length;
}

/* FNV-1a over the CGI form, so that the case of the header does not matter */
static uint32_t hash(struct upp_slice header)
{
    uint32_t value = 2166136261U;
    for (size_t i = 0; i < header.length; i++)
        value = (value ^ (unsigned char)upper(header.base[i])) * 16777619U;
    return value;
}

static int same(struct upp_slice header, int id)
{
    size_t prefix = texts[id].length > 5 && !memcmp(texts[id].base, "HTTP_", 5) ? 5 : 0;
    return texts[id].length == prefix + header.length && equals(header, texts[id].base + prefix);
}

/* The slot that has the header, or the empty one where it belongs. */
static size_t slot_of(struct upp_slice header, int *id)
{
    size_t slot = hash(header) & (INDEX_SIZE - 1);
    for (;; slot = (slot + 1) & (INDEX_SIZE - 1)) {
        *id = atomic_load_explicit(&index_table[slot], memory_order_acquire) - 1;
        if (*id < 0 || same(header, *id))
            return slot;
    }
}

static int fixed_id(struct upp_slice header)
{
    if (!prefix_of(header))
        return header.length == 12 ? UPP_NAME_CONTENT_TYPE : UPP_NAME_CONTENT_LENGTH;
    return header.length == 4 && equals(header, "HOST") ? UPP_NAME_HOST : UPP_NAME_UNKNOWN;
}

static int add(struct upp_slice header)
{
    int id;
    pthread_mutex_lock(&adding);
    size_t slot = slot_of(header, &id);
    if (id < 0)
        id = fixed_id(header);
    else
        goto done;
    if (id < 0) {
        char *text;
        int next = atomic_load(&count);
        if (next == UPP_NAMES_MAX || header.length > NAME_MAX_LENGTH ||
            !(text = malloc(header.length + 5))) {
            id = UPP_NAME_UNKNOWN;
            goto done;
        }
        texts[next].length = upp_names_write(header, text);
        texts[next].base = text;
        id = next;
        atomic_store(&count, next + 1);
    }
    atomic_store_explicit(&index_table[slot], (short)(id + 1), memory_order_release);
done:
    pthread_mutex_unlock(&adding);
    return id;
}

int upp_names_find(struct upp_slice header)
{
    int id;
    slot_of(header, &id);
    return id >= 0 ? id : add(header);
}

struct upp_slice upp_names_text(int id)
{
    return texts[id];
}

const char *upp_name(int id, size_t *length)
{
    if (id < 0 || id >= atomic_load(&count)) {
        *length = 0;
        return NULL;
    }
    *length = texts[id].length;
    return texts[id].base;
}
