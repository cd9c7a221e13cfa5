"""uWSGI's transformations change the body on its way: gzip and chunked, around every kind of response."""

import zlib

import pytest

from harness import assert_internal_error

CHUNKED = {'plugin': ['transformation_chunked'], 'route-run': 'chunked:'}
GZIP = {'plugin': ['transformation_gzip', 'transformation_chunked'],
        'route-if': 'contains:${HTTP_ACCEPT_ENCODING};gzip gzip:', 'route-run': 'chunked:',
        'del-header': 'Content-Length'}
ACCEPT = {'Accept-Encoding': 'gzip'}
TEXT = b'0123456789abcdef\n' * 6000


def gunzip(data):
    """Strict: one member, whole, and nothing behind it."""
    decoder = zlib.decompressobj(16 + zlib.MAX_WBITS)
    plain = decoder.decompress(data) + decoder.flush()
    assert decoder.eof and not decoder.unused_data, data[:100]
    return plain


def test_chunked(start_site):
    client = start_site(CHUNKED).client()
    response = client.get('/text/102000')
    assert response.complete and response.framing == 'chunked' and response.body == TEXT and response.extra == b''


def test_gzip(start_site):
    """Compressed for those who ask for it, whole, and much smaller; as it is for the others."""
    client = start_site(GZIP).client()
    response = client.get('/text/102000', ACCEPT)
    assert response.complete and response.header('Content-Encoding') == 'gzip'
    assert gunzip(response.body) == TEXT and len(response.body) < len(TEXT) / 20
    response = client.get('/text/102000')
    assert response.header('Content-Encoding') is None and response.body == TEXT
    response = client.get('/hello', ACCEPT)
    assert gunzip(response.body) == b'hello'


def test_gzip_of_a_file(start_site):
    """sendfile would pass the transformation by: the file must be read and compressed."""
    client = start_site(GZIP, files={'page.txt': TEXT}).client()
    response = client.get('/download/page.txt', ACCEPT)
    assert response.header('Content-Encoding') == 'gzip' and gunzip(response.body) == TEXT
    assert client.get('/download/page.txt').body == TEXT


@pytest.mark.parametrize('options', [CHUNKED, GZIP], ids=['chunked', 'gzip'])
def test_error_before_the_head(start_site, options):
    server = start_site(options)
    response = server.client().get('/raise')
    assert response.status == 500 and response.complete and response.body == b'Internal Server Error'
    server.expect_traceback('ValueError: boom')


@pytest.mark.parametrize('options', [CHUNKED, GZIP], ids=['chunked', 'gzip'])
def test_error_after_the_head_is_not_a_clean_end(start_site, options):
    """The transformation must not finish what the application did not: no last chunk, no end of the gzip stream."""
    server = start_site(options)
    response = server.client().get('/raise_late', ACCEPT)
    assert not response.complete, response
    server.expect_traceback('ValueError: late boom')


def test_error_page_without_transformation_is_the_same(start_site):
    server = start_site()
    assert_internal_error(server.client().get('/raise'))
    server.expect_traceback('ValueError: boom')


def test_keepalive_with_chunked(start_site):
    """On an http11 socket the chunks are what keeps the connection usable."""
    server = start_site({'http-socket': None, 'http11-socket': True, **CHUNKED})
    with server.client().connect() as connection:
        response = connection.get('/text/102000')
        assert response.complete and response.framing == 'chunked' and response.body == TEXT


def test_other_transformation(start_site):
    client = start_site({'plugin': 'transformation_toupper', 'route-run': 'toupper:'}).client()
    assert client.get('/hello').body == b'HELLO'
    assert client.get('/text/10200').body == TEXT[:10200].upper()
