/* SPDX-License-Identifier: MIT */
#include "lock.h"

#include "../compat.h"

int upp_lock_count(void)
{
    return uwsgi.locks + 1;
}

int upp_lock_is_held(int number)
{
    return uwsgi_lock_check(uwsgi.user_lock[number]) != 0;
}
