/* SPDX-License-Identifier: MIT */
/* loop/strain.c */
#include "loop/strain.h"
#include "unit.h"

static struct upp_strain strain;

static int look(int is_full, uint64_t ended)
{
    return upp_strain_look(&strain, is_full, ended);
}

static void begin(void)
{
    strain = (struct upp_strain){0, 0};
}

/* One request holds the thread. */
static void long_request(void)
{
    begin();
    CHECK(!look(1, 7));
    CHECK(look(1, 7));
    CHECK(look(1, 7));
    CHECK(!look(0, 8));
    /* as many have ended, but the worker has rested */
    CHECK(!look(1, 8));
    CHECK(look(1, 8));
}

/* Each ends soon, and the next one begins. */
static void many_requests(void)
{
    begin();
    for (int i = 1; i < UPP_STRAIN_LOOKS; i++)
        CHECK(!look(1, (uint64_t)i));
    CHECK(look(1, 100));
    CHECK(look(1, 101));
    CHECK(!look(0, 102));
    CHECK(!look(1, 103));
}

/* It rests now and then. */
static void some_requests(void)
{
    begin();
    for (int i = 0; i < 10 * UPP_STRAIN_LOOKS; i++)
        CHECK(!look(i % UPP_STRAIN_LOOKS != 0, (uint64_t)i));
}

static void nothing(void)
{
    begin();
    CHECK(!look(0, 0));
    CHECK(!look(0, 0));
}

int main(void)
{
    RUN(long_request);
    RUN(many_requests);
    RUN(some_requests);
    RUN(nothing);
    return unit_result();
}
