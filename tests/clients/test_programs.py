"""curl, http.client, ApacheBench and wrk."""

import contextlib
import http.client
import re

import pytest

pytestmark = pytest.mark.fronts(http=True)
BODY = b'b' * 500000
PARTS = b'part 0\npart 1\npart 2\n'


# -- curl --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('version', ['--http1.0', '--http1.1'])
def test_curl(run, url, version):
    for target, body in (('/hello', b'hello'), ('/parts/3', PARTS), ('/long/3000000', b'x' * 3000000),
                         ('/status/204', b''), ('/static/style.css', b'#styled { width: 123px; }\n')):
        assert run('curl', '-sS', version, url + target) == body


@pytest.mark.parametrize('version', ['--http1.0', '--http1.1'])
def test_curl_keeps_the_connection(run, url, front, version):
    """Where the server does; HTTP/1.0 does when it is asked."""
    urls = [part for number in range(4) for part in ('-o', '/dev/null', '%s/long/%d' % (url, number * 10000))]
    header = ['-H', 'Connection: keep-alive'] if version == '--http1.0' else []
    connects = run('curl', '-sS', version, *header, '-w', '%{num_connects} ', *urls).split()
    keeps = front.name == 'loop' or (front.keepalive and version == '--http1.1')
    assert connects == ([b'1', b'0', b'0', b'0'] if keeps else [b'1'] * 4)


@pytest.mark.parametrize('version', ['--http1.0', '--http1.1'])
def test_curl_head(run, url, version):
    answer = run('curl', '-sS', version, '-I', url + '/long/70000')
    assert b'\r\nContent-Length: 70000\r\n' in answer and answer.endswith(b'\r\n\r\n')


@pytest.mark.parametrize('header', ['Expect:', 'Expect: 100-continue', 'Transfer-Encoding: chunked'])
def test_curl_upload(run, url, front, header):
    """Told to wait for "100 Continue" it does, and the loop sends it."""
    body, said = run('curl', '-sSv', '-H', header, '--data-binary', '@-', url + '/echo', input=BODY, errors=True)
    assert body == BODY
    if front.name == 'loop':
        assert (b'< HTTP/1.1 100 Continue' in said) == ('100' in header)


# -- http.client -------------------------------------------------------------------------------------------------------

def test_http_client(client):
    """One object for everything, which reconnects when it was told that the connection ends."""
    connection = http.client.HTTPConnection(*client.address, timeout=60)
    with contextlib.closing(connection):
        for target, body in (('/hello', b'hello'), ('/parts/3', PARTS), ('/status/204', b''),
                             ('/long/300000', b'x' * 300000)):
            for method in ('GET', 'HEAD'):
                connection.request(method, target)
                response = connection.getresponse()
                assert response.read() == (body if method == 'GET' else b'')
                if client.front.name == 'loop':
                    assert not response.will_close
                elif not client.front.keepalive:
                    connection.close()   # uWSGI's own HTTP socket closes without a word
        for body, options in ((b'plain', {}), (iter([b'a', b'b' * 1000]), {'encode_chunked': True})):
            connection.request('POST', '/echo', body, {'Transfer-Encoding': 'chunked'} if options else {}, **options)
            assert connection.getresponse().read() == (b'a' + b'b' * 1000 if options else b'plain')
            connection.close()


# -- load --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('keep', [[], ['-k']], ids=['close', 'keep'])
def test_apache_bench(run, url, front, keep):
    """HTTP/1.0, with and without `Connection: Keep-Alive`."""
    said = run('ab', '-q', '-n', 500, '-c', 20, *keep, url + '/hello').decode()
    numbers = {name: int(number) for name, number in re.findall(r'(?m)^(\w[\w -]*):\s+(\d+)', said)}
    assert (numbers['Complete requests'], numbers['Failed requests']) == (500, 0), said
    assert 'Write errors' not in said and 'Non-2xx' not in said, said
    if keep and front.name == 'loop':
        assert numbers['Keep-Alive requests'] == 500, said


def test_apache_bench_posts(run, url, tmp_path):
    (tmp_path / 'body').write_bytes(b'p' * 30000)
    said = run('ab', '-q', '-n', 200, '-c', 10, '-k', '-p', tmp_path / 'body', '-T', 'text/plain', url + '/echo').decode()
    assert re.search(r'Complete requests: +200\n', said) and re.search(r'Failed requests: +0\n', said), said
    assert re.search(r'Document Length: +30000 bytes\n', said), said


@pytest.mark.fronts(keepalive=True)
@pytest.mark.parametrize('target', ['/hello', '/long/100000'])
def test_wrk(run, url, target):
    said = run('wrk', '-t', 1, '-c', 20, '-d', '1s', url + target).decode()
    assert int(re.search(r'(\d+) requests in', said)[1]) > 0, said
    assert 'Socket errors' not in said and 'Non-2xx' not in said, said
