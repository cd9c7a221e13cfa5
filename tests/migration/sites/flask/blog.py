from flask import Flask, request, url_for

app = Flask(__name__)


@app.route('/')
@app.route('/<path:page>')
def page(page='front'):
    return 'blog %s, %s, %s' % (page, request.script_root, url_for('page', page='next'))
