/* SPDX-License-Identifier: MIT */
#include "migration.h"

#include <dirent.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOPS                                                                                      \
    "it needs CPython: for many requests at the same time use async = N with pypy-greenlets = "    \
    "true, or threads = N"
#define PROTOCOL "only WSGI is served: make the application a WSGI one"
#define ENVIRON "each environ is a new dict, as with holy"
#define PATHS "the first one comes first in sys.path; the Python plugin puts each in front"
#define PROGRAM "PyPy finds its home in another way"
#define DONE "this is always done"
#define WARM "a worker that ends takes its compiled code along: set it high"
#define MEMORY "PyPy takes more memory for each worker: measure before you set a limit"

/* In the order of docs/migrating.md. */
static const struct upp_migration table[] = {
    {"py-programname", NULL, "no effect", PROGRAM, 0},
    {"py-program-name", NULL, "no effect", PROGRAM, 0},
    {"early-python", NULL, "no effect", "PyPy always starts before the fork", 0},
    {"no-site", NULL, "no effect", "PyPy always imports site", 0},
    {"web3", NULL, "refused", PROTOCOL, 1},
    {"pump", NULL, "refused", PROTOCOL, 1},
    {"wsgi-lite", NULL, "refused", PROTOCOL, 1},
    {"pythonpath", NULL, "another order", PATHS, 0},
    {"python-path", NULL, "another order", PATHS, 0},
    {"pp", NULL, "another order", PATHS, 0},
    {"wsgi-env-behaviour", NULL, "no effect", ENVIRON, 0},
    {"wsgi-env-behavior", NULL, "no effect", ENVIRON, 0},
    {"py-sharedarea", NULL, "limited", "all processes share the memory, and it is no bytearray", 0},
    {"py-call-osafterfork", NULL, "always on", DONE, 0},
    {"py-call-uwsgi-fork-hooks", NULL, "always on", DONE, 0},
    /* uWSGI's own, and those of plugins for the Python plugin */
    {"single-interpreter", NULL, "always on", "PyPy has one interpreter in a process", 0},
    {"ugreen", NULL, "refused", "its stacks break PyPy: use pypy-greenlets = true", 1},
    {"gevent", NULL, "refused", LOOPS, 1},
    {"gevent-monkey-patch", NULL, "refused", LOOPS, 1},
    {"gevent-early-monkey-patch", NULL, "refused", LOOPS, 1},
    {"gevent-wait-for-hub", NULL, "refused", LOOPS, 1},
    {"asyncio", NULL, "refused", LOOPS, 1},
    {"greenlet", NULL, "refused", LOOPS, 1},
    {"tornado", NULL, "refused", LOOPS, 1},
    {"loop", "gevent", "refused", LOOPS, 1},
    {"loop", "asyncio", "refused", LOOPS, 1},
    {"loop", "greenlet", "refused", LOOPS, 1},
    {"loop", "tornado", "refused", LOOPS, 1},
    {"if-plugin", "python", "never true", "write if-plugin = pypy", 0},
    {"if-plugin", "python3", "never true", "write if-plugin = pypy", 0},
    {"max-requests", NULL, "costs more", WARM, 0},
    {"max-worker-lifetime", NULL, "costs more", WARM, 0},
    {"reload-on-rss", NULL, "costs more", MEMORY, 0},
    {"reload-on-as", NULL, "costs more", MEMORY, 0},
    {"evil-reload-on-rss", NULL, "costs more", MEMORY, 0},
    {"evil-reload-on-as", NULL, "costs more", MEMORY, 0},
    {"limit-as", NULL, "costs more", MEMORY, 0},
};

const struct upp_migration *upp_migration_of(const char *option, const char *value)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct upp_migration *entry = &table[i];
        if (!strcmp(entry->option, option) &&
            (!entry->value || (value && !strcmp(entry->value, value))))
            return entry;
    }
    return NULL;
}

/* "/usr/lib/uwsgi/plugins/python311_plugin.so" -> "python311" */
static size_t base_name(const char **name)
{
    static const char ending[] = "_plugin.so";
    const char *slash = strrchr(*name, '/');
    if (slash)
        *name = slash + 1;
    size_t length = strlen(*name);
    if (length > sizeof ending - 1 && !strcmp(*name + length - (sizeof ending - 1), ending))
        length -= sizeof ending - 1;
    return length;
}

int upp_migration_is_python(const char *plugin, const char **sentence)
{
    static const char *const loops[] = {"gevent", "asyncio", "greenlet", "stackless", "tornado"};
    size_t length = base_name(&plugin);
    if (length >= 6 && !strncmp(plugin, "python", 6) &&
        strspn(plugin + 6, "0123456789.") >= length - 6) {
        *sentence = "write plugin = pypy";
        return 1;
    }
    for (size_t i = 0; i < sizeof loops / sizeof loops[0]; i++) {
        size_t size = strlen(loops[i]);
        /* Debian's are called gevent_python3 and the like */
        if (length >= size && !strncmp(plugin, loops[i], size) &&
            (length == size || plugin[size] == '_')) {
            *sentence = LOOPS;
            return 1;
        }
    }
    return 0;
}

/* ---- compiled modules --------------------------------------------------- */

struct listing {
    size_t root; /* length of the path of the packages, with its slash */
    int count;
    int most;
    char *out;
    size_t size;
};

/* Adds lib/python3.11/site-packages/`package/fast.cpython-311.so` as package.fast. */
static void list_module(struct listing *listing, const char *path)
{
    const char *name = path + listing->root;
    const char *slash = strrchr(name, '/');
    size_t length = (size_t)(strchrnul(slash ? slash : name, '.') - name);
    size_t used = strlen(listing->out);
    if (listing->count++ >= listing->most)
        return;
    snprintf(listing->out + used, listing->size - used, "%s%.*s", used ? ", " : "", (int)length,
             name);
    for (char *at = listing->out + used; *at; at++) {
        if (*at == '/')
            *at = '.';
    }
}

static int is_compiled(const char *name)
{
    size_t length = strlen(name);
    return length > 3 && !strcmp(name + length - 3, ".so") &&
           (strstr(name, ".cpython-") || strstr(name, ".abi3."));
}

static int by_name(const FTSENT **one, const FTSENT **other)
{
    return strcmp((*one)->fts_name, (*other)->fts_name);
}

/* All below a directory, by name. */
static void list_directory(struct listing *listing, char *directory)
{
    char *const roots[] = {directory, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    FTSENT *entry;
    while (tree && (entry = fts_read(tree))) {
        if (entry->fts_info == FTS_F && is_compiled(entry->fts_name))
            list_module(listing, entry->fts_path);
    }
    if (tree)
        fts_close(tree);
}

int upp_migration_compiled(const char *virtualenv, int most, char *out, size_t size)
{
    struct listing listing = {.most = most, .out = out, .size = size};
    struct dirent **entries;
    char *library = NULL;
    out[0] = 0;
    if (asprintf(&library, "%s/lib", virtualenv) < 0)
        return 0;
    int count = scandir(library, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char *packages = NULL;
        if (!strncmp(entries[i]->d_name, "python3", 7) &&
            asprintf(&packages, "%s/%s/site-packages", library, entries[i]->d_name) >= 0) {
            listing.root = strlen(packages) + 1;
            list_directory(&listing, packages);
            free(packages);
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    free(library);
    return listing.count;
}
