/* SPDX-License-Identifier: MIT */
/*
 * number.h - what caches and metrics can do to a number.
 */
#ifndef UPP_API_NUMBER_H
#define UPP_API_NUMBER_H

#include <stdint.h>

/* contract: begin */

#define UPP_NUMBER_ADD 0
#define UPP_NUMBER_SUBTRACT 1
#define UPP_NUMBER_MULTIPLY 2
#define UPP_NUMBER_DIVIDE 3
#define UPP_NUMBER_REPLACE 4
#define UPP_NUMBER_MAXIMUM 5
#define UPP_NUMBER_MINIMUM 6

/* contract: end */

/* The result. It wraps, as uWSGI's does; uWSGI's own division ends the process at INT64_MIN / -1.
 * A divisor is not 0. */
int64_t upp_number_calculate(int64_t number, int operation, int64_t operand);

#endif
