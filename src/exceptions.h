/* SPDX-License-Identifier: MIT */
/*
 * exceptions.h - uWSGI's exception hooks: class, message, repr and backtrace
 * of the exception that the application of this request raised.
 *
 * Python keeps the exception of each core until its request ends.
 */
#ifndef UPP_EXCEPTIONS_H
#define UPP_EXCEPTIONS_H

struct wsgi_request;
struct uwsgi_buffer;

/* Each returns a buffer for the caller to destroy, or NULL when there is no exception. */
struct uwsgi_buffer *upp_exceptions_class(struct wsgi_request *host);
struct uwsgi_buffer *upp_exceptions_message(struct wsgi_request *host);
struct uwsgi_buffer *upp_exceptions_repr(struct wsgi_request *host);
/* uWSGI's array of five items per frame: file, line, function, text, nothing. */
struct uwsgi_buffer *upp_exceptions_backtrace(struct wsgi_request *host);

/* Writes the traceback to the log. */
void upp_exceptions_log(struct wsgi_request *host);

#endif
