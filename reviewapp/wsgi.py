"""The street door for a WSGI server."""

import gc
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewapp.settings")
settings.DATABASES["default"] |= settings.POOLED

application = get_wsgi_application()

# What is loaded by now stays. To look through it for cycles again and again stops everybody for up to 50 ms.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 20)
