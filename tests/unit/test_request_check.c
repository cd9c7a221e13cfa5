/* SPDX-License-Identifier: MIT */
/* request_check.c: what uWSGI's parsers let through. */
#include "names.h"
#include "request_check.h"
#include "unit.h"

#include <string.h>

static struct upp_variable list[16];
static size_t length;

static void set(const char *name, const char *value)
{
    list[length++] = (struct upp_variable){
        .name = name, .name_length = strlen(name), .value = value, .value_length = strlen(value)};
}

static void begin(void)
{
    length = 0;
    set("REQUEST_METHOD", "GET");
    set("REQUEST_URI", "/");
    set("PATH_INFO", "/");
    set("SERVER_PROTOCOL", "HTTP/1.1");
}

static struct upp_request_check check(const char *protocol)
{
    int16_t ids[sizeof list / sizeof *list];
    for (size_t i = 0; i < length; i++) {
        struct upp_slice name = {list[i].name, list[i].name_length};
        ids[i] = (int16_t)upp_names_of_variable(name, UPP_NAME_UNKNOWN);
    }
    return upp_request_check(list, ids, length, protocol);
}

/* The verdict over HTTP on a plain request with one variable more or changed. */
static int is_refused_with(const char *name, const char *value)
{
    begin();
    for (size_t i = 0; i < length; i++) {
        if (!strcmp(list[i].name, name)) {
            list[i].value = value;
            list[i].value_length = strlen(value);
            return check("http").refused != NULL;
        }
    }
    set(name, value);
    return check("http").refused != NULL;
}

static void plain(void)
{
    begin();
    CHECK(!check("http").refused);
    CHECK(check("http").may_keep_open);
    CHECK(!check("uwsgi").refused);
    CHECK(!check(NULL).refused);
}

/* The verdict on such a request from a proxy. */
static int is_refused_from_proxy(const char *name, const char *value)
{
    is_refused_with(name, value);
    return check("uwsgi").refused != NULL;
}

static void missing(void)
{
    length = 0;
    CHECK(check("http").refused != NULL);
    CHECK(check("uwsgi").refused != NULL);
    set("REQUEST_METHOD", "GET");
    CHECK(check("http").refused != NULL);
    CHECK(!check("uwsgi").refused);
    set("REQUEST_URI", "/");
    CHECK(check("http").refused != NULL);
    set("PATH_INFO", "/");
    CHECK(check("http11").refused != NULL);
    set("SERVER_PROTOCOL", "HTTP/1.0");
    CHECK(!check("http11").refused);
    begin();
    list[1].name = "REQUEST_URX";
    CHECK(check("http").refused != NULL);
    CHECK(!check("uwsgi").refused);
}

static void targets(void)
{
    CHECK(!is_refused_with("REQUEST_URI", "/a?b"));
    CHECK(!is_refused_with("REQUEST_URI", "*"));
    CHECK(!is_refused_with("REQUEST_URI", "http://x"));
    CHECK(!is_refused_with("REQUEST_URI", "HTTPS://x/"));
    CHECK(is_refused_with("REQUEST_URI", ""));
    CHECK(is_refused_with("REQUEST_URI", "*/a"));
    CHECK(is_refused_with("REQUEST_URI", "a"));
    CHECK(is_refused_with("REQUEST_URI", "http://"));
    CHECK(is_refused_with("REQUEST_URI", "https://"));
    CHECK(is_refused_with("REQUEST_URI", "ftp://x/"));
    CHECK(is_refused_with("REQUEST_URI", "/a b"));
    CHECK(is_refused_with("REQUEST_URI", "/a\tb"));
    CHECK(is_refused_with("REQUEST_URI", "/a\x7f"));
    CHECK(!is_refused_from_proxy("REQUEST_URI", "/a b"));
}

static void methods(void)
{
    CHECK(!is_refused_with("REQUEST_METHOD", "a!#$%&'*+-.^_`|~9Z"));
    CHECK(is_refused_with("REQUEST_METHOD", ""));
    CHECK(is_refused_with("REQUEST_METHOD", "\r\nGET"));
    CHECK(is_refused_with("REQUEST_METHOD", "GE T"));
    CHECK(is_refused_with("REQUEST_METHOD", "G\xc3\xa9T"));
    begin();
    list[0].value = unit_guarded("GE\0T", 4);
    list[0].value_length = 4;
    CHECK(check("http").refused != NULL);
}

static void protocols(void)
{
    CHECK(!is_refused_with("SERVER_PROTOCOL", "HTTP/1.0"));
    CHECK(is_refused_with("SERVER_PROTOCOL", ""));
    CHECK(is_refused_with("SERVER_PROTOCOL", "HTTP/2"));
    CHECK(is_refused_with("SERVER_PROTOCOL", "HTTP/1.2"));
    CHECK(is_refused_with("SERVER_PROTOCOL", "bar HTTP/1.1"));
    CHECK(is_refused_with("SERVER_PROTOCOL", "HTTP/1.1\r\n"));
    CHECK(is_refused_with("SERVER_PROTOCOL", "http/1.1"));
    CHECK(!is_refused_from_proxy("SERVER_PROTOCOL", ""));
    CHECK(!is_refused_from_proxy("SERVER_PROTOCOL", "HTTP/2"));
    CHECK(!is_refused_from_proxy("SERVER_PROTOCOL", "HTTP/2.0"));
    CHECK(is_refused_from_proxy("SERVER_PROTOCOL", "HTTP/1."));
    CHECK(is_refused_from_proxy("SERVER_PROTOCOL", "HTTP/11"));
    CHECK(is_refused_from_proxy("SERVER_PROTOCOL", "HTTP/x"));
    CHECK(is_refused_from_proxy("SERVER_PROTOCOL", "GET HTTP/1.1"));
}

static void lengths(void)
{
    CHECK(!is_refused_with("CONTENT_LENGTH", ""));
    CHECK(!is_refused_with("CONTENT_LENGTH", "0"));
    CHECK(!is_refused_with("CONTENT_LENGTH", "999999999999999999"));
    CHECK(is_refused_with("CONTENT_LENGTH", "1000000000000000000"));
    CHECK(is_refused_with("CONTENT_LENGTH", "-5"));
    CHECK(is_refused_with("CONTENT_LENGTH", "+5"));
    CHECK(is_refused_with("CONTENT_LENGTH", "0_5"));
    CHECK(is_refused_with("CONTENT_LENGTH", "5 "));
    CHECK(is_refused_with("CONTENT_LENGTH", "5, 5"));
    CHECK(!is_refused_with("CONTENT_LENGTH", "5"));
    set("CONTENT_LENGTH", "5");
    CHECK(!check("http").refused);
    set("CONTENT_LENGTH", "6");
    CHECK(check("http").refused != NULL);
    CHECK(check("uwsgi").refused != NULL);
}

static void transfer_encoding(void)
{
    CHECK(!is_refused_with("HTTP_TRANSFER_ENCODING", "chunked"));
    CHECK(!check("http").may_keep_open);
    set("CONTENT_LENGTH", "5");
    CHECK(check("http").refused != NULL);
    CHECK(!check("uwsgi").refused);
}

static int keeps_open(const char *connection)
{
    CHECK(!is_refused_with("HTTP_CONNECTION", connection));
    return check("http").may_keep_open;
}

static void connection(void)
{
    CHECK(keeps_open(""));
    CHECK(keeps_open("keep-alive"));
    CHECK(keeps_open("closed"));
    CHECK(keeps_open("clos"));
    CHECK(keeps_open(",, ,"));
    CHECK(!keeps_open("close"));
    CHECK(!keeps_open("Close"));
    CHECK(!keeps_open("TE, close"));
    CHECK(!keeps_open(" \tclose\t ,x"));
    CHECK(!keeps_open(",close"));
}

int main(void)
{
    RUN(plain);
    RUN(missing);
    RUN(targets);
    RUN(methods);
    RUN(protocols);
    RUN(lengths);
    RUN(transfer_encoding);
    RUN(connection);
    return unit_result();
}
