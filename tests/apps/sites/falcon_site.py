"""Falcon: resources, media handlers, a multipart stream that is never held in memory, cookies, a middleware."""

import hashlib

import falcon


class Links:
    def on_get(self, request, response):
        response.content_type = falcon.MEDIA_HTML
        response.text = '<!doctype html>\n' + ''.join(
            '<a href="/greet/%d">%d</a>\n' % (number, number) for number in range(20))


class Greeting:
    def on_get(self, request, response, name):
        response.content_type = falcon.MEDIA_TEXT
        response.text = 'Hello ' + name

    on_head = on_get


class Old:
    def on_get(self, request, response):
        raise falcon.HTTPFound('/greet/you')


class Form:
    def on_post(self, request, response):
        fields = request.get_media()
        if not fields['age'].isdigit():
            raise falcon.HTTPBadRequest(title='age is not a number')
        response.content_type = falcon.MEDIA_TEXT
        response.text = '%s is %d' % (fields['name'], int(fields['age']))


class Visits:
    def on_get(self, request, response):
        count = int(request.cookies.get('count', 0)) + 1
        response.set_cookie('count', str(count), secure=False)
        response.text = str(count)


class Upload:
    def on_post(self, request, response):
        digest, size, name, note = hashlib.sha256(), 0, None, None
        for part in request.get_media():
            if part.name == 'note':
                note = part.get_text()
            elif part.name == 'file':
                name = part.filename
                for block in iter(lambda: part.stream.read(1 << 16), b''):
                    digest.update(block)
                    size += len(block)
        response.media = {'name': name, 'size': size, 'hash': digest.hexdigest(), 'note': note}


class Download:
    def on_get(self, request, response):
        response.content_type = 'application/octet-stream'
        response.stream = (b'%07d\n' % number * 1250 for number in range(500))


class File:
    def on_get(self, request, response):
        response.content_type = 'application/octet-stream'
        response.stream = open('blob.bin', 'rb')


class Fails:
    def on_get(self, request, response):
        raise RuntimeError('broken on purpose')


application = falcon.App()
for path, resource in {'/': Links(), '/greet/{name}': Greeting(), '/old': Old(), '/form': Form(), '/visits': Visits(),
                       '/upload': Upload(), '/download': Download(), '/file': File(), '/fails': Fails()}.items():
    application.add_route(path, resource)
