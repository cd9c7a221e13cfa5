/* SPDX-License-Identifier: MIT */
#include "find.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIBRARY_PATTERN "libpypy*-c.so"

static void add(struct upp_places *places, enum upp_place_kind kind, const char *path)
{
    if (places->count == UPP_PLACES_MAX)
        return;
    for (size_t i = 0; i < places->count; i++) {
        if (!strcmp(places->items[i].path, path))
            return;
    }
    char *copy = strdup(path);
    if (!copy)
        return;
    places->items[places->count].kind = kind;
    places->items[places->count].path = copy;
    places->count++;
}

/* Newest first: libpypy3.11-c.so, libpypy3.9-c.so, libpypy3-c.so, libpypy-c.so. */
static int newest_first(const void *left, const void *right)
{
    const char *const *a = left;
    const char *const *b = right;
    return strverscmp(*b, *a);
}

static void add_matches(struct upp_places *places, const char *directory)
{
    char pattern[PATH_MAX];
    glob_t found = {0};
    int length = snprintf(pattern, sizeof pattern, "%s/" LIBRARY_PATTERN, directory);
    if (length < 0 || (size_t)length >= sizeof pattern)
        return;
    if (!glob(pattern, 0, NULL, &found)) {
        qsort(found.gl_pathv, found.gl_pathc, sizeof(char *), newest_first);
        for (size_t i = 0; i < found.gl_pathc; i++)
            add(places, UPP_PLACE_FILE, found.gl_pathv[i]);
    } else {
        add(places, UPP_PLACE_MISS, pattern);
    }
    globfree(&found);
}

static void add_below(struct upp_places *places, const char *prefix, const char *below)
{
    char directory[PATH_MAX];
    int length = snprintf(directory, sizeof directory, "%s/%s", prefix, below);
    if (length > 0 && (size_t)length < sizeof directory)
        add_matches(places, directory);
}

/* A tarball has the library in bin/ (old ones in the top folder), a distribution in lib/<triplet>/.
 */
static void add_installation(struct upp_places *places, const char *prefix)
{
    add_below(places, prefix, "bin");
    add_matches(places, prefix);
    add_below(places, prefix, "lib/*-linux-gnu*");
    add_below(places, prefix, "lib64");
    add_below(places, prefix, "lib");
}

/* Reads "home = DIRECTORY" of a pyvenv.cfg: the bin directory of the PyPy that made the virtualenv.
 */
static int read_base(const char *home, char *base, size_t size)
{
    char line[PATH_MAX];
    int found = 0;
    if (snprintf(line, sizeof line, "%s/pyvenv.cfg", home) >= (int)sizeof line)
        return 0;
    FILE *file = fopen(line, "re");
    if (!file)
        return 0;
    while (!found && fgets(line, sizeof line, file)) {
        char *equals = strchr(line, '=');
        if (!equals)
            continue;
        size_t key = strcspn(line, " \t=");
        if (key != 4 || strncmp(line, "home", 4) != 0)
            continue;
        const char *value = equals + 1 + strspn(equals + 1, " \t");
        size_t length = strcspn(value, "\r\n");
        if (length && length < size) {
            memcpy(base, value, length);
            base[length] = 0;
            found = 1;
        }
    }
    fclose(file);
    return found;
}

/* /opt/pypy/bin -> /opt/pypy */
static void add_installation_of(struct upp_places *places, char *bin_directory)
{
    char *slash = strrchr(bin_directory, '/');
    add_matches(places, bin_directory);
    if (slash && slash != bin_directory) {
        *slash = 0;
        add_installation(places, bin_directory);
    }
}

static void add_virtualenv(struct upp_places *places, const char *home)
{
    static const char *const programs[] = {"pypy3", "pypy", "python3", "python"};
    char path[PATH_MAX];
    char real[PATH_MAX];
    if (read_base(home, path, sizeof path))
        add_installation_of(places, path);
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        if (snprintf(path, sizeof path, "%s/bin/%s", home, programs[i]) >= (int)sizeof path)
            continue;
        if (!realpath(path, real) || !strstr(real, "pypy"))
            continue;
        char *slash = strrchr(real, '/');
        *slash = 0;
        add_installation_of(places, real);
        break;
    }
}

static void add_distribution(struct upp_places *places)
{
    static const char *const names[] = {"libpypy3-c.so",   "libpypy3.11-c.so", "libpypy3.10-c.so",
                                        "libpypy3.9-c.so", "libpypy3.8-c.so",  "libpypy3.7-c.so",
                                        "libpypy-c.so"};
    add_matches(places, "/usr/lib/*-linux-gnu*");
    add_matches(places, "/usr/lib64");
    add_matches(places, "/usr/lib");
    add_matches(places, "/usr/lib/pypy*/bin");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        add(places, UPP_PLACE_NAME, names[i]);
}

int upp_find_is_virtualenv(const char *home)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/pyvenv.cfg", home);
    return length > 0 && (size_t)length < sizeof path && !access(path, R_OK);
}

static int has_match(const char *directory, const char *pattern)
{
    char path[PATH_MAX];
    glob_t found = {0};
    int length = snprintf(path, sizeof path, "%s/%s", directory, pattern);
    if (length < 0 || (size_t)length >= sizeof path)
        return 0;
    int result = !glob(path, 0, NULL, &found);
    globfree(&found);
    return result;
}

int upp_find_is_of_cpython(const char *virtualenv)
{
    return has_match(virtualenv, "lib/python3*/site-packages") &&
           !has_match(virtualenv, "lib/pypy*") && !has_match(virtualenv, "bin/pypy*") &&
           !has_match(virtualenv, "site-packages");
}

void upp_find_places(struct upp_places *places, const char *library, const char *home)
{
    places->count = 0;
    if (library) {
        int is_path = strchr(library, '/') != NULL;
        int exists = is_path && !access(library, F_OK);
        add(places, exists ? UPP_PLACE_FILE : is_path ? UPP_PLACE_MISS : UPP_PLACE_NAME, library);
        return;
    }
    if (home && upp_find_is_virtualenv(home))
        add_virtualenv(places, home);
    else if (home)
        add_installation(places, home);
    add_distribution(places);
}

void upp_find_free(struct upp_places *places)
{
    while (places->count)
        free(places->items[--places->count].path);
}
