"""The street door for a WSGI server."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewapp.settings")
settings.DATABASES["default"] |= settings.POOLED

application = get_wsgi_application()
