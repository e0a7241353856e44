"""`manage.py user create`: adds somebody from the shell."""

import getpass
import secrets
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reviewapp.accounts import actions
from reviewapp.accounts.rules import Role
from reviewapp.audit.actions import OPERATOR
from reviewapp.ui.errors import ProductError


class Command(BaseCommand):
    """One job: `create`."""

    help = "Adds a person with one or more roles."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The one subcommand."""
        jobs = parser.add_subparsers(dest="job", required=True)
        create = jobs.add_parser("create", help="add a person")
        create.add_argument("--email", required=True, metavar="E")
        create.add_argument("--name", default="", metavar="N")
        create.add_argument(
            "--role",
            action="append",
            required=True,
            metavar="R",
            help=f"one of {', '.join(Role)}; repeatable",
        )
        create.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the person; prints a made-up password once where none was given."""
        unknown = [role for role in options["role"] if role not in set(Role)]
        if unknown:
            raise CommandError(
                f"{unknown[0]} is no role. Roles: {', '.join(Role)}. For several repeat the option: --role moderator --role auditor."
            )
        password, made_up = self._password(options["password_stdin"])
        try:
            person = actions.create_person(
                email=options["email"],
                name=options["name"],
                roles=options["role"],
                password=password,
                actor=OPERATOR,
            )
        except ProductError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"Added {person.email} as {', '.join(person.roles)}.")
        if made_up:
            self.stdout.write(f"Password, shown once: {password}")

    def _password(self, from_stdin: bool) -> tuple[str, bool]:
        if from_stdin:
            return sys.stdin.readline().rstrip("\r\n"), False
        if sys.stdin is not None and sys.stdin.isatty():
            typed = getpass.getpass("Password (empty makes one up): ")
            if typed:
                return typed, False
        return secrets.token_urlsafe(12), True
