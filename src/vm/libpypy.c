/* SPDX-License-Identifier: MIT */
#include "libpypy.h"

#include "../compat.h"
#include "find.h"

#include <dlfcn.h>

/* One log line per place; kept until it is known whether any place works. */
struct report {
    char text[8192];
    size_t length;
};

static void note(struct report *report, const char *path, const char *why)
{
    size_t room = sizeof report->text - report->length;
    int length = snprintf(report->text + report->length, room, "    %s: %s\n", path, why);
    if (length > 0)
        report->length += UMIN((size_t)length, room - 1);
}

/* ISO C has no cast from an object pointer to a function pointer; POSIX dlsym() needs one. */
static int find_symbol(void *handle, const char *name, void *function)
{
    void *symbol = dlsym(handle, name);
    memcpy(function, &symbol, sizeof symbol);
    return symbol != NULL;
}

static const char *resolve(struct upp_libpypy *pypy, void *handle)
{
    const char *missing = NULL;
#define NEED(name, field)                                                                          \
    if (!find_symbol(handle, name, &pypy->field))                                                  \
        missing = name;
    NEED("rpython_startup_code", startup)
    NEED("pypy_setup_home", setup_home)
    NEED("pypy_init_embedded_cffi_module", init_embedded)
    NEED("PyPyGILState_Ensure", gil_ensure)
    NEED("PyPyGILState_Release", gil_release)
    NEED("PyPyOS_AfterFork", after_fork)
#undef NEED
    return missing;
}

static char *real_path(const struct upp_libpypy *pypy, const char *fallback)
{
    Dl_info info;
    void *address;
    memcpy(&address, &pypy->startup, sizeof address);
    const char *path = dladdr(address, &info) && info.dli_fname ? info.dli_fname : fallback;
    char *real = realpath(path, NULL);
    return real ? real : uwsgi_str((char *)path);
}

static int try_place(struct upp_libpypy *pypy, const struct upp_place *place, struct report *report)
{
    if (place->kind == UPP_PLACE_MISS) {
        note(report, place->path, "no such file");
        return -1;
    }
    void *handle = dlopen(place->path, RTLD_NOW | RTLD_GLOBAL);
    if (!handle) {
        note(report, place->path, dlerror());
        return -1;
    }
    const char *missing = resolve(pypy, handle);
    if (missing) {
        note(report, place->path,
             "this is not a PyPy library that can be embedded (a symbol is missing):");
        note(report, place->path, missing);
        dlclose(handle);
        return -1;
    }
    pypy->path = real_path(pypy, place->path);
    return 0;
}

static int is_library_of(const struct upp_place *place, const char *home)
{
    return home && place->kind == UPP_PLACE_FILE && !strncmp(place->path, home, strlen(home));
}

int upp_libpypy_load(struct upp_libpypy *pypy, const char *library, const char *home)
{
    struct upp_places places;
    struct report report = {.length = 0};
    int result = -1;
    upp_find_places(&places, library, home);
    for (size_t i = 0; i < places.count && result; i++) {
        result = try_place(pypy, &places.items[i], &report);
        /* another PyPy's library would not fit this home, and hide why its own failed */
        if (result && is_library_of(&places.items[i], home))
            break;
    }
    if (result) {
        uwsgi_log("unable to load PyPy's library. Tried:\n%.*s", (int)report.length, report.text);
        if (library)
            uwsgi_log("Check --pypy-lib (a file of the current directory needs a leading ./).\n");
        else
            uwsgi_log("Install PyPy (Debian: apt-get install pypy3), or name the installation with "
                      "--pypy-home or the library with --pypy-lib.\n");
    }
    upp_find_free(&places);
    return result;
}

int upp_libpypy_has(const struct upp_libpypy *pypy, void (*function)(int))
{
    Dl_info theirs;
    Dl_info ours;
    void *address;
    void *library;
    memcpy(&address, &function, sizeof address);
    memcpy(&library, &pypy->startup, sizeof library);
    return dladdr(address, &theirs) && dladdr(library, &ours) && theirs.dli_fbase == ours.dli_fbase;
}

int upp_libpypy_cpython_present(void)
{
    return dlsym(RTLD_DEFAULT, "Py_Initialize") != NULL;
}
