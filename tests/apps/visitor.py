"""What a browser does: keeps cookies, fills in forms, uploads files, follows a redirect."""

from urllib.parse import urlencode

BOUNDARY = b'----a-boundary-that-no-file-here-contains'


def multipart(fields, files):
    """The body of a multipart/form-data POST. files: {name: (filename, bytes)}"""
    parts = []
    for name, value in fields.items():
        parts.append(b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
                     % (BOUNDARY, name.encode(), value.encode()))
    for name, (filename, data) in files.items():
        parts += [b'--%s\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n'
                  b'Content-Type: application/octet-stream\r\n\r\n' % (BOUNDARY, name.encode(), filename.encode()),
                  data, b'\r\n']
    parts.append(b'--%s--\r\n' % BOUNDARY)
    return b''.join(parts)


class Visitor:
    def __init__(self, client, validated=False):
        self.client = client
        self.validated = validated
        self.cookies = {}

    def request(self, method, target, headers=(), body=b''):
        headers = [('Host', 'localhost')] + list(headers)
        if self.cookies:
            headers.append(('Cookie', '; '.join('%s=%s' % pair for pair in self.cookies.items())))
        if self.validated:
            headers.append(('X-Validate', 'yes'))
        response = self.client.request(method, target, headers, body)
        assert response.complete and response.extra == b'', response
        for cookie in response.values('Set-Cookie'):
            name, _, value = cookie.partition(';')[0].partition('=')
            self.cookies[name] = value
        return response

    def get(self, target):
        return self.request('GET', target)

    def submit(self, target, fields):
        """Sends a form."""
        return self.request('POST', target, [('Content-Type', 'application/x-www-form-urlencoded')],
                            urlencode(fields).encode())

    def upload(self, target, fields, files):
        """Sends a form with files."""
        return self.request('POST', target, [('Content-Type', 'multipart/form-data; boundary=' + BOUNDARY.decode())],
                            multipart(fields, files))

    def follow(self, response):
        """Goes where a redirect points."""
        assert response.status in (301, 302, 303, 307), response
        target = response.header('Location')
        return self.get(target.partition('://localhost')[2] if '://' in target else target)
