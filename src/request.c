/* SPDX-License-Identifier: MIT */
/*
 * request.c - the functions of contract.h that Python calls during a request.
 */
#include "compat.h"
#include "contract.h"
#include "front.h"

static const struct upp_front *front_of(const struct upp_request *request)
{
    return request->front;
}

int64_t upp_request_read(struct upp_request *request, size_t size)
{
    return front_of(request)->read(request, size);
}

int upp_request_seek(struct upp_request *request, uint64_t position)
{
    return front_of(request)->seek(request, position);
}

int upp_request_respond(struct upp_request *request, const char *status, size_t status_length,
                        const char *headers, size_t headers_length, int64_t declared,
                        const char *body, size_t length, int last)
{
    const struct upp_response response = {
        .status = status,
        .status_length = status_length,
        .headers = headers,
        .headers_length = headers_length,
        .declared = declared,
    };
    return front_of(request)->respond(request, &response, body, length, last);
}

int upp_request_write(struct upp_request *request, const char *body, size_t length)
{
    return front_of(request)->write(request, body, length);
}

int upp_request_sendfile(struct upp_request *request, int fd, uint64_t position, uint64_t length)
{
    return front_of(request)->sendfile(request, fd, position, length);
}

void upp_request_error(struct upp_request *request, int status)
{
    front_of(request)->error(request, status);
}

void upp_request_abort(struct upp_request *request)
{
    front_of(request)->abort(request);
}

void upp_request_disconnect(struct upp_request *request)
{
    front_of(request)->disconnect(request);
}

int upp_request_find_app(struct upp_request *request)
{
    struct wsgi_request *host = request->host;
    request->app = host->app_id =
        uwsgi_get_app_id(host, host->appid, host->appid_len, host->uh->modifier1);
    return request->app;
}

void upp_request_dynamic(struct upp_request *request, struct upp_dynamic *dynamic)
{
    const struct wsgi_request *host = request->host;
    dynamic->app_id = host->appid;
    dynamic->app_id_length = host->appid_len;
    dynamic->script = host->script;
    dynamic->script_length = host->script_len;
    dynamic->module = host->module;
    dynamic->module_length = host->module_len;
    dynamic->callable = host->callable;
    dynamic->callable_length = host->callable_len;
    dynamic->file = host->file;
    dynamic->file_length = host->file_len;
    dynamic->paste = host->paste;
    dynamic->paste_length = host->paste_len;
    dynamic->chdir = host->chdir;
    dynamic->chdir_length = host->chdir_len;
    dynamic->touch_reload = host->touch_reload;
    dynamic->touch_reload_length = host->touch_reload_len;
}
