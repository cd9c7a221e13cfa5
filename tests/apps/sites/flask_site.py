"""Flask: templates, the signed session cookie, error handlers, streaming, sqlite."""

import hashlib
import sqlite3
import threading

from flask import (Flask, abort, g, jsonify, redirect, render_template_string, request, send_file, session,
                   stream_with_context, url_for)

app = Flask(__name__)
app.secret_key = 'only for tests'

PAGE = '''<!doctype html>
<title>{{ title }}</title>
{% for number in numbers %}<a href="{{ url_for('greet', name=number) }}">{{ number }}</a>
{% endfor %}'''

meeting = threading.Barrier(4)


def database():
    if 'database' not in g:
        g.database = sqlite3.connect('notes.sqlite3', timeout=60)
    return g.database


@app.teardown_appcontext
def close_database(error):
    if 'database' in g:
        g.pop('database').close()


with app.app_context(), database():
    database().execute('CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT)')


@app.get('/')
def page():
    return render_template_string(PAGE, title='Links & more', numbers=range(20))


@app.get('/greet/<name>')
def greet(name):
    return 'Hello ' + name


@app.get('/old')
def old():
    return redirect(url_for('greet', name='you'))


@app.post('/form')
def form():
    if not request.form['age'].isdigit():
        abort(400, 'age is not a number')
    return '%s is %d' % (request.form['name'], int(request.form['age']))


@app.get('/visits')
def visits():
    session['count'] = session.get('count', 0) + 1
    return str(session['count'])


@app.post('/upload')
def upload():
    given = request.files['file']
    digest, size = hashlib.sha256(), 0
    for block in iter(lambda: given.stream.read(1 << 16), b''):
        digest.update(block)
        size += len(block)
    return jsonify(name=given.filename, size=size, hash=digest.hexdigest(), note=request.form['note'])


@app.get('/download')
def download():
    @stream_with_context
    def blocks():
        for number in range(500):
            assert request.path == '/download'
            yield b'%07d\n' % number * 1250
    return blocks(), {'Content-Type': 'application/octet-stream'}


@app.get('/file')
def file():
    return send_file('blob.bin')


@app.get('/notes')
def notes():
    return jsonify([text for text, in database().execute('SELECT text FROM note ORDER BY id')])


@app.post('/notes')
def add_note():
    with database():
        database().execute('INSERT INTO note (text) VALUES (?)', (request.form['text'],))
    return redirect(url_for('notes'))


@app.get('/meet')
def meet():
    meeting.wait()
    return 'met'


@app.get('/fails')
def fails():
    raise RuntimeError('broken on purpose')


@app.errorhandler(404)
def not_found(error):
    return 'nothing here: ' + request.path, 404


@app.errorhandler(500)
def internal_error(error):
    return 'sorry: %s' % error.original_exception, 500


application = app.wsgi_app
