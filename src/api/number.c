/* SPDX-License-Identifier: MIT */
#include "number.h"

/* Unsigned: that is how C wraps. */
int64_t upp_number_calculate(int64_t number, int operation, int64_t operand)
{
    uint64_t left = (uint64_t)number;
    uint64_t right = (uint64_t)operand;
    switch (operation) {
    case UPP_NUMBER_ADD:
        return (int64_t)(left + right);
    case UPP_NUMBER_SUBTRACT:
        return (int64_t)(left - right);
    case UPP_NUMBER_MULTIPLY:
        return (int64_t)(left * right);
    case UPP_NUMBER_DIVIDE:
        return operand == -1 ? (int64_t)(0 - left) : number / operand;
    case UPP_NUMBER_MAXIMUM:
        return number > operand ? number : operand;
    case UPP_NUMBER_MINIMUM:
        return number < operand ? number : operand;
    default:
        return operand;
    }
}
