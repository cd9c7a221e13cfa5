"""The least that a project with sessions, forms and templates needs."""

import os
from pathlib import Path

HERE = Path(__file__).resolve().parent

SECRET_KEY = "an example has no secrets: choose your own"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "bookmarks.urls"

INSTALLED_APPS = ["bookmarks", "django.contrib.sessions"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("BOOKMARKS_DATABASE", str(HERE.parent / "db.sqlite3")),
    }
}
STATIC_URL = "/static/"
