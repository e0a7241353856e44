"""Imports what the product is built on and nothing of the product: the processes of tests are forked from here, each with settings of its own.

What reads Django's settings when it is imported has no place here; it would fail, for there are none.
"""

from importlib import import_module

for name in (
    "aiohttp.web", "csp.checks", "django.contrib.admin.decorators", "django.core.management", "django.db.migrations.utils",
    "django.db.models", "django.forms", "django.http", "django.template", "django.test", "django.views.generic",
    "granian.cli", "granian.server.mp", "httpcore", "httpx", "markdown_it", "msgspec", "nh3", "numpy",
    "prometheus_client", "psycopg", "psycopg_pool", "py3langid", "pydantic.json_schema", "rapidfuzz", "redis.asyncio",
    "rq.worker", "whitenoise.middleware", "yaml",
):  # fmt: skip
    import_module(name)
