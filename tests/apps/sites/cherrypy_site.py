"""CherryPy: exposed methods, tools for sessions and JSON, streamed responses, static files."""

import hashlib
import os

import cherrypy
from cherrypy.lib.static import serve_file


class Site:
    @cherrypy.expose
    def index(self):
        return '<!doctype html>\n' + ''.join('<a href="/greet/%d">%d</a>\n' % (number, number) for number in range(20))

    @cherrypy.expose
    def greet(self, name):
        cherrypy.response.headers['Content-Type'] = 'text/plain'
        return 'Hello ' + name

    @cherrypy.expose
    def old(self):
        raise cherrypy.HTTPRedirect('/greet/you')

    @cherrypy.expose
    @cherrypy.tools.allow(methods=['POST'])
    def form(self, name, age):
        if not age.isdigit():
            raise cherrypy.HTTPError(400, 'age is not a number')
        return '%s is %d' % (name, int(age))

    @cherrypy.expose
    @cherrypy.tools.sessions()
    def visits(self):
        count = cherrypy.session.get('count', 0) + 1
        cherrypy.session['count'] = count
        return str(count)

    @cherrypy.expose
    @cherrypy.tools.json_out()
    def upload(self, file, note):
        digest, size = hashlib.sha256(), 0
        with file.file as opened:
            for block in iter(lambda: opened.read(1 << 16), b''):
                digest.update(block)
                size += len(block)
        return {'name': file.filename, 'size': size, 'hash': digest.hexdigest(), 'note': note}

    @cherrypy.expose
    @cherrypy.config(**{'response.stream': True})
    def download(self):
        cherrypy.response.headers['Content-Type'] = 'application/octet-stream'
        return (b'%07d\n' % number * 1250 for number in range(500))

    @cherrypy.expose
    def file(self):
        return serve_file(os.path.abspath('blob.bin'), content_type='application/octet-stream')

    @cherrypy.expose
    def fails(self):
        raise RuntimeError('broken on purpose')


cherrypy.config.update({
    'environment': 'embedded',
    'log.screen': True,
    'tools.encode.on': True,
    'tools.encode.encoding': 'utf-8',
})
cherrypy.log.access_log.disabled = True
application = cherrypy.Application(Site(), '')
