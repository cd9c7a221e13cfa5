/* SPDX-License-Identifier: MIT */
#include "names.h"

#include "contract.h"

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
    FIXED(UPP_NAME_REQUEST_SCHEME, "REQUEST_SCHEME"),
    FIXED(UPP_NAME_CONNECTION, "HTTP_CONNECTION"),
    FIXED(UPP_NAME_COOKIE, "HTTP_COOKIE"),
    FIXED(UPP_NAME_TRANSFER_ENCODING, "HTTP_TRANSFER_ENCODING"),
};
static atomic_int count;                     /* 0: the fixed names are not in the index yet */
static atomic_short index_table[INDEX_SIZE]; /* id + 1; 0: empty */
static pthread_mutex_t adding = PTHREAD_MUTEX_INITIALIZER;

/* A name as it is looked for: `text` is what follows HTTP_ if it `has_prefix`. */
struct key {
    struct upp_slice text;
    int has_prefix;
    int folds; /* a header as sent: its case and its dashes are to be changed */
};

static char upper(char c)
{
    if (c == '-')
        return '_';
    return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
}

static int folds_to(struct upp_slice header, const char *text)
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
    int bare = (header.length == 12 && folds_to(header, "CONTENT_TYPE")) ||
               (header.length == 14 && folds_to(header, "CONTENT_LENGTH"));
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

static char letter(const struct key *key, size_t index)
{
    char c = key->text.base[index];
    return key->folds ? upper(c) : c;
}

/* The length and a few letters tell names apart well enough; what they do not costs one look more.
 */
static uint32_t hash(const struct key *key)
{
    size_t length = key->text.length;
    uint32_t value = (uint32_t)(2 * length) + (uint32_t)key->has_prefix;
    if (!length)
        return value;
    const size_t places[] = {0, length / 4, length / 2, length - 1 - length / 4, length - 1};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        value = value * 31 + (unsigned char)letter(key, places[i]);
    return value ^ (value >> 11);
}

static int is_same(const struct key *key, int id)
{
    size_t prefix = key->has_prefix ? 5 : 0;
    struct upp_slice text = texts[id];
    if (text.length != prefix + key->text.length || memcmp(text.base, "HTTP_", prefix) != 0)
        return 0;
    return key->folds ? folds_to(key->text, text.base + prefix)
                      : !memcmp(text.base + prefix, key->text.base, key->text.length);
}

/* The slot that has the name, or the empty one where it belongs. */
static size_t slot_of(const struct key *key, int *id)
{
    size_t slot = hash(key) & (INDEX_SIZE - 1);
    for (;; slot = (slot + 1) & (INDEX_SIZE - 1)) {
        *id = atomic_load_explicit(&index_table[slot], memory_order_acquire) - 1;
        if (*id < 0 || is_same(key, *id))
            return slot;
    }
}

static struct key key_of_variable(struct upp_slice name)
{
    struct key key = {name, name.length > 5 && !memcmp(name.base, "HTTP_", 5), 0};
    if (key.has_prefix) {
        key.text.base += 5;
        key.text.length -= 5;
    }
    return key;
}

static void publish(size_t slot, int id)
{
    atomic_store_explicit(&index_table[slot], (short)(id + 1), memory_order_release);
}

static void add_fixed(void)
{
    for (int id = 0; id < UPP_NAME_FIXED; id++) {
        int found;
        struct key key = key_of_variable(texts[id]);
        publish(slot_of(&key, &found), id);
    }
    atomic_store(&count, UPP_NAME_FIXED);
}

static char *copy(const struct key *key)
{
    size_t prefix = key->has_prefix ? 5 : 0;
    char *text = malloc(prefix + key->text.length + 1);
    if (!text)
        return NULL;
    memcpy(text, "HTTP_", prefix);
    for (size_t i = 0; i < key->text.length; i++)
        text[prefix + i] = letter(key, i);
    return text;
}

static int add(const struct key *key)
{
    int id;
    char *text;
    pthread_mutex_lock(&adding);
    if (!atomic_load(&count))
        add_fixed();
    size_t slot = slot_of(key, &id);
    int next = atomic_load(&count);
    if (id < 0 && next < UPP_NAMES_MAX && key->text.length <= NAME_MAX_LENGTH &&
        (text = copy(key))) {
        id = next;
        texts[id].base = text;
        texts[id].length = key->text.length + (key->has_prefix ? 5 : 0);
        atomic_store(&count, next + 1);
        publish(slot, id);
    }
    pthread_mutex_unlock(&adding);
    return id < 0 ? UPP_NAME_UNKNOWN : id;
}

static int find(const struct key *key)
{
    int id;
    slot_of(key, &id);
    return id >= 0 ? id : add(key);
}

int upp_names_of_header(struct upp_slice header, int likely)
{
    const struct key key = {header, prefix_of(header) > 0, 1};
    return likely >= 0 && is_same(&key, likely) ? likely : find(&key);
}

int upp_names_of_variable(struct upp_slice name, int likely)
{
    const struct key key = key_of_variable(name);
    return likely >= 0 && is_same(&key, likely) ? likely : find(&key);
}

struct upp_slice upp_names_text(int id)
{
    return texts[id];
}

const char *upp_name(int id, size_t *length)
{
    int known = atomic_load(&count);
    if (id < 0 || id >= (known ? known : UPP_NAME_FIXED)) {
        *length = 0;
        return NULL;
    }
    *length = texts[id].length;
    return texts[id].base;
}
