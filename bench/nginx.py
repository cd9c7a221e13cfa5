"""nginx: as a contestant that answers by itself, and in front of one that speaks the uwsgi protocol."""

import getpass
import os
import shutil

# Debian's is not on the path of ordinary users.
PROGRAM = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin") or "nginx"

# One process, as every contestant has. It keeps a connection for as long as the load wants it.
_CONFIGURATION = """
daemon off;
master_process off;
user %(user)s;
pid %(directory)s/nginx.pid;
error_log stderr;
events { worker_connections 8192; }
http {
    access_log off;
    keepalive_requests 1000000000;
    client_max_body_size 0;
    client_body_temp_path %(directory)s/body;
    proxy_temp_path %(directory)s/proxy;
    fastcgi_temp_path %(directory)s/fastcgi;
    scgi_temp_path %(directory)s/scgi;
    uwsgi_temp_path %(directory)s/uwsgi-temporary;
    include /etc/nginx/uwsgi_params;
    server {
        listen 127.0.0.1:%(port)s backlog=%(backlog)s;
        location / { %(location)s }
    }
}
"""

HELLO = 'default_type text/plain; return 200 "Hello World\\n";'


def uwsgi_pass(path):
    return "uwsgi_pass unix:%s;" % path


def configure(directory, port, backlog, location):
    """Writes its configuration."""
    with open("%s/nginx.conf" % directory, "w") as file:
        file.write(_CONFIGURATION % {"user": getpass.getuser(), "directory": directory, "port": port,
                                     "backlog": backlog, "location": location})


def command(directory):
    return PROGRAM, "-p", directory, "-c", "%s/nginx.conf" % directory, "-e", "stderr"
