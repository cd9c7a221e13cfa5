/* SPDX-License-Identifier: MIT */
#include "entry.h"

_Thread_local volatile int upp_entry_depth;
