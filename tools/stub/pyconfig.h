/* SPDX-License-Identifier: MIT */
/* Empty: the output of cffi includes it before Python.h. */
