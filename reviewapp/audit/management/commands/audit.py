"""`manage.py audit verify`: checks the whole log, or an exported one, and names the first bad record."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reviewapp.audit import proof, reads


class Command(BaseCommand):
    """One job: `verify`."""

    help = "Checks the audit log: positions without a gap, an event at each, every leaf hash."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The one subcommand."""
        jobs = parser.add_subparsers(dest="job", required=True)
        verify = jobs.add_parser("verify", help="check every record; exit status 1 if one is bad")
        verify.add_argument(
            "--export", type=Path, metavar="FILE", help="check this exported file instead of the database"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was checked, or the first bad record."""
        try:
            checked, fault = (
                proof.first_fault_in(options["export"]) if options["export"] else reads.first_fault()
            )
        except proof.Unreadable as error:
            raise CommandError(
                f"{error} Write one with `manage.py export audit --format jsonl --out FILE`."
            ) from error
        except OSError as error:
            raise CommandError(f"{options['export']} cannot be read ({error.strerror}).") from error
        if fault is not None:
            self.stderr.write(
                f"First bad record: position {fault.position}: {fault.what}. {checked:,} before it are sound."
            )
            sys.exit(1)
        self.stdout.write(f"{checked:,} events are sound: no gap, and every one as it was written.")
