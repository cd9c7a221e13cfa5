/* SPDX-License-Identifier: MIT */
#include "strain.h"

int upp_strain_look(struct upp_strain *strain, int is_full, uint64_t ended)
{
    int are_same = strain->full_looks && strain->ended == ended;
    strain->ended = ended;
    strain->full_looks = is_full ? strain->full_looks + 1 : 0;
    return is_full && (are_same || strain->full_looks >= UPP_STRAIN_LOOKS);
}
