"""`manage.py evaluate`: a labelled file through a version and an engine, stored and reported."""

import asyncio
import json
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from inference import Effort, EngineIdentity, EngineUnavailable, PolicyText, Reasoner
from inference.labelled import LabelledRowError, json_lines
from reviewapp.audit.actions import OPERATOR
from reviewapp.lab import actions, asking, reads_evaluation
from reviewapp.lab.reads_evaluation import EvaluationPage
from reviewapp.lab.rules_labelled import (
    MOST_ROWS,
    Answer,
    LabelledText,
    UnfitRow,
    labelled_text,
    policy_text,
    together,
)
from reviewapp.policies import reads as policies
from reviewapp.policies.reads import PublishedPolicy
from reviewapp.screening.place import Sql
from reviewapp.screening.rules import PRACTICE_NOTICE
from reviewapp.ui.errors import ProductError

KEPT_AT_ONCE: Final = 64


class Command(BaseCommand):
    """Asks every row, keeps the answers, prints the report; with `--also`, both ways of asking several policies."""

    help = "Runs a labelled file through the reasoner: precision, recall, F1, kappa, per section, with intervals."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Version, file, engine."""
        parser.add_argument("policy", metavar="POLICY[@N]", help="without @N the published version")
        parser.add_argument("file", type=Path, metavar="FILE.jsonl", help="one row a line; .gz as well")
        parser.add_argument("--engine", metavar="URL", help="default: the first address in REASONER_URL")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the report there too")
        parser.add_argument("--also", action="append", default=[], metavar="POLICY[@N]", help="measure several policies, a call each and all in one call")  # fmt: skip
        parser.add_argument("--with", dest="against", type=UUID, metavar="ID", help="compare with an earlier evaluation of the same file")  # fmt: skip
        parser.add_argument("--limit", type=int, default=MOST_ROWS, metavar="N", help="only the first N rows")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError that says what to do."""
        try:
            asked = [_policy(name) for name in (options["policy"], *options["also"])]
            rows = self._rows(options["file"], asked, options["limit"])
            reports = asyncio.run(self._evaluate(asked, rows, options["file"].name, options["engine"]))
            self._report(reports, options["against"], options["json"])
        except (ProductError, UnfitRow) as error:
            raise CommandError(str(error)) from error
        except LabelledRowError as error:
            raise CommandError(str(error)) from error

    def _rows(self, path: Path, asked: Sequence[PublishedPolicy], limit: int) -> list[LabelledText]:
        families = [policy.family for policy in asked if policy.family]
        sections = {code for policy in asked for code in policy.section_ids}
        rows, silent = [], 0
        for number, value in json_lines(path):
            try:
                row = labelled_text(value, place=number, families=families, sections=sections)
            except UnfitRow as wrong:
                raise CommandError(f"{path.name} line {number}: {wrong}. Mend that line.") from wrong
            silent += row is None
            if row is not None:
                rows.append(row)
            if len(rows) >= min(limit, MOST_ROWS):
                break
        if silent:
            self.stderr.write(f"{silent:,} rows say nothing about this policy and are left out.")
        return rows

    async def _evaluate(
        self, asked: Sequence[PublishedPolicy], rows: Sequence[LabelledText], file: str, engine: str | None
    ) -> list[UUID]:
        url = engine or next(iter(settings.REASONER_URLS), "")
        if not url:
            raise CommandError("No reasoner is configured. Give --engine URL, or set REASONER_URL.")
        try:
            reasoner = Reasoner(url, settings.REASONER_API_KEY, settings.REASONER_MODEL or None)
        except ValueError as wrong:
            raise CommandError(str(wrong)) from wrong
        ways: list[tuple[str, list[PolicyText]]] = [("apart", [policy_text(each) for each in asked])]
        if len(asked) > 1:
            ways.append(("together", [together(asked)]))
        async with reasoner:
            try:
                identity = await reasoner.identity()
            except EngineUnavailable as away:
                raise CommandError(f"{url}: {away.failure.reason}") from away
            if identity.practice:
                self.stderr.write(str(PRACTICE_NOTICE))
            return [await self._run(reasoner, identity, asked, way, texts, rows, file) for way, texts in ways]

    async def _run(
        self, reasoner: Reasoner, identity: EngineIdentity, asked: Sequence[PublishedPolicy], way: str,
        texts: Sequence[PolicyText], rows: Sequence[LabelledText], file: str,
    ) -> UUID:  # fmt: skip
        """One evaluation from its start to its end; the database is spoken to on a thread of its own."""
        sql = Sql()
        try:
            study = await sql(
                lambda: (
                    actions.start_evaluation(
                        policies=asked, way=way, file=file, rows=rows, engine=identity, actor=OPERATOR
                    ).pk
                )
            )
            failure = "The command was stopped before every row was asked."
            try:
                await self._ask(reasoner, texts, rows, Effort(asked[0].effort), study, sql)
                failure = ""
            finally:
                await sql(lambda: actions.end_evaluation(study=study, actor=OPERATOR, failure=failure))
            return study
        finally:
            await sql.close()

    async def _ask(
        self, reasoner: Reasoner, texts: Sequence[PolicyText], rows: Sequence[LabelledText], effort: Effort, study: UUID, sql: Sql
    ) -> None:  # fmt: skip
        kept: list[Answer] = []
        started, count = time.monotonic(), 0

        async def keep() -> None:
            nonlocal kept
            batch, kept = kept, []
            await sql(lambda: actions.keep_answers(study=study, answers=batch))

        try:
            async for answer in asking.answers(reasoner, texts, rows, effort):
                kept.append(answer)
                count += 1
                if len(kept) >= KEPT_AT_ONCE:
                    await keep()
                    self._tell(count, len(rows), started)
        finally:
            await keep()

    def _tell(self, count: int, total: int, started: float) -> None:
        rate = count / max(time.monotonic() - started, 0.001)
        self.stderr.write(f"\r{count:,} of {total:,} rows, {rate:,.0f} a second", ending="")

    def _report(self, studies: Sequence[UUID], against: UUID | None, path: Path | None) -> None:
        first = against or (studies[0] if len(studies) > 1 else None)
        pages = [
            reads_evaluation.evaluation_page(study, first if study != first else None) for study in studies
        ]
        for page in pages:
            self._print(page)
        if path:
            told = [reads_evaluation.as_json(page) for page in pages]
            path.write_text(
                json.dumps(told[0] if len(told) == 1 else told, indent=2) + "\n", encoding="utf-8"
            )

    def _print(self, page: EvaluationPage) -> None:
        say = self.stdout.write
        head = page.head
        say(
            f"\n{head.name} on {head.file}: {head.answered:,} of {head.total:,} rows · {head.model}, {head.effort}"
        )
        say(f"  precision  {page.scores.precision.words}")
        say(f"  recall     {page.scores.recall.words}")
        low, high = page.scores.f1_interval
        say(f"  F1         {page.scores.f1:.2f} ({low:.2f}–{high:.2f})")
        if page.kappa.value is not None:
            say(
                f"  kappa      {page.kappa.value:.2f} ({page.kappa.low:.2f}–{page.kappa.high:.2f}, n {page.kappa.n:,})"
            )
        say(f"  unsure     {page.unsure.words}")
        say(f"  no answer  {page.silent.words}")
        for line in page.sections:
            say(
                f"  {line.code:10} precision {line.scores.precision.words} · recall {line.scores.recall.words}"
            )
        for expect, cells in page.confusion.items():
            told = ", ".join(f"{label or 'no answer'} {count:,}" for label, count in cells.items())
            say(f"  people said {expect}: {told}")
        cost = page.cost
        say(
            f"  cost       {cost.seconds:,.1f} s of calls, {1000 * cost.per_row:,.0f} ms a row; "
            f"{cost.prompt:,.0f} tokens in, {cost.completion:,.0f} out a row; {cost.cached_percent or 0:.0f} % of the prompt cached"
        )
        if page.comparison:
            pair = page.comparison.paired
            say(
                f"  against {page.comparison.other.name}: both right {pair.both_right:,}, only this {pair.only_second:,}, "
                f"only the other {pair.only_first:,}, both wrong {pair.both_wrong:,}; exact McNemar p = {pair.p:.3g}"
            )
        for what, misses in (("missed", page.missed), ("flagged wrongly", page.wrongly), ("open", page.open)):
            for miss in misses:
                cited = f" {', '.join(miss.sections)}" if miss.sections else ""
                say(f"  {what}: {miss.key} is {miss.expect}, got {miss.label or miss.failure}{cited}")
        say(f"  /evaluations/{head.id}")


def _policy(wanted: str) -> PublishedPolicy:
    slug, _, number = wanted.partition("@")
    if number and not number.isdigit():
        raise CommandError(f"{wanted} is not SLUG or SLUG@N, such as spam@2.")
    return policies.published_version(slug, int(number) if number else None)
