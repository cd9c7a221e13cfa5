/* SPDX-License-Identifier: MIT */
/*
 * llhttp_api.c - what surrounds the grammar of llhttp.c.
 *
 * Apart from it: the two declare the same functions with char and with unsigned char.
 */
#if __has_include(<llhttp/llhttp.c>)
#define LLHTTP_STRICT_MODE 1
#include <llhttp/api.c>  /* NOLINT(bugprone-suspicious-include) */
#include <llhttp/http.c> /* NOLINT(bugprone-suspicious-include) */
#endif
