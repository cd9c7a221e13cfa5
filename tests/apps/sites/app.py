"""The site, with wsgiref.validate around it for a request that has X-Validate."""

from wsgiref.validate import validator

from site_under_test import application as plain

validated = validator(plain)


def application(environ, start_response):
    chosen = validated if 'HTTP_X_VALIDATE' in environ else plain
    return chosen(environ, start_response)
