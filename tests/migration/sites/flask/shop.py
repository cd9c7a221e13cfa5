from flask import Flask, Response, abort, jsonify, redirect, request, send_file, session, stream_with_context, url_for

app = Flask(__name__)
app.secret_key = 'only for tests'


@app.route('/')
def index():
    return 'shop at %s' % url_for('item', number=5)


@app.route('/item/<int:number>', methods=['GET', 'PUT', 'DELETE'])
def item(number):
    return jsonify(number=number, method=request.method, script=request.script_root, path=request.path,
                   url=request.url, args=request.args.to_dict(flat=False))


@app.route('/cart', methods=['GET', 'POST'])
def cart():
    if request.method == 'POST':
        session['items'] = session.get('items', []) + [request.form['item']]
        return redirect(url_for('cart'))
    return jsonify(session.get('items', []))


@app.route('/upload', methods=['POST'])
def upload():
    return jsonify({name: [file.filename, len(file.read())] for name, file in request.files.items()})


@app.route('/json', methods=['POST'])
def echo():
    return jsonify(request.get_json(force=True))


@app.route('/stream')
def stream():
    def rows():
        for number in range(100):
            yield '%d,%s\n' % (number, request.method)
    return Response(stream_with_context(rows()), mimetype='text/csv')


@app.route('/file')
def file():
    return send_file('blob.bin', conditional=True, etag='fixed')


@app.route('/closed')
def closed():
    abort(403)


@app.errorhandler(404)
def missing(error):
    return 'nothing at %s' % request.path, 404
