/* SPDX-License-Identifier: MIT */
#include "chunked.h"

#include "../contract.h"
#include "../loop/transport.h"
#include "request.h"

#define NAME "HTTP_TRANSFER_ENCODING"

static int loop_decodes(const struct wsgi_request *host)
{
    return upp_transport_carries(host) && upp_transport_decodes(host);
}

/* A body of the uwsgi protocol that has a length was decoded by the server in front, though its
 * variables still say how it came there. */
int upp_chunked_is(void)
{
    const struct wsgi_request *host = upp_api_request();
    if (loop_decodes(host))
        return upp_transport_is_chunked(host);
    if (host->post_cl)
        return 0;
    for (int i = 0; i + 1 < host->var_cnt; i += 2) {
        const struct iovec *name = &host->hvec[i];
        const struct iovec *value = &host->hvec[i + 1];
        if (name->iov_len == sizeof NAME - 1 && !memcmp(name->iov_base, NAME, sizeof NAME - 1))
            return value->iov_len == 7 && !strncasecmp(value->iov_base, "chunked", 7);
    }
    return 0;
}

static int64_t read_stock(struct wsgi_request *host, int wait, int seconds, const char **data)
{
    size_t length = 0;
    /* behind a packet of the uwsgi protocol the loop takes nothing for a body */
    if (upp_transport_carries(host))
        upp_transport_take_over(host);
    errno = 0;
    *data = uwsgi_chunked_read(host, &length, seconds, !wait);
    if (*data)
        return (int64_t)length;
    return !wait && uwsgi_is_again() ? UPP_CHUNKED_NOTHING : UPP_GONE;
}

int64_t upp_chunked_read(int wait, int seconds, const char **data)
{
    struct wsgi_request *host = upp_api_request();
    if (!loop_decodes(host))
        return read_stock(host, wait, seconds, data);
    if (!seconds)
        seconds = uwsgi.chunked_input_timeout;
    int64_t most = seconds ? seconds * INT64_C(1000) : UPP_TRANSPORT_TIMER;
    if (seconds < 0)
        most = UPP_TRANSPORT_FOREVER;
    int64_t got = upp_transport_read(host, uwsgi.chunked_input_limit, wait ? most : 0, data);
    return got == UPP_TRANSPORT_NOTHING && wait ? UPP_TIMEOUT : got;
}
