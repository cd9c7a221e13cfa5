"""What every site here has to do, whatever framework it is written in; and what Django and Flask do besides.

    /               a page with twenty links          /greet/NAME   a name out of the path
    /form           two fields, checked               /visits       counts this visitor's visits
    /upload         a file and a note, hashed         /download     5 MB from a generator
    /file           blob.bin, as a file               /old          redirects to /greet/you
    /fails          raises RuntimeError('broken on purpose'), and every other path is not found
"""

import hashlib
import json
import random
import threading
from pathlib import Path

from harness import Client
from apps.visitor import Visitor

SITES = Path(__file__).parent / 'sites'

# No multiple of any block size, and all byte values at all positions of a block.
BLOB = random.Random(1).randbytes(777_777)
UPLOAD = random.Random(2).randbytes(20_000_003)
UPLOAD_HASH = hashlib.sha256(UPLOAD).hexdigest()

DOWNLOAD = b''.join(b'%07d\n' % number * 1250 for number in range(500))


class SiteTests:
    """A module's test class derives from this one."""

    def hidden_fields(self, visitor):
        """What a form of this framework has besides its visible fields."""
        return {}

    def expect_error(self, server):
        """How the log shows the exception of /fails: to be called before it happens."""
        server.expect_traceback('broken on purpose')

    def test_page(self, visitor):
        response = visitor.get('/')
        assert response.status == 200
        assert response.header('Content-Type').lower().replace('; ', ';') == 'text/html;charset=utf-8'
        for number in range(20):
            assert '<a href="/greet/%d">' % number in response.body.decode().replace('http://localhost', '')

    def test_head(self, visitor):
        response = visitor.request('HEAD', '/greet/you')
        assert (response.status, response.body) == (200, b'')

    def test_name_in_the_path(self, visitor):
        assert visitor.get('/greet/Zo%C3%AB').body.decode() == 'Hello Zoë'

    def test_not_found(self, visitor):
        assert visitor.get('/nowhere').status == 404

    def test_redirect(self, visitor):
        assert visitor.follow(visitor.get('/old')).body == b'Hello you'

    def test_form(self, visitor):
        hidden = self.hidden_fields(visitor)
        response = visitor.submit('/form', {'name': 'Zoë & Co', 'age': '41', **hidden})
        assert (response.status, response.body.decode()) == (200, 'Zoë & Co is 41')
        assert visitor.submit('/form', {'name': 'Zoë', 'age': 'old', **hidden}).status == 400

    def test_cookies(self, visitor, client):
        other = Visitor(client)
        assert [visitor.get('/visits').body for _ in range(3)] == [b'1', b'2', b'3']
        assert other.get('/visits').body == b'1'
        assert visitor.get('/visits').body == b'4'

    def test_upload(self, visitor):
        response = visitor.upload('/upload', {'note': 'große Datei', **self.hidden_fields(visitor)},
                                  {'file': ('large.bin', UPLOAD)})
        assert response.status == 200, response
        assert json.loads(response.body) == {
            'name': 'large.bin', 'size': len(UPLOAD), 'hash': UPLOAD_HASH, 'note': 'große Datei'}

    def test_download(self, visitor):
        response = visitor.get('/download')
        assert response.status == 200 and response.body == DOWNLOAD

    def test_file(self, visitor):
        response = visitor.get('/file')
        assert response.status == 200 and response.body == BLOB

    def test_error(self, visitor, server):
        self.expect_error(server)
        assert visitor.get('/fails').status == 500
        server.wait_log('RuntimeError: broken on purpose')
        assert visitor.get('/greet/you').status == 200


class ThreadedSiteTests(SiteTests):
    """For sites with a database (/notes) and with /meet, which answers once four requests are in the application."""

    def test_database(self, visitor):
        before = json.loads(visitor.get('/notes').body)
        response = visitor.submit('/notes', {'text': 'säve this', **self.hidden_fields(visitor)})
        assert json.loads(visitor.follow(response).body) == before + ['säve this']

    def test_four_threads(self, client, server):
        in_parallel([client] * 4, lambda visitor, number: self.meet(visitor, number))

    def meet(self, visitor, number):
        response = visitor.get('/meet')
        assert (response.status, response.body) == (200, b'met')

    def test_visitors_at_the_same_time(self, client, server):
        """Each of them keeps its own session, and no note of anybody is lost."""
        before = json.loads(Visitor(client).get('/notes').body)
        in_parallel([client] * 8, self.visit)
        notes = json.loads(Visitor(client).get('/notes').body)
        assert notes[:len(before)] == before
        assert sorted(notes[len(before):]) == sorted('%d-%d' % (number, turn) for number in range(8)
                                                     for turn in range(5))

    def visit(self, visitor, number):
        data = random.Random(number).randbytes(500_000 + number)
        for turn in range(5):
            hidden = self.hidden_fields(visitor)
            assert visitor.get('/visits').body == b'%d' % (turn + 1)
            assert visitor.submit('/notes', {'text': '%d-%d' % (number, turn), **hidden}).status == 302
            response = visitor.upload('/upload', {'note': '', **hidden}, {'file': ('%d.bin' % number, data)})
            assert json.loads(response.body)['hash'] == hashlib.sha256(data).hexdigest()
            assert visitor.get('/greet/%d' % number).body == b'Hello %d' % number
            assert visitor.get('/download').body == DOWNLOAD


def in_parallel(clients, visit):
    """Runs visit(Visitor, number) for each client in a thread of its own; raises what the first one raised."""
    errors = []

    def run(client, number):
        try:
            visit(Visitor(Client(client.front, client.address)), number)
        except BaseException as error:
            errors.append(error)
    threads = [threading.Thread(target=run, args=(client, number)) for number, client in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
