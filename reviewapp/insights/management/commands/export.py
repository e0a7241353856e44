"""`manage.py export`: writes one file of decisions, audit events, verdicts or items, in short chunks."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reviewapp.audit.actions import OPERATOR, place_events
from reviewapp.ids import new_id
from reviewapp.insights import actions
from reviewapp.insights.chunks import BrokenFeed, first_cursor, write_chunk
from reviewapp.insights.export_sql import header
from reviewapp.insights.rules import ExportKind
from reviewapp.insights.spool import Busy, Spool
from reviewapp.ui.errors import ProductError


class Command(BaseCommand):
    """Writes the file and prints its rows and SHA-256."""

    help = "Writes decisions, audit, verdicts or items to a file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What, how, where, since when."""
        parser.add_argument("kind", metavar="KIND", help=", ".join(ExportKind))
        parser.add_argument("--format", default="csv", metavar="F", help="csv or jsonl")
        parser.add_argument("--out", required=True, type=Path, metavar="FILE")
        parser.add_argument(
            "--since",
            metavar="S",
            help="a day, a time, or for decisions and audit a position; later rows only",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write next to FILE, then put it in FILE's place, so that a stopped run leaves no half file there."""
        try:
            wish = actions.checked(
                kind=options["kind"], format=options["format"], since=actions.read_since(options["since"])
            )
        except ProductError as error:
            raise CommandError(error.message) from error
        out: Path = options["out"]
        part = out.with_name(out.name + ".part")
        try:
            spool = Spool(part)
            try:
                rows = self._fill(wish, spool)
                spool.settle()
                part.replace(out)
            finally:
                spool.close()
        except Busy as error:
            raise CommandError(f"Another export writes {out} right now. Choose another file.") from error
        except OSError as error:
            raise CommandError(
                f"{out} cannot be written ({error.strerror or error}). Choose another place."
            ) from error
        except BrokenFeed as error:
            raise CommandError(
                f"The audit log is not whole: {error}. Run `manage.py audit verify`."
            ) from error
        self.stdout.write(f"{rows:,} rows, {out.stat().st_size:,} bytes, sha256 {spool.digest.hexdigest()}")

    def _fill(self, wish: actions.Wish, spool: Spool) -> int:
        export = new_id()
        actions.record_written(wish=wish, export=export, actor=OPERATOR)
        while place_events():
            pass
        spool.write(header(wish.kind, wish.format))
        cursor, total = first_cursor(wish.kind, wish.since)
        rows, going = 0, True
        while going:
            chunk = write_chunk(wish.kind, wish.format, cursor, spool)
            rows += chunk.rows
            going = chunk.cursor is not None
            cursor = chunk.cursor or cursor
            if sys.stderr.isatty():
                self.stderr.write(f"\r{rows:,} of about {total:,} rows", ending="" if going else "\n")
        digest = spool.digest.hexdigest()
        actions.record_written(wish=wish, export=export, actor=OPERATOR, rows=rows, sha256=digest)
        return rows
