/* SPDX-License-Identifier: MIT */
#include "block.h"

#include "../compat.h"

struct upp_block *upp_block_new(uint64_t length)
{
    struct upp_block *block = uwsgi_malloc(sizeof(struct upp_block) + length);
    block->length = length;
    return block;
}

struct upp_block *upp_block_copy(const char *data, uint64_t length)
{
    struct upp_block *block = upp_block_new(length);
    memcpy(block->data, data, length);
    return block;
}

void upp_block_free(struct upp_block *block)
{
    free(block);
}

uint64_t upp_block_item_size(const char *data, uint64_t length)
{
    return sizeof length + (data ? length : 0);
}

char *upp_block_write_item(char *place, const char *data, uint64_t length)
{
    uint64_t written = data ? length : UPP_BLOCK_NONE;
    memcpy(place, &written, sizeof written);
    place += sizeof written;
    if (!data)
        return place;
    memcpy(place, data, length);
    return place + length;
}
