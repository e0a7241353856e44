"""The read door for the pages about machines: the engine page and its chip, the prefilter page, the metrics."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import connection

from inference import Prefilter
from inference.prefilter import SHIPPED
from reviewapp.screening import rules
from reviewapp.screening.models import Circuit, ScreeningSettings

CAP: Final = 10_000
STALE_SECONDS: Final = 120
_STATES: Final = {
    "closed": ("good", "Closed, healthy"),
    "half_open": ("warn", "Half open, trying one call"),
    "open": ("bad", "Open: no calls"),
}


@dataclass(frozen=True, slots=True)
class EngineRow:
    """One configured endpoint: who answered there last, and how its pump goes. `tone` is good, warn or bad."""

    endpoint: int
    address: str
    model: str
    version: str
    max_model_len: int
    practice: bool
    tone: str
    state: str
    reason: str
    retry_at: datetime | None
    in_flight: int
    window: int
    rate: float
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class EnginePage:
    """What the engine page shows; counts of waiting and leased stop at 10,000."""

    engines: tuple[EngineRow, ...]
    practice_notice: str
    waiting: int
    leased: int
    cap: int
    oldest_seconds: float | None
    failures: tuple[tuple[str, int], ...]
    verdicts_5_min: int
    verdicts_60_min: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    median_seconds: float | None
    p99_seconds: float | None

    @property
    def rate(self) -> float:
        """Verdicts a second over the last five minutes."""
        return self.verdicts_5_min / 300

    @property
    def cached_percent(self) -> int | None:
        """Share of prompt tokens that the engine had in its cache, in the last hour."""
        return round(100 * self.cached_tokens / self.prompt_tokens) if self.prompt_tokens else None


@dataclass(frozen=True, slots=True)
class Chip:
    """The reasoner in the top bar: `tone` is empty (well), warn or bad."""

    tone: str
    words: str
    short: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the model card: what, and shares with their intervals as the card prints them."""

    what: str
    recall: str
    near_miss: str
    ordinary: str


@dataclass(frozen=True, slots=True)
class PrefilterPage:
    """What the prefilter page shows. `routes` are (route, why in words, count) of the last 24 hours."""

    name: str
    threshold: float
    threshold_label: str
    groups: tuple[tuple[str, tuple[Figure, ...]], ...]
    send_everything_on: bool
    sample_percent: str
    routes: tuple[tuple[str, str, int], ...]
    scored: int
    passed: int

    @property
    def passed_percent(self) -> int | None:
        """Share of the last 24 hours' items that were passed."""
        return round(100 * self.passed / self.scored) if self.scored else None


def engine_page() -> EnginePage:
    """The state of every configured endpoint and of the line before them."""
    engines = _engines()
    waiting, leased, oldest = _row(
        """
        SELECT (SELECT count(*) FROM (SELECT FROM screening_judgement WHERE state = 'pending' LIMIT %(cap)s) AS p),
               (SELECT count(*) FROM (SELECT FROM screening_judgement WHERE state = 'leased' LIMIT %(cap)s) AS l),
               (SELECT extract(epoch FROM clock_timestamp() - created_at)::float FROM screening_judgement
                WHERE state = 'pending' ORDER BY priority, created_at, id LIMIT 1)
        """
    )
    five, sixty, prompt, completion, cached, median, p99 = _row(
        """
        SELECT count(*) FILTER (WHERE at > now() - interval '5 min'), count(*),
               coalesce(sum(prompt_tokens), 0), coalesce(sum(completion_tokens), 0), coalesce(sum(cached_tokens), 0),
               percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds), percentile_cont(0.99) WITHIN GROUP (ORDER BY seconds)
        FROM screening_verdict WHERE at > now() - interval '1 hour'
        """
    )
    return EnginePage(
        engines=engines,
        practice_notice=rules.PRACTICE_NOTICE if any(each.practice for each in engines) else "",
        waiting=waiting, leased=leased, cap=CAP, oldest_seconds=oldest, failures=_failures(),
        verdicts_5_min=five, verdicts_60_min=sixty, prompt_tokens=int(prompt), completion_tokens=int(completion),
        cached_tokens=int(cached), median_seconds=median, p99_seconds=p99,
    )  # fmt: skip


def chip() -> Chip:
    """The reasoner's state in a few words, for the top bar of every page."""
    engines = _engines()
    if not engines:
        return Chip("warn", "No reasoner is configured", "None")
    working = [each for each in engines if each.tone == "good"]
    name = "Practice reasoner" if all(each.practice for each in engines) else "Reasoner"
    if not working:
        fresh = [each for each in engines if each.tone == "warn"]
        return (
            Chip("warn", f"{name}: not heard of yet", "…")
            if fresh
            else Chip("bad", f"{name} is away", "Away")
        )
    waiting, *_ = _row(
        "SELECT count(*) FROM (SELECT FROM screening_judgement WHERE state = 'pending' LIMIT %(cap)s) AS p"
    )
    rate = sum(each.rate for each in working)
    words = (
        f"{name}: {rate:.0f} verdicts/s · {_capped(waiting)} waiting" if waiting else f"{name}: nothing waits"
    )
    return Chip("" if len(working) == len(engines) else "warn", words, "OK")


def prefilter_page() -> PrefilterPage:
    """The model in force with its card's figures, the switches, and where items went in the last 24 hours."""
    model = Prefilter.shipped()
    switches = ScreeningSettings.objects.filter(pk=True).first() or ScreeningSettings()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT route, why, count(*) FROM screening_score WHERE scored_at > now() - interval '24 hours'"
            " GROUP BY route, why ORDER BY 3 DESC, 1, 2"
        )
        rows = cursor.fetchall()
    return PrefilterPage(
        name=model.name,
        threshold=model.threshold,
        threshold_label=model.label,
        groups=card_figures(SHIPPED / "MODEL_CARD.md"),
        send_everything_on=switches.send_everything_on,
        sample_percent=f"{100 * switches.sample_share:g}",
        routes=tuple((route, rules.WHY_WORDS[rules.Why(why)], count) for route, why, count in rows),
        scored=sum(row[2] for row in rows),
        passed=sum(row[2] for row in rows if row[0] == rules.Route.PASS),
    )


@lru_cache(maxsize=4)
def card_figures(path: Path) -> tuple[tuple[str, tuple[Figure, ...]], ...]:
    """The figure tables of a model card: for each group its heading and its lines, as printed; empty without a card."""
    if not path.exists():
        return ()
    groups: list[tuple[str, list[Figure]]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("## ") and groups:
            break
        if line.startswith("### "):
            groups.append((line[4:], []))
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if groups and len(cells) == 5 and re.search(r"\d", line):
            groups[-1][1].append(Figure(*cells[:4]))
    return tuple((heading, tuple(figures)) for heading, figures in groups)


def numbers() -> Mapping[str, Any]:
    """What /metrics tells: counts by state and by endpoint, capped where they could be many. Numbers only."""
    states = ("received", "awaiting_verdict", "awaiting_review")
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT s.state, (SELECT count(*) FROM (SELECT FROM intake_item WHERE state = s.state LIMIT %s) AS c)
            FROM unnest(%s::text[]) AS s(state)
            """,
            [CAP, list(states)],
        )
        items = dict(cursor.fetchall())
    page = engine_page()
    return {"items": items, "engine": page, "circuits": _engines()}


def _engines() -> tuple[EngineRow, ...]:
    known = {row.pk: row for row in Circuit.objects.select_related("engine")}
    return tuple(
        _engine_row(place, url, known.get(place)) for place, url in enumerate(settings.REASONER_URLS)
    )


def _engine_row(place: int, url: str, row: Circuit | None) -> EngineRow:
    if row is None:
        return EngineRow(place, url, "", "", 0, False, "warn", "Not asked yet", "", None, 0, 0, 0.0, None)
    engine = row.engine
    tone, state = ("warn", "Paused") if row.paused else _STATES[row.state]
    return EngineRow(
        endpoint=place, address=url, model=engine.model if engine else "", version=engine.version if engine else "",
        max_model_len=engine.max_model_len if engine else 0, practice=bool(engine and engine.practice),
        tone=tone, state=state, reason=row.paused_reason or row.reason, retry_at=row.retry_at,
        in_flight=row.in_flight, window=row.window, rate=row.verdicts_per_second if row.in_flight else 0.0,
        seen_at=row.seen_at,
    )  # fmt: skip


def _failures() -> tuple[tuple[str, int], ...]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT failure_kind, count(*) FROM screening_judgement WHERE state = 'failed'"
            " AND done_at > now() - interval '1 hour' GROUP BY 1 ORDER BY 2 DESC, 1"
        )
        return tuple((rules.FAILURE_WORDS.get(kind, kind), count) for kind, count in cursor.fetchall())


def _row(statement: str) -> Sequence[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"cap": CAP})
        found: Sequence[Any] = cursor.fetchone()
    return found


def _capped(count: int) -> str:
    return f"{count:,}" if count < CAP else f"{CAP:,}+"
