/* SPDX-License-Identifier: MIT */
/* nursery.c */
#include "contract.h"
#include "unit.h"

#define START 0x10000000
#define SIZE (4 << 20)
#define END (START + SIZE)

static struct upp_nursery *nursery;

/* An object at so many bytes from the start. */
static const char *at(int64_t offset)
{
    return (const char *)(intptr_t)(START + offset);
}

static void begin(void)
{
    nursery = upp_nursery();
    *nursery = (struct upp_nursery){.end = END, .size = SIZE, .at = START, .asked = 1};
}

/* One look, and what is done changes nothing. */
static enum upp_nursery_deed look(int64_t offset)
{
    enum upp_nursery_deed deed = upp_nursery_look(at(offset));
    upp_nursery_go_on(at(offset));
    return deed;
}

static void looks_half_way_to_its_end(void)
{
    begin();
    CHECK_INT(upp_nursery_look(at(100000)), UPP_NURSERY_LEAVE);
    CHECK_INT(nursery->need, 100000);
    CHECK_INT(upp_nursery_go_on(at(100000)), (SIZE - 100000) / 200001);
    /* that many requests have taken as much each */
    int64_t offset = 100000 * (1 + nursery->asked);
    CHECK_INT(look(offset), UPP_NURSERY_LEAVE);
    CHECK_INT(nursery->asked, (SIZE - offset) / 200001);
    CHECK_INT(nursery->need, 100000);
}

static void small_requests_are_looked_at_seldom(void)
{
    begin();
    look(8);
    CHECK_INT(nursery->asked, 10000);
}

static void full(void)
{
    begin();
    look(100000);
    nursery->asked = 1;
    nursery->at = END - 300000;
    /* room for one request, a quarter of it and the margin */
    CHECK_INT(upp_nursery_look(at(SIZE - 200000)), UPP_NURSERY_LEAVE);
    CHECK_INT(upp_nursery_go_on(at(SIZE - 200000)), 1);
    CHECK_INT(upp_nursery_look(at(SIZE - 100000)), UPP_NURSERY_EMPTY);
    /* it has been emptied */
    CHECK_INT(upp_nursery_go_on(at(1000)), (SIZE - 1000) / 200001);
}

static void not_worth_it(void)
{
    begin();
    look(60 << 10);
    nursery->asked = 1;
    nursery->at = END - (61 << 10);
    CHECK_INT(look(SIZE - (1 << 10)), UPP_NURSERY_LEAVE);
}

/* A request that fills it more than once cannot be given room. */
static void larger_than_all(void)
{
    begin();
    nursery->need = 2 * SIZE;
    CHECK_INT(look(SIZE - 10), UPP_NURSERY_LEAVE);
    CHECK_INT(nursery->asked, 1);
}

static void emptied_meanwhile(void)
{
    begin();
    nursery->at = END - 50000;
    CHECK_INT(look(150000), UPP_NURSERY_LEAVE);
    CHECK_INT(nursery->need, 200000);
}

/* What requests took once is forgotten by and by. */
static void need_decays(void)
{
    begin();
    look(800000);
    nursery->asked = 1;
    look(800000);
    CHECK_INT(nursery->need, 700000);
}

static void the_end_is_where_an_object_was(void)
{
    begin();
    look(SIZE + 1000);
    CHECK_INT(nursery->end, END + 1000);
}

/* PyPy makes an object elsewhere now and then. */
static void elsewhere(void)
{
    begin();
    look(100000);
    int64_t need = nursery->need;
    CHECK_INT(upp_nursery_look(at(2 * SIZE)), UPP_NURSERY_LEAVE);
    CHECK_INT(upp_nursery_go_on(at(2 * SIZE)), 100);
    CHECK_INT(nursery->need, need);
    CHECK_INT(nursery->end, END);
    CHECK_INT(upp_nursery_look(at(-8)), UPP_NURSERY_LEAVE);
    CHECK_INT(upp_nursery_go_on(at(-8)), 100);
    upp_nursery_look(at(-2 * SIZE));
    upp_nursery_go_on(at(-2 * SIZE));
    CHECK_INT(look(200000), UPP_NURSERY_LEAVE);
    CHECK_INT(nursery->need, need);
    CHECK_INT(upp_nursery_room(at(2 * SIZE)), 0);
    CHECK_INT(upp_nursery_room(at(-8)), 0);
    CHECK_INT(upp_nursery_room(at(1000)), SIZE - 1000);
}

static void a_collection_goes_on(void)
{
    begin();
    nursery->is_collecting = 1;
    CHECK_INT(upp_nursery_look(at(SIZE - 10)), UPP_NURSERY_COLLECT);
    CHECK_INT(upp_nursery_go_on(at(1000)), 20);
    nursery->is_collecting = 0;
    CHECK_INT(look(20 * 5000 + 1000), UPP_NURSERY_LEAVE);
    CHECK_INT(nursery->need, 5000);
}

int main(void)
{
    RUN(looks_half_way_to_its_end);
    RUN(small_requests_are_looked_at_seldom);
    RUN(full);
    RUN(not_worth_it);
    RUN(larger_than_all);
    RUN(emptied_meanwhile);
    RUN(need_decays);
    RUN(the_end_is_where_an_object_was);
    RUN(elsewhere);
    RUN(a_collection_goes_on);
    return unit_result();
}
