"""`manage.py erase`: erases content everywhere, unless a legal hold keeps it."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from reviewapp.audit.actions import OPERATOR
from reviewapp.insights import actions
from reviewapp.ui.errors import ProductError


class Command(BaseCommand):
    """Erases one item with its revisions, or everything of one author."""

    help = "Erases what an item says, or everything that an author wrote."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to erase."""
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--item", type=UUID, metavar="ID", help="an item, with all its revisions")
        what.add_argument(
            "--author", nargs=2, metavar=("SOURCE", "ID"), help="everything of an author of a source"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Erase, and say how much."""
        try:
            if options["item"]:
                erased = actions.erase(items=[options["item"]], actor=OPERATOR)
            else:
                source, author = options["author"]
                erased = actions.erase_author(source=source, author=author, actor=OPERATOR)
        except ProductError as error:
            raise CommandError(f"Nothing was erased. {error.message}") from error
        self.stdout.write(f"Erased {len(erased)} items." if erased else "It was erased before.")
