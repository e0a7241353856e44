"""`manage.py policy import PATH… [--publish]` and `policy export SLUG[@N]`: policies as files."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, OutputWrapper

from reviewapp.audit.actions import OPERATOR
from reviewapp.policies import actions, reads, rules
from reviewapp.policies.rules import CaseText, PolicyFileError, Problem
from reviewapp.ui.errors import ProductError


class Command(BaseCommand):
    """Two jobs: `import` and `export`."""

    help = "Takes policies in from markdown files and gives them out again, byte for byte."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The two subcommands."""
        jobs = parser.add_subparsers(dest="job", required=True)
        bring = jobs.add_parser("import", help="take files in as drafts, or publish them")
        bring.add_argument(
            "path", nargs="+", type=Path, metavar="PATH", help="a .md file, or a folder of them"
        )
        bring.add_argument(
            "--publish", action="store_true", help="into force at once; audited, without a gate run"
        )
        give = jobs.add_parser("export", help="print the file of a version")
        give.add_argument(
            "version", metavar="SLUG[@N]", help="without @N the published, else the latest version"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do one of the two."""
        if options["job"] == "export":
            self._export(options["version"])
        else:
            self._import(options["path"], publish=options["publish"])

    def _import(self, paths: list[Path], *, publish: bool) -> None:
        failed = 0
        for path in _files(paths):
            try:
                source, cases = _read(path)
                row = actions.import_policy(source=source, actor=OPERATOR, publish=publish, more_cases=cases)
            except PolicyFileError as error:
                failed += 1
                for line, message in error.problems:
                    self.stderr.write(f"{path}:{line}: {message}")
            except ProductError as error:
                failed += 1
                self.stderr.write(f"{path}: {error.message}")
            else:
                self.stdout.write(
                    f"{path}: {row.policy.slug} version {row.number}, {row.state}, {row.hash[:12]}"
                )
        if failed:
            raise CommandError(
                f"{failed} of the files were not taken in; nothing of them was stored. The others were."
            )

    def _export(self, wanted: str) -> None:
        slug, mark, number = wanted.partition("@")
        if mark and not (number.isascii() and number.isdigit()):
            raise CommandError("Give a version as SLUG@N, such as spam@3.")
        try:
            source = reads.source_of(slug, int(number) if mark else None)
        except ProductError as error:
            raise CommandError(error.message) from error
        _write_bytes(self.stdout, source)


def _files(paths: list[Path]) -> list[Path]:
    """The files named, and those in the folders named."""
    found: list[Path] = []
    for path in paths:
        found += sorted(path.glob("*.md")) if path.is_dir() else [path]
    if not found:
        raise CommandError("There is no .md file there.")
    return found


def _read(path: Path) -> tuple[str, tuple[CaseText, ...]]:
    """The file's text with its own line ends, and the cases of `NAME.jsonl` beside `NAME.md`, if there is one."""
    beside = path.with_suffix(".jsonl")
    problems: list[Problem] = []
    source = _text(path)
    cases = (
        rules.parse_cases(_text(beside).splitlines(), problems) if beside != path and beside.is_file() else ()
    )
    if problems:
        raise PolicyFileError([(line, f"in {beside.name}: {message}") for line, message in problems])
    return source, cases


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise CommandError(
            f"{path} cannot be read: {error.strerror}. Nothing after it was taken in."
        ) from error
    except UnicodeDecodeError as error:
        raise PolicyFileError([(1, f"Byte {error.start} is not UTF-8. Save the file as UTF-8.")]) from error


def _write_bytes(out: OutputWrapper, source: str) -> None:
    """Write without a line end of our own and without the platform's."""
    raw = getattr(out._out, "buffer", None)
    if raw is None:
        out.write(source, ending="")
    else:
        out.flush()
        raw.write(source.encode("utf-8"))
        raw.flush()
