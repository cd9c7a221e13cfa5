"""Django in one file: sessions and a model in sqlite, forms with CSRF tokens, templates, uploads, FileResponse."""

import hashlib
import threading
from pathlib import Path

import django
from django.conf import settings

settings.configure(
    SECRET_KEY='only for tests',
    ALLOWED_HOSTS=['localhost'],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=['django.contrib.sessions'],
    MIDDLEWARE=[
        'django.middleware.security.SecurityMiddleware',
        'django.contrib.sessions.middleware.SessionMiddleware',
        'django.middleware.common.CommonMiddleware',
        'django.middleware.csrf.CsrfViewMiddleware',
    ],
    DATABASES={'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'site.sqlite3', 'OPTIONS': {'timeout': 60}}},
    TEMPLATES=[{
        'BACKEND': 'django.template.backends.django.DjangoTemplates',
        'OPTIONS': {'loaders': [('django.template.loaders.locmem.Loader', {
            'page.html': '''<!doctype html>
<title>{% block title %}{{ title }}{% endblock %}</title>
{% for number in numbers %}<a href="{% url 'greet' name=number %}">{{ number }}</a>
{% endfor %}''',
            'form.html': '<form method="post">{% csrf_token %}{{ form.as_p }}</form>',
        })]},
    }],
    # the errors of requests go to stderr with their traceback
    LOGGING={'version': 1, 'disable_existing_loggers': False,
             'handlers': {'stderr': {'class': 'logging.StreamHandler'}},
             'loggers': {'django.request': {'handlers': ['stderr'], 'level': 'ERROR', 'propagate': False}}},
)
django.setup()

from django import forms  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.http import FileResponse, HttpResponse, JsonResponse, StreamingHttpResponse  # noqa: E402
from django.shortcuts import redirect, render  # noqa: E402
from django.urls import path  # noqa: E402

meeting = threading.Barrier(4)


class Note(models.Model):
    text = models.CharField(max_length=100)

    class Meta:
        app_label = 'site'


class Person(forms.Form):
    name = forms.CharField(max_length=40)
    age = forms.IntegerField()


class Upload(forms.Form):
    file = forms.FileField()
    note = forms.CharField(required=False)


def page(request):
    return render(request, 'page.html', {'title': 'Links & more', 'numbers': range(20)})


def greet(request, name):
    return HttpResponse('Hello ' + name, content_type='text/plain')


def form(request):
    person = Person(request.POST or None)
    if person.is_valid():
        return HttpResponse('%(name)s is %(age)d' % person.cleaned_data)
    return render(request, 'form.html', {'form': person}, status=400 if request.POST else 200)


def visits(request):
    request.session['count'] = request.session.get('count', 0) + 1
    return HttpResponse(str(request.session['count']))


def upload(request):
    form = Upload(request.POST, request.FILES)
    if not form.is_valid():
        return JsonResponse(form.errors, status=400)
    file = form.cleaned_data['file']
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return JsonResponse({'name': file.name, 'size': file.size, 'hash': digest.hexdigest(),
                         'note': form.cleaned_data['note']})


def download(request):
    return StreamingHttpResponse((b'%07d\n' % number * 1250 for number in range(500)),
                                 content_type='application/octet-stream')


def file(request):
    return FileResponse(Path('blob.bin').open('rb'))


def notes(request):
    if request.method == 'POST':
        Note.objects.create(text=request.POST['text'])
        return redirect('notes')
    return JsonResponse(list(Note.objects.order_by('id').values_list('text', flat=True)), safe=False)


def meet(request):
    meeting.wait()
    return HttpResponse('met')


def fails(request):
    raise RuntimeError('broken on purpose')


urlpatterns = [
    path('', page),
    path('greet/<name>', greet, name='greet'),
    path('old', lambda request: redirect('greet', name='you')),
    path('form', form),
    path('visits', visits),
    path('upload', upload),
    path('download', download),
    path('file', file),
    path('notes', notes, name='notes'),
    path('meet', meet),
    path('fails', fails),
]

call_command('migrate', verbosity=0)
with connection.schema_editor() as editor:
    editor.create_model(Note)
# a worker opens its own
connection.close()

application = get_wsgi_application()
