"""`manage.py ingest FILE`: sends items, one a line, over the HTTP API."""

import argparse
import os
import sys
import time
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from reviewapp.accounts.actions import issue_key
from reviewapp.accounts.api import prove
from reviewapp.audit.actions import OPERATOR
from reviewapp.intake.sending import CannotSend, Line, Progress, Resume, Sender, batches, lines

SHOWN_REFUSALS = 50


class Command(BaseCommand):
    """Sends a file; safe to run again: what is there already is counted as duplicate."""

    help = "Send items (one API item a line, .jsonl or .jsonl.gz) over the HTTP API."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """FILE, and where it goes."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--source", default="", help="source of lines that name none")
        parser.add_argument(
            "--url", default="", help="address of another server, such as https://review.example.com"
        )
        parser.add_argument("--key", default="", help="API key with the scope ingest (with --url)")
        parser.add_argument(
            "--from-start", action="store_true", help="do not go on where an earlier run stopped"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Send; an interrupted run goes on after the last line that was answered."""
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"{path} is no file.")
        url = (options["url"] or os.environ.get("REVIEW_URL", "")).rstrip("/")
        if not url:
            raise CommandError(
                "No server is running here. Start one with `manage.py up`, or name one with --url."
            )
        if options["url"] and not options["key"]:
            raise CommandError(
                "--url needs --key KEY; make one there with `manage.py apikey create --scope ingest`."
            )
        key = options["key"] or _own_key(settings.REVIEW_HOME / "ingest-key")
        resume = Resume(settings.REVIEW_HOME / "ingest", path, url, options["source"])
        progress = Progress() if options["from_start"] else resume.load()
        if progress.line:
            self.stderr.write(f"Going on after line {progress.line:,} (--from-start sends all of it again).")
        try:
            self._send(path, url, key, options["source"], progress, resume)
        except CannotSend as error:
            raise CommandError(
                f"Stopped after line {progress.line:,}: {str(error).removesuffix('.')}. Run it again to go on."
            ) from error
        except (EOFError, OSError, zlib.error) as error:
            raise CommandError(
                f"Stopped after line {progress.line:,}: {path} cannot be read further ({error}). Mend it and run it again."
            ) from error
        resume.forget()
        self._report(progress)

    def _send(self, path: Path, url: str, key: str, source: str, progress: Progress, resume: Resume) -> None:
        bar = _Bar(path.stat().st_size, progress.done)
        here = urlsplit(url).hostname in {"localhost", "127.0.0.1", "::1"}
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        with httpx.Client(
            base_url=url, headers=headers, timeout=httpx.Timeout(120, connect=5), trust_env=not here
        ) as client:
            sender = Sender(client, bar.say)
            broken: list[tuple[int, str]] = []
            found = lines(path, source, lambda number, why: broken.append((number, why)), progress.line)
            for batch in batches(found):
                sender.send(batch, progress)
                _take_broken(broken, batch[-1], progress)
                resume.keep(progress)
                bar.show(batch[-1].read, progress.done)
            progress.refused += broken
        bar.end(progress.done)

    def _report(self, progress: Progress) -> None:
        for number, why in sorted(progress.refused)[:SHOWN_REFUSALS]:
            self.stdout.write(f"line {number}: {why}")
        hidden = len(progress.refused) - SHOWN_REFUSALS
        if hidden > 0:
            self.stdout.write(f"and {hidden:,} more refused lines")
        self.stdout.write(
            f"created {progress.created:,} · duplicate {progress.duplicate:,} · refused {len(progress.refused):,}"
        )


def _take_broken(broken: list[tuple[int, str]], last: Line, progress: Progress) -> None:
    """Count broken lines up to the last line sent; those read ahead of it are counted when they are passed."""
    progress.refused += [each for each in broken if each[0] <= last.number]
    broken[:] = [each for each in broken if each[0] > last.number]


def _own_key(path: Path) -> str:
    """The key of this command, kept in the home (0600); a new one when it is missing or does not open any more."""
    kept = path.read_text().strip() if path.exists() else ""
    if kept and prove(kept):
        return kept
    issued = issue_key(name="ingest command", scopes=["ingest"], actor=OPERATOR)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(issued.key + "\n")
    return issued.key


class _Bar:
    """A progress bar on a terminal; elsewhere a line every five seconds."""

    def __init__(self, size: int, done: int) -> None:
        self._size = max(1, size)
        self._before = done
        self._began = self._told = time.monotonic()
        self._live = sys.stderr.isatty()

    def show(self, read: int, done: int) -> None:
        """`read` bytes of the file are sent, `done` items are answered."""
        now = time.monotonic()
        share = min(1.0, read / self._size)
        rate = (done - self._before) / max(0.001, now - self._began)
        text = f"{share:4.0%}  {done:,} items  {rate:,.0f}/s"
        if self._live:
            full = int(30 * share)
            sys.stderr.write(f"\r[{'#' * full}{'.' * (30 - full)}] {text}   ")
            sys.stderr.flush()
        elif now - self._told >= 5:
            self._told = now
            sys.stderr.write(text + "\n")

    def say(self, words: str) -> None:
        """A line between two states of the bar."""
        sys.stderr.write(("\n" if self._live else "") + words + "\n")

    def end(self, done: int) -> None:
        """Everything is sent."""
        self.show(self._size, done)
        if self._live:
            sys.stderr.write("\n")
