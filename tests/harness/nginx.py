"""A real nginx in a directory of its own, in front of a uWSGI."""

import getpass
import shutil
import socket
import subprocess
from pathlib import Path

from harness.client import Client
from harness.fronts import FRONTS
from harness.ports import release_port, reserve_port
from harness.wait import TIMEOUT, wait_until

_CONFIGURATION = '''
daemon off;
master_process off;
user {user};
pid {directory}/nginx.pid;
error_log {directory}/error.log info;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_max_body_size 0;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    scgi_temp_path {directory}/scgi;
    uwsgi_temp_path {directory}/uwsgi;
    include /etc/nginx/uwsgi_params;
    {upstreams}
    server {{
        listen 127.0.0.1:{port};
        server_name front.example;
        {locations}
    }}
}}
'''


def find_nginx():
    return shutil.which('nginx') or shutil.which('nginx', path='/usr/sbin:/usr/local/sbin')


class Nginx:
    """locations: what stands in its `server` block; upstreams: blocks beside it."""

    def __init__(self, directory, locations, upstreams=''):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True)
        self.port = reserve_port()
        self.path = self.directory / 'nginx.conf'
        self.path.write_text(_CONFIGURATION.format(directory=self.directory, port=self.port, locations=locations, upstreams=upstreams,
                                                   user=getpass.getuser()))
        self.process = None

    def start(self):
        with open(self.directory / 'output.log', 'wb') as output:
            self.process = subprocess.Popen(
                [find_nginx(), '-p', str(self.directory), '-c', str(self.path), '-e', str(self.directory / 'error.log')],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output)

        def serves():
            assert self.process.poll() is None, 'nginx did not start\n' + self.log()
            with socket.socket() as sock:
                return sock.connect_ex(('127.0.0.1', self.port)) == 0
        wait_until(serves, 'nginx to start')
        return self

    def client(self):
        """It speaks HTTP/1.1 and keeps connections, as the http11 front does."""
        return Client(FRONTS['http11'], ('127.0.0.1', self.port))

    def log(self):
        return ''.join(path.read_text(errors='backslashreplace') for path in self.directory.glob('*.log'))

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(TIMEOUT)
            finally:
                self.process.kill()
                self.process.wait()
        release_port(self.port)
