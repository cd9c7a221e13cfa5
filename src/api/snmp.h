/* SPDX-License-Identifier: MIT */
/*
 * snmp.h - the values of an application that uWSGI's SNMP agent (--snmp) shows.
 *
 * `number` is 1 to UPP_SNMP_VALUES: the last part of 1.3.6.1.4.1.35156.17.2.NUMBER.
 */
#ifndef UPP_API_SNMP_H
#define UPP_API_SNMP_H

#include <stddef.h>
#include <stdint.h>

/* contract: begin */

#define UPP_SNMP_VALUES 100
#define UPP_SNMP_COMMUNITY_MAX 72

#define UPP_SNMP_COUNTER32 0
#define UPP_SNMP_GAUGE 1
#define UPP_SNMP_COUNTER64 2

int upp_snmp_is_on(void);
/* Gives a value its kind and its number. */
void upp_snmp_set(int number, int kind, uint64_t value);
/* Adds to it, or subtracts; counters wrap, gauges stay between 0 and 2^32 - 1. */
void upp_snmp_add(int number, int kind, uint64_t value);
void upp_snmp_subtract(int number, int kind, uint64_t value);
/* The name that requests have to give; at most UPP_SNMP_COMMUNITY_MAX bytes, none of them 0. */
void upp_snmp_community(const char *community, size_t length);

/* contract: end */

#endif
