"""The read door for the engine page and the metrics: every endpoint, the line before them, what they cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from reviewapp.screening import rules
from reviewapp.screening.models import Canary, Circuit, ScreeningSettings, UnreadAnswer
from reviewapp.screening.reasons import reason_words
from reviewapp.screening.rules_canary import CANARY_STATES
from reviewapp.screening.rules_line import LANES, Lane
from reviewapp.ui.words import Words

CAP: Final = 10_000
STATES: Final[dict[str, tuple[str, Words]]] = {
    "closed": ("good", _("Closed, healthy")),
    "half_open": ("warn", _("Half open, trying one call")),
    "open": ("bad", _("Open: no calls")),
    "paused": ("warn", _("Paused")),
    "draining": ("warn", _("Draining")),
    "unasked": ("warn", _("Not asked yet")),
}
"""What an endpoint is up to: a tone and words."""
LANE_WORDS: Final[dict[int, Words]] = {
    Lane.NOW: _("Judge now, canary"),
    Lane.LIVE: _("Live items"),
    Lane.SECOND_LOOK: _("Second looks"),
    Lane.TRY_IT: _("Try-it"),
    Lane.GATE: _("Gates"),
    Lane.BACKTEST: _("Backtests"),
    Lane.EVALUATE: _("Evaluations"),
}


@dataclass(frozen=True, slots=True)
class CanaryWord:
    """How the engine answered the golden set: as many of `total` as before. `tone` is good, warn or bad."""

    id: UUID
    state: str
    label: Words
    tone: str
    same: int
    total: int
    at: datetime
    reason: str

    @property
    def alarm(self) -> bool:
        """Whether an admin has to look."""
        return self.state == "alarm"


@dataclass(frozen=True, slots=True)
class EngineRow:
    """One configured endpoint: who answered there last, and how its pump goes. `standing` is a key of `STATES`.

    Median and 99th are seconds of its last verdicts within the hour, at most 5,000; `retried` of a thousand of them
    had to be asked again.
    """

    endpoint: int
    address: str
    engine: UUID | None
    model: str
    version: str
    max_model_len: int
    practice: bool
    standing: str
    reason: str
    paused_until: datetime | None
    retry_at: datetime | None
    in_flight: int
    window: int
    rate: float
    seen_at: datetime | None
    median: float | None = None
    p99: float | None = None
    retried: int | None = None
    canary: CanaryWord | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return f"engine-{self.endpoint + 1}"

    @property
    def paused(self) -> bool:
        """Whether somebody paused it."""
        return self.standing in {"paused", "draining"}

    @property
    def tone(self) -> str:
        """Good, warn or bad."""
        return STATES[self.standing][0]

    @property
    def state(self) -> str:
        """What it is up to, in words."""
        return str(STATES[self.standing][1])


@dataclass(frozen=True, slots=True)
class LaneRow:
    """One lane of the line: how many wait (counted to 10,000) and for how long the first one has."""

    lane: int
    words: Words
    waiting: int
    oldest: float


@dataclass(frozen=True, slots=True)
class Work:
    """What all pumps did in a span of time, by their own count."""

    verdicts: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    busy_seconds: float

    @property
    def cached_percent(self) -> int | None:
        """Share of prompt tokens that the engine had in its cache."""
        return round(100 * self.cached_tokens / self.prompt_tokens) if self.prompt_tokens else None

    @property
    def seconds_a_verdict(self) -> float | None:
        """Seconds in which an engine had work, for each verdict."""
        return self.busy_seconds / self.verdicts if self.verdicts else None

    def cost_of_a_thousand(self, hour_price: float) -> float | None:
        """What a thousand verdicts cost where an engine-hour costs `hour_price`; None without a price or verdicts."""
        each = self.seconds_a_verdict
        return each * 1000 / 3600 * hour_price if each is not None and hour_price else None


@dataclass(frozen=True, slots=True)
class Reach:
    """Where the items of the last 24 hours went."""

    total: int
    reason: int
    passed: int
    people: int

    @property
    def percent(self) -> float | None:
        """The share that reached the reasoner."""
        return 100 * self.reason / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class EnginePage:
    """What the engine page shows; counts of waiting and leased stop at 10,000. `chart` is half-hours, oldest first.

    `failures` are kinds of the last hour in words, the latest reason of each, and how many.
    """

    engines: tuple[EngineRow, ...]
    practice_notice: str
    lanes: tuple[LaneRow, ...]
    leased: int
    cap: int
    failures: tuple[tuple[Words, str, int], ...]
    verdicts_5_min: int
    hour: Work
    reach: Reach
    settings: ScreeningSettings
    chart: tuple[float, ...]

    @property
    def waiting(self) -> int:
        """How many judgements wait in all lanes, counted to 10,000 in each."""
        return sum(each.waiting for each in self.lanes)

    @property
    def oldest_seconds(self) -> float | None:
        """For how long the first of any lane has waited."""
        return max((each.oldest for each in self.lanes), default=None)

    @property
    def rate(self) -> float:
        """Verdicts a second over the last five minutes."""
        return self.verdicts_5_min / 300

    @property
    def cost(self) -> float | None:
        """What a thousand verdicts cost at the rate of the last hour."""
        return self.hour.cost_of_a_thousand(self.settings.engine_hour_price)

    @property
    def in_flight(self) -> int:
        """Calls in flight to all engines."""
        return sum(each.in_flight for each in self.engines)

    @property
    def window(self) -> int:
        """Calls that may be in flight to the engines that are at work."""
        return sum(each.window for each in self.engines if each.tone == "good")

    @property
    def alarms(self) -> tuple[EngineRow, ...]:
        """Engines whose canary waits for an admin."""
        return tuple(each for each in self.engines if each.canary and each.canary.alarm)


_LANES: Final = """
WITH RECURSIVE step AS (
    (SELECT lane, run_id, version_id FROM screening_judgement WHERE state = 'pending'
     ORDER BY lane, run_id, version_id LIMIT 1)
    UNION ALL
    SELECT next.* FROM step, LATERAL (
        SELECT lane, run_id, version_id FROM screening_judgement
        WHERE state = 'pending' AND (lane, run_id, version_id) > (step.lane, step.run_id, step.version_id)
        ORDER BY lane, run_id, version_id LIMIT 1) AS next
)
SELECT step.lane, least(sum(line.waiting), %(cap)s)::int,
       extract(epoch FROM clock_timestamp() - min(line.first))::float
FROM step CROSS JOIN LATERAL (
    SELECT count(*) AS waiting, min(created_at) AS first FROM (
        SELECT created_at FROM screening_judgement j
        WHERE j.state = 'pending' AND (j.lane, j.run_id, j.version_id) = (step.lane, step.run_id, step.version_id)
        ORDER BY j.rank_at, j.id LIMIT %(cap)s) AS due
) AS line GROUP BY step.lane ORDER BY step.lane
"""

_WORK: Final = """
SELECT coalesce(sum(verdicts) FILTER (WHERE minute > now() - interval '5 min'), 0), coalesce(sum(verdicts), 0),
       coalesce(sum(prompt_tokens), 0), coalesce(sum(completion_tokens), 0), coalesce(sum(cached_tokens), 0),
       coalesce(sum(busy_seconds), 0)
FROM screening_engineminute WHERE minute > now() - interval '1 hour'
"""

_CHART: Final = """
SELECT coalesce(sum(m.verdicts), 0) / 1800.0 FROM generate_series(47, 0, -1) AS back
LEFT JOIN screening_engineminute m ON m.minute > now() - (back + 1) * interval '30 min'
    AND m.minute <= now() - back * interval '30 min'
GROUP BY back ORDER BY back DESC
"""

_PACE: Final = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds), percentile_cont(0.99) WITHIN GROUP (ORDER BY seconds),
       round(1000.0 * count(*) FILTER (WHERE j.transients + j.timeouts + j.invalids + j.crashes > 0) / count(*))::int
FROM (SELECT seconds, judgement_id FROM screening_verdict WHERE endpoint = %s AND at > now() - interval '1 hour'
      ORDER BY at DESC LIMIT 5000) AS v
JOIN screening_judgement j ON j.id = v.judgement_id HAVING count(*) > 0
"""


def engine_page() -> EnginePage:
    """The state of every configured endpoint and of the line before them, with what a person looks at over a day."""
    page = _page(tuple(_with_pace(each) for each in engine_rows()))
    return replace(page, reach=_reach(), chart=tuple(float(rate) for (rate,) in _rows(_CHART)))


def _page(engines: tuple[EngineRow, ...]) -> EnginePage:
    five, verdicts, prompt, completion, cached, busy = _rows(_WORK)[0]
    ((leased,),) = _rows(
        "SELECT count(*) FROM (SELECT FROM screening_judgement WHERE state = 'leased' LIMIT %s) AS l", CAP
    )
    return EnginePage(
        engines=engines,
        practice_notice=str(rules.PRACTICE_NOTICE) if any(each.practice for each in engines) else "",
        lanes=tuple(LaneRow(lane, LANE_WORDS[lane], count, age) for lane, count, age in _named(_LANES)),
        leased=leased, cap=CAP, failures=_failures(), verdicts_5_min=int(five),
        hour=Work(int(verdicts), int(prompt), int(completion), int(cached), float(busy)), reach=Reach(0, 0, 0, 0),
        settings=ScreeningSettings.objects.filter(pk=True).first() or ScreeningSettings(), chart=(),
    )  # fmt: skip


def engine_rows() -> tuple[EngineRow, ...]:
    """Every configured endpoint, by its place in REASONER_URL."""
    known = {row.pk: row for row in Circuit.objects.select_related("engine")}
    canaries = _canaries([row.engine_id for row in known.values() if row.engine_id])
    rows = [_engine_row(place, url, known.get(place)) for place, url in enumerate(settings.REASONER_URLS)]
    return tuple(replace(row, canary=canaries.get(row.engine) if row.engine else None) for row in rows)


def numbers() -> Mapping[str, Any]:
    """What /metrics tells: counts by state and by endpoint, capped where they could be many. Numbers only."""
    states = ("received", "awaiting_verdict", "awaiting_review")
    counts = _rows(
        """
        SELECT s.state, (SELECT count(*) FROM (SELECT FROM intake_item WHERE state = s.state LIMIT %s) AS c)
        FROM unnest(%s::text[]) AS s(state)
        """,
        CAP, list(states),
    )  # fmt: skip
    page = _page(engine_rows())
    return {"items": dict(counts), "engine": page, "circuits": page.engines}


def _engine_row(place: int, url: str, row: Circuit | None) -> EngineRow:
    if row is None or (row.address and row.address != url):
        return EngineRow(place, url, None, "", "", 0, False, "unasked", "", None, None, 0, 0, 0.0, None)
    engine = row.engine
    paused = "draining" if row.in_flight else "paused"
    return EngineRow(
        endpoint=place, address=url, engine=row.engine_id, model=engine.model if engine else "",
        version=engine.version if engine else "", max_model_len=engine.max_model_len if engine else 0,
        practice=bool(engine and engine.practice), standing=paused if row.paused else row.state, reason=row.paused_reason or reason_words(row.reason),
        paused_until=row.paused_until, retry_at=row.retry_at, in_flight=row.in_flight,
        window=row.window, rate=row.verdicts_per_second if row.in_flight else 0.0, seen_at=row.seen_at,
    )  # fmt: skip


def _with_pace(row: EngineRow) -> EngineRow:
    found = _rows(_PACE, row.endpoint)
    if not found:
        return row
    median, p99, retried = found[0]
    return replace(row, median=median, p99=p99, retried=retried)


def _canaries(engines: Sequence[UUID]) -> dict[UUID, CanaryWord]:
    """The latest canary of each engine."""
    rows = Canary.objects.filter(engine__in=engines).order_by("engine", "-started_at").distinct("engine")
    tones = {"passed": "good", "accepted": "good", "running": "warn", "alarm": "bad"}
    return {
        row.engine_id: CanaryWord(
            row.pk, row.state, str(CANARY_STATES[row.state].label), tones[row.state],
            row.total - row.changed - row.unanswered, row.total, row.finished_at or row.started_at, row.accepted_reason,
        )
        for row in rows
    }  # fmt: skip


def _reach() -> Reach:
    found = dict(
        _rows(
            "SELECT route, count(*) FROM screening_score WHERE scored_at > now() - interval '24 hours' GROUP BY 1"
        )
    )
    return Reach(sum(found.values()), found.get("reason", 0), found.get("pass", 0), found.get("people", 0))


def _failures() -> tuple[tuple[str, str, int], ...]:
    rows = _rows(
        "SELECT failure_kind, (array_agg(failure_reason ORDER BY done_at DESC))[1], count(*) FROM screening_judgement"
        " WHERE state = 'failed' AND done_at > now() - interval '1 hour' GROUP BY 1 ORDER BY 3 DESC, 1"
    )
    return tuple(
        (rules.FAILURE_WORDS.get(kind, kind), reason_words(reason), count) for kind, reason, count in rows
    )


@dataclass(frozen=True, slots=True)
class UnreadRow:
    """What was sent in place of a verdict on a text of ours; `why` is a sentence, `asked` says what it was asked for."""

    asked: Words
    policy: str
    why: str
    raw: str
    at: datetime


def unread_answers(*, limit: int = 5) -> tuple[UnreadRow, ...]:
    """The last answers of 24 hours that could not be read, of the golden set and the lab.

    Those on items stand on the items' own screens: here they could give away a call that is still to be made blind.
    """
    rows = UnreadAnswer.objects.filter(
        judgement__item=None, at__gt=Now() - timedelta(hours=24), judgement__state__in=["pending", "failed"]
    ).exclude(raw="")
    return tuple(
        UnreadRow(
            LANE_WORDS[LANES[row.judgement.run.kind]], row.judgement.version.title, reason_words(row.judgement.failure_reason),
            row.raw, row.at,
        )
        for row in rows.select_related("judgement__version", "judgement__run").order_by("-at")[:limit]
    )  # fmt: skip


def _rows(statement: str, *parameters: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return list(cursor.fetchall())


def _named(statement: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"cap": CAP})
        return list(cursor.fetchall())
