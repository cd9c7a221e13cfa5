"""Flask: two applications with mount and manage-script-name, lazy-apps, threads."""

import pytest

SITE = 'flask'
READY = 'spawned uWSGI worker 2'

MULTIPART = (b'--xxx\r\nContent-Disposition: form-data; name="a"; filename="a.bin"\r\n\r\n%s\r\n--xxx--\r\n'
             % (b'\0\r\n\xff' * 60_000))


@pytest.mark.parametrize('socket', ['http', 'uwsgi'])
@pytest.mark.parametrize('protocol', ['HTTP/1.0', 'HTTP/1.1'])
@pytest.mark.parametrize('method, target, headers, body, status', [
    ('GET', '/shop/', {}, b'', 200),
    ('GET', '/shop', {}, b'', 308),
    ('GET', '/shop/item/5?a=1&a=%C3%A4', {'Host': 'shop.example:8080'}, b'', 200),
    ('PUT', '/shop/item/5', {}, b'', 200),
    ('DELETE', '/shop/item/5', {}, b'', 200),
    ('PATCH', '/shop/item/5', {}, b'', 405),
    ('OPTIONS', '/shop/item/5', {}, b'', 200),
    ('HEAD', '/shop/item/5', {}, b'', 200),
    ('GET', '/shop/item/x', {}, b'', 404),
    ('POST', '/shop/cart', {'Content-Type': 'application/x-www-form-urlencoded'}, b'item=b%C3%BCcher', 302),
    ('GET', '/shop/cart', {'Cookie': 'session=broken'}, b'', 200),
    ('POST', '/shop/upload', {'Content-Type': 'multipart/form-data; boundary=xxx'}, MULTIPART, 200),
    ('POST', '/shop/json', {'Content-Type': 'application/json'}, '{"ä": [1, null]}'.encode(), 200),
    ('POST', '/shop/json', {'Content-Type': 'application/json'}, b'{', 400),
    ('GET', '/shop/stream', {}, b'', 200),
    ('GET', '/shop/file', {}, b'', 200),
    ('GET', '/shop/file', {'Range': 'bytes=100-199'}, b'', 206),
    ('GET', '/shop/file', {'If-None-Match': '"fixed"'}, b'', 304),
    ('GET', '/shop/closed', {}, b'', 403),
    ('GET', '/blog/', {}, b'', 200),
    ('GET', '/blog/some/page%20here', {}, b'', 200),
    ('GET', '/blogger/', {}, b'', 404),
    ('GET', '/', {}, b'', 200),
], ids=lambda value: None if isinstance(value, (dict, bytes)) else str(value))
def test_requests(both, socket, protocol, method, target, headers, body, status):
    assert both.ask(method, target, headers, body, socket, protocol=protocol).status == status


def test_session(both):
    """A signed cookie of one is taken by the other."""
    cookie = None
    for item in ('one', 'two'):
        headers = {'Content-Type': 'application/x-www-form-urlencoded', **({'Cookie': cookie} if cookie else {})}
        response = both.ask('POST', '/shop/cart', headers, b'item=' + item.encode())
        cookie = response.header('Set-Cookie').partition(';')[0]
    assert both.ask('GET', '/shop/cart', {'Cookie': cookie}).body == b'["one","two"]\n'
