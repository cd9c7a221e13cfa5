/* SPDX-License-Identifier: MIT */
/*
 * llhttp.c - the HTTP grammar, from the sources that the distribution has of llhttp.
 *
 * With llhttp_api.c. Where there is a library instead, both are empty and the build links that.
 */
#if __has_include(<llhttp/llhttp.c>)
/* Version 8 has two grammars; version 9 is always strict. */
#define LLHTTP_STRICT_MODE 1
#include <llhttp/llhttp.c> /* NOLINT(bugprone-suspicious-include) */
#endif
