/* SPDX-License-Identifier: MIT */
#include "lock.h"

#include "../compat.h"
#include "../contract.h"

int upp_lock_count(void)
{
    return uwsgi.locks + 1;
}

int upp_lock_take(int number)
{
    if (upp_spooler())
        return UPP_CANNOT;
    uwsgi_lock(uwsgi.user_lock[number]);
    return UPP_OK;
}

int upp_lock_give(int number)
{
    if (upp_spooler())
        return UPP_CANNOT;
    uwsgi_unlock(uwsgi.user_lock[number]);
    return UPP_OK;
}

int upp_lock_is_held(int number)
{
    if (upp_spooler())
        return UPP_CANNOT;
    return uwsgi_lock_check(uwsgi.user_lock[number]) != 0;
}
