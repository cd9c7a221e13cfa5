import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')

application = get_wsgi_application()

# what `manage.py migrate` does before a site is deployed
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

call_command('migrate', verbosity=0)
connection.close()
