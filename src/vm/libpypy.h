/* SPDX-License-Identifier: MIT */
/*
 * libpypy.h - the loaded interpreter library and the entry points we use.
 *
 * Names and behaviour: PyPy's documentation "Embedding PyPy" and
 * rpython/translator/c/src/entrypoint.c. `pypy_thread_attach` is left out on
 * purpose: threads attach by themselves, and after a fork it breaks them.
 */
#ifndef UPP_VM_LIBPYPY_H
#define UPP_VM_LIBPYPY_H

/* What pypy_init_embedded_cffi_module wants to know about our bridge module. */
struct upp_embedded_module {
    const char *name;
    void (*init)(const void *table[]);
    const char *code;
};

struct upp_libpypy {
    const char *path; /* where the dynamic linker found it */
    int (*startup)(void);
    int (*setup_home)(char *home, int verbose); /* 0 found, 1 not found, -1 exception */
    int (*init_embedded)(int version, struct upp_embedded_module *module);
    int (*gil_ensure)(void);
    void (*gil_release)(int state);
    void (*after_fork)(void);
};

/* Loads the first library of the places (vm/find.h) that `library` and `home` lead to.
 * Returns 0, or -1 after logging every place that was tried and what to do. */
int upp_libpypy_load(struct upp_libpypy *pypy, const char *library, const char *home);

/* 1 if this function is one of the library's. Takes the dynamic linker's lock. */
int upp_libpypy_has(const struct upp_libpypy *pypy, void (*function)(int));

/* 1 if CPython's library is in this process: the two cannot live together. */
int upp_libpypy_cpython_present(void);

#endif
