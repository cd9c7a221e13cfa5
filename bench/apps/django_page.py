"""Django: routing, the usual middleware, a template with 20 links.

/ writes its links itself, /reversed/ has Django reverse each of them ({% url %}).
"""

import django
from django.conf import settings

PAGE = """<!doctype html>
<title>{{ title }}</title>
<h1>{{ title }}</h1>
<ul>
{%% for link in links %%}<li><a href="%s">{{ link.name }}</a>
{%% endfor %%}</ul>"""

settings.configure(
    SECRET_KEY="a benchmark has no secrets",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {"loaders": [("django.template.loaders.cached.Loader", [
            ("django.template.loaders.locmem.Loader", {
                "page.html": PAGE % "/item/{{ link.number }}/",
                "reversed.html": PAGE % "{% url 'item' link.number %}",
            })])]},
    }],
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.shortcuts import render  # noqa: E402
from django.urls import path  # noqa: E402

LINKS = [{"number": number, "name": "Item <%d>" % number} for number in range(20)]


def page(request, template):
    return render(request, template, {"title": "Twenty links", "links": LINKS})


urlpatterns = [
    path("", page, {"template": "page.html"}),
    path("reversed/", page, {"template": "reversed.html"}),
    path("item/<int:number>/", page, {"template": "page.html"}, name="item"),
]

application = get_wsgi_application()
