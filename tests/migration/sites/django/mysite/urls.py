import hashlib
import time

from django import forms
from django.http import FileResponse, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import path


class Upload(forms.Form):
    name = forms.CharField(max_length=40)
    file = forms.FileField()


def page(request):
    form = Upload(request.POST or None, request.FILES or None)
    if form.is_valid():
        data = b''.join(form.cleaned_data['file'].chunks())
        return JsonResponse({'name': form.cleaned_data['name'], 'size': len(data),
                             'hash': hashlib.sha256(data).hexdigest()})
    return render(request, 'page.html', {'title': 'Tüv & more', 'numbers': range(50), 'form': form},
                  status=400 if request.method == 'POST' else 200)


def greet(request, name):
    response = HttpResponse('Hello ' + name, content_type='text/plain; charset=utf-8')
    response.set_cookie('greeted', 'yes', max_age=60, httponly=True, samesite='Lax')
    return response


def visits(request):
    request.session['count'] = request.session.get('count', 0) + 1
    return HttpResponse(str(request.session['count']))


def meta(request):
    return JsonResponse({name: value for name, value in request.META.items() if isinstance(value, str)},
                        json_dumps_params={'sort_keys': True})


def later(request):
    from mysite.tasks import note
    note.spool({b'what': b'work', b'size': b'5'})
    return HttpResponse('noted', status=202)


def stuck(request):
    time.sleep(600)


def file(request):
    return FileResponse(open('blob.bin', 'rb'), as_attachment=True, filename='größe.bin')


urlpatterns = [
    path('', page),
    path('greet/<name>/', greet, name='greet'),
    path('old', lambda request: redirect('greet', name='you')),
    path('visits', visits),
    path('stream', lambda request: StreamingHttpResponse(b'%d\n' % number for number in range(1000))),
    path('file', file),
    path('meta', meta),
    path('empty', lambda request: HttpResponse(status=204)),
    path('later', later),
    path('stuck', stuck),
]
