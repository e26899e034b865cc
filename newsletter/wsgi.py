"""The WSGI application that gunicorn serves."""

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
application = get_wsgi_application()
# Loaded with all that visitors and editors may ask for, so that nobody waits for it later.
import_module("newsletter.admin_urls")
import_module("newsletter.api.urls")
