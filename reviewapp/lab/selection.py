"""Finds the past items of a re-run, and says beforehand how many they are and what judging them takes."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from reviewapp.lab.rules import COMPARED, MOST_ITEMS, Stratum, shares, spread
from reviewapp.policies.models import Version


@dataclass(frozen=True, slots=True)
class Wish:
    """Which decided items: the newest `last`, of a time, a section, a source; `stratified`: equal parts of each call.

    `passed` and `closed` are how many items that no person saw come along, of what the prefilter passed and of what
    the machine closed; `waiting` how many that the version in force has judged and a person has yet to decide.
    """

    last: int = 500
    since: datetime | None = None
    until: datetime | None = None
    section: str = ""
    source: str = ""
    stratified: bool = False
    passed: int = 50
    closed: int = 50
    waiting: int = 50

    def as_options(self) -> dict[str, Any]:
        """What a study keeps of it."""
        return {
            "last": self.last, "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None, "section": self.section, "source": self.source,
            "stratified": self.stratified, "passed": self.passed, "closed": self.closed,
            "waiting": self.waiting,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chosen:
    """One item of a re-run. `before` is a verdict of the published version by the engine of today, where there is one."""

    item: UUID
    stratum: str
    decision: UUID | None = None
    blind: bool = False
    label: str = ""
    sections: tuple[str, ...] = ()
    before: UUID | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a re-run takes: items, calls of the reasoner, tokens, minutes; the last two None where nothing is measured."""

    decided: int
    passed: int
    closed: int
    waiting: int
    calls: int
    tokens: int | None
    minutes: float | None

    @property
    def items(self) -> int:
        """All of them."""
        return self.decided + self.passed + self.closed + self.waiting

    def as_json(self) -> dict[str, Any]:
        """What a study keeps of it."""
        return {"items": self.items, "calls": self.calls, "tokens": self.tokens, "minutes": self.minutes}


# A call about this policy: allowed where it had been asked, violating where a finding names one of its sections.
_DECIDED: Final = """
SELECT d.item_id, d.id, coalesce((d.shown->>'blind')::boolean, false) OR second.there, d.label,
       coalesce(found.sections, '{}'), held.verdict_id
FROM review_decision d
JOIN intake_item i ON i.id = d.item_id AND i.purpose = 'live' AND NOT i.restricted AND i.state = 'decided'
JOIN intake_source s ON s.id = i.source_id
LEFT JOIN review_decision newer ON newer.replaces_id = d.id
LEFT JOIN LATERAL (
    SELECT array_agg(DISTINCT f.section ORDER BY f.section) AS sections FROM review_finding f
    JOIN policies_version v ON v.id = f.version_id AND v.policy_id = %(policy)s WHERE f.decision_id = d.id) AS found ON true
LEFT JOIN LATERAL (
    SELECT v.id, v.sections FROM screening_currentverdict c JOIN screening_verdict v ON v.id = c.verdict_id
    WHERE c.item_id = d.item_id AND c.policy_id = %(policy)s) AS latest ON true
LEFT JOIN LATERAL (
    SELECT v.id AS verdict_id FROM screening_verdict v JOIN screening_judgement j ON j.id = v.judgement_id
    JOIN screening_run r ON r.id = j.run_id AND r.kind IN ('live', 'second_look')
    WHERE v.item_id = d.item_id AND v.version_id = %(against)s
      AND (%(engine)s::uuid IS NULL OR v.engine_id = %(engine)s::uuid)
    ORDER BY v.at DESC LIMIT 1) AS held ON true
CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM review_decision t WHERE t.item_id = d.item_id AND t.kind = 'second') AS there) AS second
WHERE newer.id IS NULL AND d.kind NOT IN ('undone', 'second') AND d.release_at <= clock_timestamp()
  AND ((d.label = 'allowed' AND latest.id IS NOT NULL) OR (d.label = 'violates' AND found.sections IS NOT NULL))
  AND (%(since)s::timestamptz IS NULL OR d.at >= %(since)s) AND (%(until)s::timestamptz IS NULL OR d.at < %(until)s)
  AND (%(source)s = '' OR s.name = %(source)s)
  AND (%(section)s = '' OR %(section)s = ANY(found.sections) OR %(section)s = ANY(latest.sections))
ORDER BY d.at DESC, d.id LIMIT %(limit)s
"""

# Nothing that somebody may yet be asked to call before they see a verdict.
_WAITING: Final = """
SELECT i.id, held.verdict_id FROM intake_item i JOIN intake_source s ON s.id = i.source_id
JOIN screening_currentverdict c ON c.item_id = i.id AND c.policy_id = %(policy)s
JOIN screening_verdict latest ON latest.id = c.verdict_id
LEFT JOIN LATERAL (
    SELECT v.id AS verdict_id FROM screening_verdict v JOIN screening_judgement j ON j.id = v.judgement_id
    JOIN screening_run r ON r.id = j.run_id AND r.kind IN ('live', 'second_look')
    WHERE v.item_id = i.id AND v.version_id = %(against)s
      AND (%(engine)s::uuid IS NULL OR v.engine_id = %(engine)s::uuid)
    ORDER BY v.at DESC LIMIT 1) AS held ON true
WHERE i.state = 'awaiting_review' AND i.purpose = 'live' AND NOT i.restricted AND i.is_current
  AND EXISTS (SELECT FROM review_task t WHERE t.item_id = i.id AND t.state IN ('waiting', 'claimed', 'held'))
  AND NOT EXISTS (SELECT FROM review_task t WHERE t.item_id = i.id AND t.state IN ('waiting', 'claimed', 'held') AND t.blind)
  AND (%(source)s = '' OR s.name = %(source)s)
  AND (%(section)s = '' OR %(section)s = ANY(latest.sections))
ORDER BY i.received_at DESC, i.id LIMIT 5000
"""

_UNSEEN: Final = """
SELECT i.id FROM intake_item i JOIN intake_source s ON s.id = i.source_id
WHERE i.state = %(state)s AND i.purpose = 'live' AND NOT i.restricted AND i.is_current
  AND (%(source)s = '' OR s.name = %(source)s)
ORDER BY i.received_at DESC, i.id LIMIT 5000
"""

_PACE: Final = """
SELECT avg(v.prompt_tokens + v.completion_tokens), avg(v.seconds) FROM (
    SELECT v.prompt_tokens, v.completion_tokens, v.seconds FROM screening_verdict v
    ORDER BY v.at DESC, v.id DESC LIMIT 500) AS v
"""


def choose(version: Version, against: Version, wish: Wish) -> list[Chosen]:
    """The items of a re-run: decided ones newest first, then those that wait and those that no person saw.

    These are spread evenly over the newest 5,000 of each.
    """
    decided = _decided(version, against, wish)
    waiting = _waiting(version, against, wish)
    unseen = [
        Chosen(item, stratum.value)
        for stratum, state, wanted in (
            (Stratum.PASSED, "passed", wish.passed), (Stratum.CLOSED, "closed_by_machine", wish.closed),
        )
        for item in _unseen(state, wish.source, wanted)
    ]  # fmt: skip
    return [*decided, *waiting, *unseen]


def estimate(chosen: list[Chosen]) -> Estimate:
    """What judging these takes, from the newest 500 verdicts and the pace of the pumps."""
    by = {stratum: sum(each.stratum == stratum for each in chosen) for stratum in Stratum}
    calls = sum(1 + (each.stratum in COMPARED and each.before is None) for each in chosen)
    with connection.cursor() as cursor:
        cursor.execute(_PACE)
        tokens, seconds = cursor.fetchone()
        cursor.execute('SELECT sum(greatest(verdicts_per_second, 0)), sum("window") FROM screening_circuit')
        pace, window = cursor.fetchone()
    if not pace and seconds:
        pace = max(window or 0, 32) / float(seconds)
    return Estimate(
        by[Stratum.DECIDED], by[Stratum.PASSED], by[Stratum.CLOSED], by[Stratum.WAITING], calls,
        round(float(tokens) * calls) if tokens else None, calls / float(pace) / 60 if pace else None,
    )  # fmt: skip


def a_day(state: str) -> float:
    """How many items a day ended in `state`, over the last seven days."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) / 7.0 FROM intake_item
            WHERE state = %s AND purpose = 'live' AND received_at > clock_timestamp() - interval '7 days'
            """,
            [state],
        )
        return float(cursor.fetchone()[0])


def engine_now() -> UUID | None:
    """The engine at the first endpoint, if one was ever asked."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT engine_id FROM screening_circuit WHERE engine_id IS NOT NULL ORDER BY endpoint LIMIT 1"
        )
        row = cursor.fetchone()
    return row[0] if row else None


def _decided(version: Version, against: Version, wish: Wish) -> list[Chosen]:
    with connection.cursor() as cursor:
        cursor.execute(
            _DECIDED,
            {
                "policy": version.policy_id, "against": against.pk, "engine": engine_now(), "since": wish.since,
                "until": wish.until, "source": wish.source, "section": wish.section,
                "limit": MOST_ITEMS if wish.stratified else min(wish.last, MOST_ITEMS),
            },
        )  # fmt: skip
        rows = [
            Chosen(item, Stratum.DECIDED.value, decision, blind, label, tuple(sections), before)
            for item, decision, blind, label, sections, before in cursor.fetchall()
        ]
    return _stratified(rows, wish.last) if wish.stratified else rows


def _stratified(rows: list[Chosen], wanted: int) -> list[Chosen]:
    """Equal parts of every (label, section), each spread evenly over its time."""
    strata: dict[str, list[Chosen]] = defaultdict(list)
    for each in rows:
        strata[f"{each.label} {each.sections[0] if each.sections else ''}"].append(each)
    given = shares({name: len(found) for name, found in strata.items()}, wanted)
    return [
        found[place] for name, found in sorted(strata.items()) for place in spread(len(found), given[name])
    ]


def _waiting(version: Version, against: Version, wish: Wish) -> list[Chosen]:
    if not wish.waiting:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            _WAITING,
            {
                "policy": version.policy_id, "against": against.pk, "engine": engine_now(), "source": wish.source,
                "section": wish.section,
            },
        )  # fmt: skip
        found = [Chosen(item, Stratum.WAITING.value, before=before) for item, before in cursor.fetchall()]
    return [found[place] for place in spread(len(found), wish.waiting)]


def _unseen(state: str, source: str, wanted: int) -> list[UUID]:
    if not wanted:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_UNSEEN, {"state": state, "source": source})
        found = [row[0] for row in cursor.fetchall()]
    return [found[place] for place in spread(len(found), wanted)]
