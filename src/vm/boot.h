/* SPDX-License-Identifier: MIT */
/*
 * boot.h - starting the interpreter and the Python half of the plugin.
 */
#ifndef UPP_VM_BOOT_H
#define UPP_VM_BOOT_H

/* Loads PyPy and runs the setup file (python/pypy_setup.py or --pypy-setup). To be called once,
 * from the main thread, after upp_config_freeze(). Exits with a sentence when anything fails. */
void upp_boot(void);

#endif
