/* SPDX-License-Identifier: MIT */
/*
 * host_check.h - is this the uWSGI that the plugin was built for?
 *
 * uWSGI's structs move between versions and build flags, and uWSGI itself
 * checks nothing: a plugin of another build corrupts memory.
 */
#ifndef UPP_HOST_CHECK_H
#define UPP_HOST_CHECK_H

/* Compares the header that this plugin was compiled with to the one that the running binary
 * carries. Exits with both versions named when they differ. */
void upp_host_check(void);

#endif
