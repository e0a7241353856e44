"""`manage.py apikey create`: makes a key for a program and prints it once."""

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from reviewapp.accounts import actions
from reviewapp.accounts.rules import Scope
from reviewapp.audit.actions import OPERATOR
from reviewapp.ui.errors import ProductError

MOST_DAYS: Final = 36_500


class Command(BaseCommand):
    """One job: `create`."""

    help = "Makes an API key and prints it, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The one subcommand."""
        jobs = parser.add_subparsers(dest="job", required=True)
        create = jobs.add_parser("create", help="make a key")
        create.add_argument("--name", required=True, metavar="N", help="what will use it")
        create.add_argument(
            "--scope", required=True, metavar="A,B", help=f"comma-separated: {', '.join(Scope)}"
        )
        create.add_argument("--days", type=int, metavar="D", help="days until it ends; without it, never")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the key and nothing else, so that a script can keep it."""
        days = options["days"]
        if days is not None and not 1 <= days <= MOST_DAYS:
            raise CommandError(
                f"--days is a number from 1 to {MOST_DAYS:,}; leave it out for a key without end."
            )
        ends: datetime | None = timezone.now() + timedelta(days=days) if days else None
        scopes = [scope.strip() for scope in options["scope"].split(",") if scope.strip()]
        try:
            issued = actions.issue_key(name=options["name"], scopes=scopes, expires_at=ends, actor=OPERATOR)
        except ProductError as error:
            raise CommandError(error.message) from error
        self.stdout.write(issued.key)
