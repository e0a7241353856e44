"""The street door for a WSGI server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewapp.settings")
# The web process alone keeps a pool: RQ forks, and a forked pool hands one socket to two processes.
os.environ.setdefault("REVIEW_PROCESS", "web")

application = get_wsgi_application()
