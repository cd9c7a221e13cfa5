/* SPDX-License-Identifier: MIT */
#include "descriptor.h"

#include "../contract.h"
#include "../loop/transport.h"
#include "request.h"

int upp_descriptor_of_request(void)
{
    const struct wsgi_request *host = upp_api_request();
    return host ? host->fd : -1;
}

void upp_descriptor_take_over(void)
{
    const struct wsgi_request *host = upp_api_request();
    if (upp_transport_carries(host))
        upp_transport_take_over(host);
}

int upp_descriptor_send(const char *data, size_t length)
{
    struct wsgi_request *host = upp_api_request();
    if (!length)
        return UPP_OK;
    int failed = host->fd_closed || uwsgi_simple_write(host, (char *)data, length);
    host->write_pos = 0;
    if (failed)
        return UPP_GONE;
    host->response_size += length;
    return UPP_OK;
}

int64_t upp_descriptor_receive(char *buffer, size_t size)
{
    struct wsgi_request *host = upp_api_request();
    errno = 0;
    if (host->fd_closed)
        return 0;
    if (!upp_transport_carries(host))
        return host->socket->proto_read_body(host, buffer, size);
    const char *data;
    int64_t got = upp_transport_read(host, size, 0, &data);
    if (got > 0)
        memcpy(buffer, data, (size_t)got);
    return got ? got : host->socket->proto_read_body(host, buffer, size);
}

void upp_descriptor_disconnect(void)
{
    struct wsgi_request *host = upp_api_request();
    if (!host->fd_closed)
        uwsgi_disconnect(host);
}

int upp_descriptor_is_connected(int fd)
{
    return uwsgi_is_connected(fd);
}

int upp_descriptor_connect(const char *address, int timeout, int async)
{
    return uwsgi_connect((char *)address, timeout, async);
}
