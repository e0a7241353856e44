"""`manage.py seed`: policies, queues and, for a first look, people and items. Run again, it adds only what is missing."""

import os
import secrets
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from reviewapp.accounts import actions as accounts
from reviewapp.accounts import reads as accounts_reads
from reviewapp.accounts.rules import Role
from reviewapp.audit.actions import OPERATOR
from reviewapp.intake import actions as intake
from reviewapp.intake import incoming
from reviewapp.policies import actions as policies
from reviewapp.policies import reads as policies_reads
from reviewapp.policies import rules as policies_rules
from reviewapp.review.actions import seed_queues
from reviewapp.ui.errors import ProductError

POLICIES: Final = Path(settings.BASE_DIR) / "policies_seed"
ITEMS: Final = Path(settings.BASE_DIR) / "reviewapp/intake/demo/items.jsonl"
PEOPLE: Final = (
    ("moderator@example.com", "Ana Moreno", Role.MODERATOR),
    ("senior@example.com", "Sam Okafor", Role.SENIOR),
    ("author@example.com", "Bo Lindqvist", Role.POLICY_AUTHOR),
    ("approver@example.com", "Cy Osei", Role.POLICY_APPROVER),
    ("auditor@example.com", "Kim Rahman", Role.AUDITOR),
    ("admin@example.com", "Dee Petrova", Role.ADMIN),
)


class Command(BaseCommand):
    """Fills an empty house."""

    help = "Adds the starter policies and queues, and with --demo people and items to look at."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to add."""
        parser.add_argument("--migrate", action="store_true", help="first bring the tables up to date")
        parser.add_argument(
            "--policies", action="store_true", help="the policies in policies_seed/, and the queues"
        )
        parser.add_argument(
            "--demo", action="store_true", help="six people, one for each role, and the demo items"
        )
        parser.add_argument(
            "--password-stdin", action="store_true", help="the people's password; else DEMO_PASSWORD"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Add what is missing, and say what that was."""
        if options["migrate"]:
            call_command("migrate", verbosity=0)
        try:
            if options["policies"]:
                self._policies()
            if options["demo"]:
                self._people(sys.stdin.readline().rstrip("\r\n") if options["password_stdin"] else "")
                self._items()
        except (ProductError, policies_rules.PolicyFileError) as error:
            raise CommandError(str(error)) from error

    def _policies(self) -> None:
        """A policy that is here already is its people's own; the starter text never replaces it."""
        present = {row.slug for row in policies_reads.policy_list()}
        for path in sorted(POLICIES.glob("*.md")):
            if path.stem not in present:
                policies.import_policy(source=path.read_text(encoding="utf-8"), actor=OPERATOR, publish=True)
                self.stdout.write(f"Published {path.stem}.")
        seed_queues(actor=OPERATOR)

    def _people(self, typed: str) -> None:
        present = {member.email for member in accounts_reads.members()}
        missing = [person for person in PEOPLE if person[0] not in present]
        password = typed or os.environ.get("DEMO_PASSWORD", "") or secrets.token_urlsafe(12)
        for email, name, role in missing:
            accounts.create_person(email=email, name=name, roles=[role], password=password, actor=OPERATOR)
        if missing and not typed and not os.environ.get("DEMO_PASSWORD"):
            self.stdout.write(f"Password of the demo people: {password}")

    def _items(self) -> None:
        lines = ITEMS.read_bytes().splitlines()
        outcomes = intake.receive(
            items=[incoming.read_item(line) for line in lines if line.strip()], actor=OPERATOR
        )
        refused = [outcome for outcome in outcomes if isinstance(outcome, incoming.Refused)]
        if refused:
            raise CommandError(f"{len(refused)} demo items were refused: {refused[0].message}")
        self.stdout.write(f"{len(outcomes)} demo items are here.")
