/* SPDX-License-Identifier: MIT */
/*
 * No lock: uWSGI 2.0.21 uses its snmp_lock as a read-write lock, but prepares
 * it as a mutex, so that a process that waits for it is never woken by another
 * one. The master only reads; atomic numbers are all that this needs.
 */
#include "snmp.h"

#include "../compat.h"

static const uint8_t types[] = {
    [UPP_SNMP_COUNTER32] = SNMP_COUNTER32,
    [UPP_SNMP_GAUGE] = SNMP_GAUGE,
    [UPP_SNMP_COUNTER64] = SNMP_COUNTER64,
};

int upp_snmp_is_on(void)
{
    return uwsgi.snmp;
}

static struct uwsgi_snmp_custom_value *entry(int number)
{
    return &uwsgi.shared->snmp_value[number - 1];
}

/* The value first: the master shows nothing until there is a type. */
static void set_type(struct uwsgi_snmp_custom_value *value, int kind)
{
    __atomic_store_n(&value->type, types[kind], __ATOMIC_RELEASE);
}

void upp_snmp_set(int number, int kind, uint64_t value)
{
    struct uwsgi_snmp_custom_value *target = entry(number);
    __atomic_store_n(&target->val, value, __ATOMIC_RELAXED);
    set_type(target, kind);
}

void upp_snmp_add(int number, int kind, uint64_t value)
{
    struct uwsgi_snmp_custom_value *target = entry(number);
    uint64_t before = __atomic_load_n(&target->val, __ATOMIC_RELAXED);
    uint64_t after;
    do {
        after = before + value;
        if (kind == UPP_SNMP_GAUGE && (after > UINT32_MAX || after < before))
            after = UINT32_MAX;
    } while (!__atomic_compare_exchange_n(&target->val, &before, after, 0, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    set_type(target, kind);
}

void upp_snmp_subtract(int number, int kind, uint64_t value)
{
    struct uwsgi_snmp_custom_value *target = entry(number);
    uint64_t before = __atomic_load_n(&target->val, __ATOMIC_RELAXED);
    uint64_t after;
    do {
        after = before - value;
        if (kind == UPP_SNMP_GAUGE && value > before)
            after = 0;
    } while (!__atomic_compare_exchange_n(&target->val, &before, after, 0, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    set_type(target, kind);
}

void upp_snmp_community(const char *community, size_t length)
{
    char *target = uwsgi.shared->snmp_community;
    memcpy(target, community, length);
    target[length] = 0;
}
