/* SPDX-License-Identifier: MIT */
#include "log.h"

#include "../compat.h"
#include "../contract.h"
#include "request.h"

int64_t upp_log_size(void)
{
    return uwsgi.shared->logsize;
}

void upp_log_set_warning(const char *text, size_t length)
{
    memcpy(uwsgi.shared->warning_message, text, length);
    uwsgi.shared->warning_message[length] = 0;
}

int upp_log_this_request(void)
{
    struct wsgi_request *host = upp_api_request();
    if (!host)
        return UPP_CANNOT;
    host->log_this = 1;
    return UPP_OK;
}

int upp_log_set_variable(const char *name, size_t name_length, const char *value, size_t length)
{
    struct wsgi_request *host = upp_api_request();
    if (!host)
        return UPP_CANNOT;
    uwsgi_logvar_add(host, (char *)name, (uint8_t)name_length, (char *)value, (uint8_t)length);
    return UPP_OK;
}

int upp_log_variable(const char *name, size_t name_length, const char **value, size_t *length)
{
    struct wsgi_request *host = upp_api_request();
    if (!host)
        return UPP_CANNOT;
    const struct uwsgi_logvar *found = uwsgi_logvar_get(host, (char *)name, (uint8_t)name_length);
    if (!found)
        return 0;
    *value = found->val;
    *length = found->vallen;
    return 1;
}
