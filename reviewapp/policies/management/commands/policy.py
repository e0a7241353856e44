"""`manage.py policy import PATH…`, `policy export SLUG[@N]` and `policy adopt FILE`: policies as files."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, OutputWrapper

from reviewapp.audit.actions import OPERATOR
from reviewapp.policies import actions, reads, reads_cases, rules
from reviewapp.policies.rules import CaseText, PolicyFileError, Problem
from reviewapp.policies.rules_foreign import adopt
from reviewapp.ui.errors import ProductError


class Command(BaseCommand):
    """Three jobs: `import`, `export` and `adopt`."""

    help = "Takes policies in from markdown files and gives them out again, byte for byte."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The subcommands."""
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
        give.add_argument(
            "--cases", action="store_true", help="print the cases that are not in the file, as JSONL"
        )
        adopt = jobs.add_parser("adopt", help="take in a policy of another style, with labelled examples")
        adopt.add_argument("path", type=Path, metavar="FILE.md", help="one markdown text without section ids")
        adopt.add_argument(
            "--slug", required=True, help="what the policy is to be called, such as hate-speech"
        )
        adopt.add_argument("--examples", type=Path, metavar="FILE.csv", help="labelled examples beside it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do one of them."""
        if options["job"] == "export":
            self._export(options["version"], cases=options["cases"])
        elif options["job"] == "adopt":
            self._adopt(options["path"], options["slug"], options["examples"])
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

    def _adopt(self, path: Path, slug: str, examples: Path | None) -> None:
        try:
            found = adopt(_text(path), slug, _text(examples) if examples else "")
            row = actions.import_policy(source=found.source, actor=OPERATOR, publish=False)
        except PolicyFileError as error:
            raise CommandError(
                "; ".join(f"line {line}: {message}" for line, message in error.problems)
            ) from error
        except ProductError as error:
            raise CommandError(error.message) from error
        for where, notes in ((path, found.text_notes), (examples, found.list_notes)):
            for line, message in notes:
                self.stderr.write(f"{where}:{line}: {message}")
        left = len(found.text_notes) + len(found.list_notes)
        self.stdout.write(
            f"{row.policy.slug} version {row.number}, {row.state}; {left} notes on what was not mapped as it stood"
        )

    def _export(self, wanted: str, *, cases: bool = False) -> None:
        slug, mark, number = wanted.partition("@")
        if mark and not (number.isascii() and number.isdigit()):
            raise CommandError("Give a version as SLUG@N, such as spam@3.")
        try:
            version = int(number) if mark else None
            source = reads_cases.lines_beside(slug, version) if cases else reads.source_of(slug, version)
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
