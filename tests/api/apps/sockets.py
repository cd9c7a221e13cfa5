"""Websockets: each path does one thing with the connection."""

import uwsgi


def respond(start_response, text):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [text.encode()]


def echo(environ, start_response):
    """Sends back what comes, binary if it begins with NUL; until the client goes."""
    uwsgi.websocket_handshake()
    while True:
        message = uwsgi.websocket_recv()
        if message.startswith(b'\0'):
            uwsgi.websocket_send_binary(message)
        else:
            uwsgi.websocket_send(message)


def arguments(environ, start_response):
    """The handshake with its arguments as str or as bytes."""
    kind = {'str': str, 'bytes': str.encode}[environ['QUERY_STRING']]
    uwsgi.websocket_handshake(kind(environ['HTTP_SEC_WEBSOCKET_KEY']), kind('http://elsewhere'), kind('chat'))
    uwsgi.websocket_send('str \u20ac')
    uwsgi.websocket_send(b'bytes')
    uwsgi.websocket_send_binary(bytearray(b'\x00\xff'))
    uwsgi.websocket_send_binary(memoryview(b'view'))
    uwsgi.websocket_send('')
    return []


def polite(environ, start_response):
    """Goes after one message, and answers like an ordinary view."""
    uwsgi.websocket_handshake()
    message = uwsgi.websocket_recv()
    uwsgi.websocket_send(message)
    return respond(start_response, 'not for the client')


def crash(environ, start_response):
    uwsgi.websocket_handshake()
    uwsgi.websocket_recv()
    raise RuntimeError('crash in a websocket')


def sizes(environ, start_response):
    """Answers a message of a length with one of that length."""
    uwsgi.websocket_handshake()
    while True:
        size = int(uwsgi.websocket_recv())
        uwsgi.websocket_send_binary(bytes(range(256)) * (size // 256) + bytes(range(size % 256)))


def poll(environ, start_response):
    """Never waits for a message; says so the first time that none is there."""
    uwsgi.websocket_handshake()
    while uwsgi.websocket_recv_nb() != b'':
        pass
    uwsgi.websocket_send('none')
    while True:
        message = uwsgi.websocket_recv_nb()
        if message:
            uwsgi.websocket_send(message)


def report(environ, start_response):
    """Writes down how the websocket ended, and that it stays so."""
    uwsgi.websocket_handshake()
    ends = []
    for function, *arguments in [(uwsgi.websocket_recv,)] * 2 + [(uwsgi.websocket_recv_nb,),
                                                                (uwsgi.websocket_send, 'late')]:
        try:
            function(*arguments)
        except OSError as error:
            ends.append(str(error))
    uwsgi.log('ends %r' % ends)
    return []


def flood(environ, start_response):
    """Sends until the client is gone."""
    uwsgi.websocket_handshake()
    try:
        while True:
            uwsgi.websocket_send_binary(bytes(65536))
    except OSError as error:
        uwsgi.log('flood ended: %s' % error)
    return []


def errors(environ, start_response):
    """What cannot be done, one per line."""
    lines = []

    def attempt(function, *arguments):
        try:
            function(*arguments)
        except Exception as error:
            lines.append('%s: %s' % (type(error).__name__, error))
        else:
            lines.append('done')

    attempt(uwsgi.websocket_recv)
    attempt(uwsgi.websocket_recv_nb)
    attempt(uwsgi.websocket_send, 'early')
    attempt(uwsgi.websocket_send, 5)
    attempt(uwsgi.websocket_handshake, 5)
    attempt(uwsgi.websocket_handshake, '', 'http://a\r\nSet-Cookie: b')
    attempt(uwsgi.websocket_handshake, '', '', b'x\n')
    attempt(uwsgi.websocket_handshake)
    start_response('200 OK', [])(b'%s\n' % '\n'.join(lines).encode())
    lines.clear()
    attempt(uwsgi.websocket_handshake, 'key')
    return [lines[0].encode()]


def hello(environ, start_response):
    return respond(start_response, 'hello')


def application(environ, start_response):
    return globals()[environ['PATH_INFO'].rpartition('/')[2]](environ, start_response)
