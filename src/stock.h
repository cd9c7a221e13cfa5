/* SPDX-License-Identifier: MIT */
/*
 * stock.h - the stock front: uWSGI parsed a request, Python answers it.
 *
 * One struct upp_request per core, filled from uWSGI's own request, handed to
 * upp_py_request(). uWSGI keeps the connection.
 */
#ifndef UPP_STOCK_H
#define UPP_STOCK_H

#include "front.h"

struct wsgi_request;

/* Allocates the per-core structs. After uWSGI knows its cores, before the first fork. */
void upp_stock_setup(void);

/* The `.request` hook. UWSGI_OK, or -1 when uWSGI answered (static files, caches) or refused. */
int upp_stock_serve(struct wsgi_request *host);

/* The same up to the call of Python: parses the variables, checks them, chooses the application.
 * Returns the request for Python, or NULL when uWSGI answered or the request was refused. */
struct upp_request *upp_stock_prepare(struct wsgi_request *host);

/* This front's functions. */
extern const struct upp_front upp_stock_front;

#endif
