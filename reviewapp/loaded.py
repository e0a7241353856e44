"""Imports what the processes of the product run, for one interpreter that they are all forked from.

Each of them imports its own main module after the fork: `wsgi` makes the database's pool, a worker its queue.
"""

import os
from importlib import import_module

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewapp.settings")
django.setup()

from reviewapp import doorbell, urls  # noqa: E402, F401  the settings come first

for name in (
    *sorted({job.rpartition(".")[0] for job in doorbell.JOBS.values()}),
    "aiohttp.web", "inference.standin_wire", "inference.standin_judge", "granian.cli", "granian.server.mp", "rq",
):  # fmt: skip
    import_module(name)
