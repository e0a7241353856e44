"""`manage.py translations update CODE` and `translations compile [CODE]`: the words of the screens in other languages."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import to_locale, trans_real

from reviewapp.ui import catalogs
from reviewapp.ui.catalogs import BadCatalog

ROOT: Final = Path(settings.BASE_DIR)


class Command(BaseCommand):
    """Two jobs: `update` and `compile`."""

    help = "Finds the words of the screens in the code, and makes them ready in other languages."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The subcommands."""
        jobs = parser.add_subparsers(dest="job", required=True)
        update = jobs.add_parser("update", help="make the catalog of a language, or bring it up to date")
        update.add_argument("language", metavar="CODE", help="such as de or pt-br")
        build = jobs.add_parser(
            "compile", help="make the catalogs ready for use; takes effect at the next start"
        )
        build.add_argument("language", metavar="CODE", nargs="?", help="one language alone")
        for job in (update, build):
            job.add_argument(
                "--folder",
                type=Path,
                default=settings.LOCALE_PATHS[0],
                help="where the catalogs lie; without it the first of LANGUAGE_FOLDERS",
            )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do one of them."""
        try:
            if options["job"] == "update":
                self._update(options["folder"], options["language"].lower())
            else:
                self._compile(options["folder"], options["language"])
        except BadCatalog as error:
            raise CommandError(error.message) from error

    def _update(self, folder: Path, language: str) -> None:
        if not trans_real.language_code_re.match(language):
            raise CommandError(f"{language} is no code of a language. Give one such as de or pt-br.")
        path = catalogs.file_of(folder, language)
        known = (
            catalogs.read(path.read_text(encoding="utf-8"), language)
            if path.exists()
            else Catalog(locale=to_locale(language), project="review", fuzzy=False)
        )
        after = catalogs.updated(catalogs.messages_in(ROOT), known)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(catalogs.as_text(after), encoding="utf-8")
        self.stdout.write(
            f"Wrote {path}: {len(after)} messages, {catalogs.words_missing(after)} of them without words."
        )

    def _compile(self, folder: Path, language: str | None) -> None:
        paths = (
            [catalogs.file_of(folder, language)]
            if language
            else sorted(folder.glob("*/LC_MESSAGES/django.po"))
        )
        if not paths or not paths[0].exists():
            raise CommandError(f"There is no catalog in {folder}. `translations update CODE` makes one.")
        for path in paths:
            try:
                told = catalogs.read(path.read_text(encoding="utf-8"), path.parent.parent.name)
                ready = catalogs.compiled(told)
            except BadCatalog as error:
                raise CommandError(f"{path}: {error.message}") from error
            path.with_suffix(".mo").write_bytes(ready)
            self.stdout.write(f"Wrote {path.with_suffix('.mo')}.")
