/* SPDX-License-Identifier: MIT */
#include "exceptions.h"

#include "compat.h"
#include "contract.h"
#include "vm/entry.h"
#include "warmup.h"

/* Where upp_return() puts the answer of the Python function that this thread is calling. */
static _Thread_local struct uwsgi_buffer *answer;

/* Exactly `length` bytes: uWSGI compares --reload-on-exception-* with the size of the allocation.
 */
void upp_return(const char *data, size_t length)
{
    if (answer)
        uwsgi_buffer_destroy(answer);
    answer = uwsgi_buffer_new(length);
    if (length)
        uwsgi_buffer_append(answer, (char *)data, length);
}

enum { EXCEPTION_CLASS, EXCEPTION_MESSAGE, EXCEPTION_REPR, EXCEPTION_BACKTRACE };

static struct uwsgi_buffer *ask(const struct wsgi_request *host, int which)
{
    answer = NULL;
    UPP_ENTER(upp_py_exception(host->async_id, which));
    struct uwsgi_buffer *result = answer;
    answer = NULL;
    return result;
}

struct uwsgi_buffer *upp_exceptions_class(struct wsgi_request *host)
{
    return ask(host, EXCEPTION_CLASS);
}

struct uwsgi_buffer *upp_exceptions_message(struct wsgi_request *host)
{
    return ask(host, EXCEPTION_MESSAGE);
}

struct uwsgi_buffer *upp_exceptions_repr(struct wsgi_request *host)
{
    return ask(host, EXCEPTION_REPR);
}

struct uwsgi_buffer *upp_exceptions_backtrace(struct wsgi_request *host)
{
    return ask(host, EXCEPTION_BACKTRACE);
}

void upp_exceptions_log(struct wsgi_request *host)
{
    UPP_ENTER(upp_py_exception_log(host->async_id));
}

int upp_catch_exceptions(void)
{
    return uwsgi.catch_exceptions;
}

/* 1 if an item of the list is the buffer's text, or its part behind the last dot (a class without
 * module). */
static int listed(struct uwsgi_string_list *list, struct uwsgi_buffer *buffer, int last_part_too)
{
    struct uwsgi_string_list *item;
    int found = 0;
    if (!buffer)
        return 0;
    const char *dot = last_part_too && buffer->pos ? memrchr(buffer->buf, '.', buffer->pos) : NULL;
    size_t rest = dot ? (size_t)(buffer->buf + buffer->pos - dot - 1) : 0;
    uwsgi_foreach(item, list)
    {
        found |= item->len == buffer->pos && !memcmp(item->value, buffer->buf, item->len);
        found |= dot && item->len == rest && !memcmp(item->value, dot + 1, rest);
    }
    uwsgi_buffer_destroy(buffer);
    return found;
}

/* uWSGI compares --reload-on-exception-type and -repr with the message; so they are looked at here.
 */
static int must_reload(struct wsgi_request *host)
{
    if (uwsgi.reload_on_exception_type &&
        listed(uwsgi.reload_on_exception_type, upp_exceptions_class(host), 1))
        return 1;
    return uwsgi.reload_on_exception_repr &&
           listed(uwsgi.reload_on_exception_repr, upp_exceptions_repr(host), 0);
}

int upp_request_exception(struct upp_request *request, int catch_it)
{
    struct wsgi_request *host = request->host;
    /* uWSGI counts in the table of applications without looking at the id; what happens in the
     * warm-up is logged and no more */
    if (host->app_id < 0 || upp_warmup_host()) {
        upp_exceptions_log(host);
        return 0;
    }
    int reload = must_reload(host);
    uwsgi_manage_exception(host, catch_it);
    if (reload)
        exit(UWSGI_EXCEPTION_CODE);
    return host->headers_sent || host->response_size > 0;
}
