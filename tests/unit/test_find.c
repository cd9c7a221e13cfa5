/* SPDX-License-Identifier: MIT */
/* vm/find.c, over a tree of empty files. */
#include "vm/find.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/upp-find-XXXXXX";
static struct upp_places places;

static const char *path_of(const char *name)
{
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

/* A file with its folders. */
static void make_file(const char *name, const char *content)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", path_of(name));
    for (char *slash = path + sizeof root; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = 0;
        CHECK(!mkdir(path, 0700) || errno == EEXIST);
        *slash = '/';
    }
    FILE *file = fopen(path, "w");
    CHECK(file && fputs(content, file) >= 0 && !fclose(file));
}

/* Where `name` below the root stands in the list, or -1. */
static int place_of(const char *name, enum upp_place_kind kind)
{
    for (size_t i = 0; i < places.count; i++) {
        if (places.items[i].kind == kind && !strcmp(places.items[i].path, path_of(name)))
            return (int)i;
    }
    return -1;
}

static void find(const char *library, const char *home)
{
    upp_find_free(&places);
    upp_find_places(&places, library, home);
}

static void a_library(void)
{
    char path[PATH_MAX];
    make_file("own/libmine.so", "");
    snprintf(path, sizeof path, "%s", path_of("own/libmine.so"));
    find(path, root);
    CHECK_INT((int64_t)places.count, 1);
    CHECK_INT(place_of("own/libmine.so", UPP_PLACE_FILE), 0);
    snprintf(path, sizeof path, "%s", path_of("own/none.so"));
    find(path, root);
    CHECK_INT((int64_t)places.count, 1);
    CHECK_INT(place_of("own/none.so", UPP_PLACE_MISS), 0);
    find("libpypy-c.so", NULL);
    CHECK_INT((int64_t)places.count, 1);
    CHECK_INT(places.items[0].kind, UPP_PLACE_NAME);
}

static void a_home(void)
{
    char home[PATH_MAX];
    make_file("home/bin/libpypy3.9-c.so", "");
    make_file("home/bin/libpypy3.10-c.so", "");
    make_file("home/bin/libpython.so", "");
    make_file("home/libpypy-c.so", "");
    make_file("home/lib/x86_64-linux-gnu/libpypy3-c.so", "");
    snprintf(home, sizeof home, "%s", path_of("home"));
    CHECK(!upp_find_is_virtualenv(home));
    find(NULL, home);
    CHECK_INT(place_of("home/bin/libpypy3.10-c.so", UPP_PLACE_FILE), 0);
    CHECK_INT(place_of("home/bin/libpypy3.9-c.so", UPP_PLACE_FILE), 1);
    CHECK_INT(place_of("home/libpypy-c.so", UPP_PLACE_FILE), 2);
    CHECK_INT(place_of("home/lib/x86_64-linux-gnu/libpypy3-c.so", UPP_PLACE_FILE), 3);
    CHECK_INT(place_of("home/lib64/libpypy*-c.so", UPP_PLACE_MISS), 4);
    CHECK_INT(place_of("home/bin/libpython.so", UPP_PLACE_FILE), -1);
}

static void an_empty_home(void)
{
    char home[PATH_MAX];
    snprintf(home, sizeof home, "%s", path_of("empty"));
    find(NULL, home);
    CHECK_INT(place_of("empty/bin/libpypy*-c.so", UPP_PLACE_MISS), 0);
    /* and then what the linker may find */
    CHECK_INT(places.items[places.count - 1].kind, UPP_PLACE_NAME);
}

static void a_virtualenv(void)
{
    char text[PATH_MAX + 64];
    char home[PATH_MAX];
    make_file("base/bin/libpypy3.9-c.so", "");
    make_file("base/lib64/libpypy3-c.so", "");
    snprintf(text, sizeof text, "version = 3.9\nhomely = /x\nhome \t= %s\r\n", path_of("base/bin"));
    make_file("venv/pyvenv.cfg", text);
    snprintf(home, sizeof home, "%s", path_of("venv"));
    CHECK(upp_find_is_virtualenv(home));
    find(NULL, home);
    CHECK_INT(place_of("base/bin/libpypy3.9-c.so", UPP_PLACE_FILE), 0);
    CHECK(place_of("base/lib64/libpypy3-c.so", UPP_PLACE_FILE) > 0);
    CHECK_INT(place_of("venv/bin/libpypy*-c.so", UPP_PLACE_MISS), -1);
}

static void a_virtualenv_by_its_link(void)
{
    char target[PATH_MAX];
    char home[PATH_MAX];
    make_file("tarball/pypy3.9/bin/pypy3", "");
    make_file("tarball/pypy3.9/bin/libpypy3.9-c.so", "");
    make_file("linked/pyvenv.cfg", "home =\n");
    make_file("linked/bin/activate", "");
    snprintf(target, sizeof target, "%s", path_of("tarball/pypy3.9/bin/pypy3"));
    CHECK(!symlink(target, path_of("linked/bin/python3")));
    snprintf(home, sizeof home, "%s", path_of("linked"));
    find(NULL, home);
    CHECK_INT(place_of("tarball/pypy3.9/bin/libpypy3.9-c.so", UPP_PLACE_FILE), 0);
}

/* Lines and paths that do not fit are no places. */
static void too_long(void)
{
    static char home[2 * PATH_MAX];
    static char text[2 * PATH_MAX];
    memset(home, 'a', sizeof home - 1);
    *home = '/';
    CHECK(!upp_find_is_virtualenv(home));
    find(NULL, home);
    CHECK(places.count > 0);
    memset(text, 'b', sizeof text - 1);
    memcpy(text, "home = /", 8);
    make_file("long/pyvenv.cfg", text);
    find(NULL, path_of("long"));
    CHECK(places.count > 0);
}

static void nothing_given(void)
{
    find(NULL, NULL);
    CHECK(places.count > 0);
    CHECK_INT(places.items[places.count - 1].kind, UPP_PLACE_NAME);
    for (size_t i = 0; i < places.count; i++) {
        for (size_t k = 0; k < i; k++)
            CHECK(strcmp(places.items[i].path, places.items[k].path) != 0);
    }
    upp_find_free(&places);
    CHECK_INT((int64_t)places.count, 0);
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

int main(void)
{
    if (!mkdtemp(root)) {
        perror(root);
        return EXIT_FAILURE;
    }
    RUN(a_library);
    RUN(a_home);
    RUN(an_empty_home);
    RUN(a_virtualenv);
    RUN(a_virtualenv_by_its_link);
    RUN(too_long);
    RUN(nothing_given);
    CHECK(!nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS));
    return unit_result();
}
