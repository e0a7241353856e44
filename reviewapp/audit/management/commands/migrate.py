"""`manage.py migrate`: as the owner of the tables; afterwards the months ahead exist and the roles are as they should be."""

from typing import Any

from django.conf import settings
from django.core.management.commands.migrate import Command as Migrate
from django.db import connections

from reviewapp.audit import partitions, roles


class Command(Migrate):
    """Django's command on the owner's connection, then partitions and grants."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, make partitions, grant."""
        options["database"] = "owner"
        owner = connections["owner"]
        roles.promise(owner, roles.app_role())
        super().handle(*args, **options)
        made = partitions.ensure_months(owner, settings.PARTITION_MONTHS_AHEAD)
        roles.grant(owner, roles.app_role())
        if options["verbosity"] and made:
            self.stdout.write(f"Made {len(made)} monthly partitions.")
