"""What several tests say about a response, in one place."""


def assert_internal_error(response):
    """An error before anything was sent: the stock 500 page, and all of it."""
    assert response.status == 500, response
    assert response.complete, response
    assert response.body == b'Internal Server Error', response
    assert response.extra == b'', response


def assert_aborted(response):
    """An error after something was sent: the client can tell that the response is not whole."""
    assert response.status == 200, response
    assert not response.complete, response


def assert_not_served(data):
    """Raw bytes came back for something that is no request: a 400 or nothing, never an application's answer."""
    assert data == b'' or data.startswith((b'HTTP/1.1 400 ', b'HTTP/1.0 400 ')), data
    assert data.count(b'HTTP/1.') <= 1, data
