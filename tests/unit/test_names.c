/* SPDX-License-Identifier: MIT */
/* names.c */
#include "names.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static struct upp_slice slice(const char *text)
{
    struct upp_slice found = {unit_guarded(text, strlen(text)), strlen(text)};
    return found;
}

static int header(const char *name)
{
    return upp_names_of_header(slice(name), UPP_NAME_UNKNOWN);
}

static int variable(const char *name)
{
    return upp_names_of_variable(slice(name), UPP_NAME_UNKNOWN);
}

static int like(const char *name, int likely)
{
    return upp_names_of_variable(slice(name), likely);
}

static void fixed(void)
{
    CHECK_INT(variable("REQUEST_METHOD"), UPP_NAME_REQUEST_METHOD);
    CHECK_INT(header("content-TYPE"), UPP_NAME_CONTENT_TYPE);
    CHECK_INT(variable("CONTENT_TYPE"), UPP_NAME_CONTENT_TYPE);
    CHECK_INT(header("Host"), UPP_NAME_HOST);
    CHECK_INT(header("cookie"), UPP_NAME_COOKIE);
    CHECK_INT(header("Connection"), UPP_NAME_CONNECTION);
    CHECK_INT(variable("HTTP_TRANSFER_ENCODING"), UPP_NAME_TRANSFER_ENCODING);
    /* a header of that name is none of the variables */
    CHECK(header("Request-Method") != UPP_NAME_REQUEST_METHOD);
}

static void added(void)
{
    int id = header("X-Added");
    CHECK(id >= UPP_NAME_FIXED);
    CHECK_TEXT(upp_names_text(id), "HTTP_X_ADDED");
    CHECK_INT(header("x-aDDED"), id);
    CHECK_INT(variable("HTTP_X_ADDED"), id);
    CHECK(variable("X_ADDED") != id);
    CHECK(variable("HTTP_X_ADDE") != id);
}

/* What is looked at first never decides alone. */
static void likely(void)
{
    int id = variable("HTTP_X_LIKELY");
    CHECK_INT(like("HTTP_X_LIKELY", id), id);
    CHECK_INT(like("HTTP_X_LIKELY", UPP_NAME_HOST), id);
    CHECK_INT(like("HTTP_X_LIKELY", UPP_NAME_UNKNOWN), id);
    CHECK_INT(like("HTTP_HOST", id), UPP_NAME_HOST);
    /* as long, another text; a part of it */
    CHECK(like("HTTP_X_LIKEL1", id) != id);
    CHECK(like("HTTP_X_LIKEL", id) != id);
    CHECK(like("HTTP_X_LIKELY_", id) != id);
}

static void likely_headers(void)
{
    int id = header("X-Likely");
    CHECK_INT(upp_names_of_header(slice("x-likely"), id), id);
    CHECK_INT(upp_names_of_header(slice("x-likely"), UPP_NAME_COOKIE), id);
    CHECK_INT(upp_names_of_header(slice("x-likely"), UPP_NAME_UNKNOWN), id);
    CHECK_INT(upp_names_of_header(slice("Host"), id), UPP_NAME_HOST);
    CHECK_INT(upp_names_of_header(slice("host"), UPP_NAME_HOST), UPP_NAME_HOST);
    /* a variable without a prefix, and one that only a proxy could send */
    CHECK_INT(upp_names_of_header(slice("Content-Type"), UPP_NAME_CONTENT_TYPE),
              UPP_NAME_CONTENT_TYPE);
    CHECK_INT(upp_names_of_header(slice("Content-Type"), variable("HTTP_CONTENT_TYPE")),
              UPP_NAME_CONTENT_TYPE);
    CHECK(upp_names_of_header(slice("Server-Name"), UPP_NAME_SERVER_NAME) != UPP_NAME_SERVER_NAME);
}

static void full(void)
{
    char name[32];
    int last = 0;
    for (int i = 0; i < 2 * UPP_NAMES_MAX && last >= 0; i++) {
        snprintf(name, sizeof name, "HTTP_N%d", i);
        last = variable(name);
    }
    CHECK_INT(last, UPP_NAME_UNKNOWN);
    CHECK_INT(like("HTTP_NEVER_SEEN", UPP_NAME_HOST), UPP_NAME_UNKNOWN);
    CHECK_INT(like("HTTP_HOST", UPP_NAME_UNKNOWN), UPP_NAME_HOST);
}

int main(void)
{
    RUN(fixed);
    RUN(added);
    RUN(likely);
    RUN(likely_headers);
    RUN(full);
    return unit_result();
}
