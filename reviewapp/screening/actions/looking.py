"""Second looks: severe or doubtful first verdicts are judged again, and what came of it is kept beside the item."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection

from reviewapp.audit.actions import REASONER, record
from reviewapp.ids import new_ids
from reviewapp.policies import reads as policies
from reviewapp.screening import rules_second
from reviewapp.screening.models import Engine, Run, ScreeningSettings
from reviewapp.screening.rules import RunKind
from reviewapp.screening.rules_line import SECONDS_A_POINT, Lane
from reviewapp.screening.rules_second import Because, Look

PRIORITY: Final = 100
Pair = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class FirstVerdict:
    """A live verdict that was just stored."""

    item: UUID
    version: UUID
    label: str
    confidence: str
    sections: tuple[str, ...]


def look_again(*, verdicts: Sequence[FirstVerdict], engine: UUID) -> int:
    """Ask for second looks at those of `verdicts` that are severe or doubtful; returns how many. In a transaction.

    Severe ones are judged as often as the settings say, by whoever is free; doubtful ones by a second model where
    another engine is configured, else by the same one again
    (not a practice reasoner, whose low confidence says nothing). The item does not wait for it.
    """
    if not verdicts or (terms := _terms(engine)) is None:
        return 0
    severities = _severities(verdicts)
    wanted: dict[UUID | None, list[tuple[UUID, UUID, int]]] = defaultdict(list)
    why = Counter[str]()
    for each in verdicts:
        found = rules_second.reasons(
            Look(each.label, each.confidence), max((severities.get((each.version, code), 0) for code in each.sections), default=0),
            on=True, least_severity=terms.severity, doubtful=terms.doubtful,
        )  # fmt: skip
        why.update(reason.value for reason in found)
        if Because.DOUBTFUL in found and terms.second:
            wanted[terms.second].append((each.item, each.version, 0))
        if Because.SEVERE in found or (found and not terms.second):
            again = range(1, terms.times)
            wanted[None] += [(each.item, each.version, replica) for replica in again]
    asked = sum(_ask(run_engine, rows) for run_engine, rows in wanted.items())
    if asked:
        items = sorted({item for rows in wanted.values() for item, _, _ in rows})
        record(
            verb="look.asked",
            actor=REASONER,
            subjects=items,
            data={"why": dict(sorted(why.items())), "count": asked},
        )
    return asked


_COMPARED: Final = """
SELECT v.item_id, v.version_id, v.id, r.kind = 'second_look' AND r.engine_id IS NOT NULL, v.label, v.confidence,
       v.sections, r.kind
FROM screening_verdict v
JOIN screening_judgement j ON j.id = v.judgement_id
JOIN screening_run r ON r.id = j.run_id AND r.kind IN ('live', 'second_look')
JOIN unnest(%s::uuid[], %s::uuid[]) AS pair(item, version) ON v.item_id = pair.item AND v.version_id = pair.version
WHERE NOT EXISTS (
    SELECT FROM screening_judgement o JOIN screening_run s ON s.id = o.run_id AND s.kind = 'second_look'
    WHERE o.item_id = pair.item AND o.version_id = pair.version AND o.state IN ('pending', 'leased'))
ORDER BY r.kind, v.at, v.id
"""
"""Live sorts before second_look, so the first verdict stands first."""

_KEEP: Final = """
INSERT INTO screening_stability AS s (id, item_id, version_id, looks, agree, unstable, escalated, sections)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (item_id, version_id) DO UPDATE SET looks = excluded.looks, agree = excluded.agree,
    unstable = excluded.unstable, escalated = excluded.escalated, at = clock_timestamp()
"""

_LEAD: Final = """
UPDATE screening_currentverdict c SET verdict_id = v.id
FROM screening_verdict v JOIN policies_version p ON p.id = v.version_id JOIN intake_item i ON i.id = v.item_id
WHERE v.id = ANY(%s) AND c.item_id = v.item_id AND c.policy_id = p.policy_id AND c.verdict_id <> v.id
  AND i.state IN ('awaiting_verdict', 'awaiting_review')
  AND (SELECT o.version_id FROM screening_verdict o WHERE o.id = c.verdict_id) = v.version_id
"""
"""The verdict on screen changes only while the item waits for a person, and never from one version to another."""


def compare_looks(*, pairs: Iterable[Pair]) -> int:
    """Keep what second looks at (item, version) `pairs` came to, where all have ended; returns how many are unstable.

    Must run in the transaction that ended them. Locks the items first, so that of two transactions that end the last
    two looks the later one sees both.
    """
    wanted = sorted(set(pairs))
    if not wanted:
        return 0
    items = sorted({item for item, _ in wanted})
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM intake_item WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [items])
        cursor.execute(_COMPARED, [[item for item, _ in wanted], [version for _, version in wanted]])
        found: dict[Pair, list[tuple[UUID, Look, list[str]]]] = defaultdict(list)
        for item, version, verdict, escalated, label, confidence, sections, _ in cursor.fetchall():
            found[item, version].append((verdict, Look(label, confidence, escalated), sections))
        return _keep({pair: looks for pair, looks in found.items() if len(looks) > 1})


def _keep(found: dict[Pair, list[tuple[UUID, Look, list[str]]]]) -> int:
    leads = []
    unstable: dict[UUID, list[UUID]] = defaultdict(list)
    compared: dict[UUID, list[UUID]] = defaultdict(list)
    for key, ((item, version), looks) in zip(new_ids(len(found)), sorted(found.items()), strict=True):
        came_to = rules_second.compare([look for _, look, _ in looks])
        leads.append(looks[came_to.lead][0])
        compared[version].append(item)
        if came_to.unstable:
            unstable[version].append(item)
        escalated = any(look.escalated for _, look, _ in looks)
        with connection.cursor() as keeping:
            keeping.execute(
                _KEEP,
                [key, item, version, came_to.looks, came_to.agree, came_to.unstable, escalated, looks[0][2]],
            )
    with connection.cursor() as keeping:
        keeping.execute(_LEAD, [leads])
    for version, items in sorted(compared.items()):
        data = {"version": str(version), "unstable": len(unstable[version]), "count": len(items)}
        record(verb="look.compared", actor=REASONER, subjects=items, data=data)
    return sum(map(len, unstable.values()))


def _ask(engine: UUID | None, rows: Sequence[tuple[UUID, UUID, int]]) -> int:
    items, versions, replicas = zip(*rows, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO screening_judgement (id, run_id, version_id, item_id, replica, state, priority, lane, rank_at,
                policy_hash, lease_epoch, crashes, timeouts, transients, invalids, failure_kind, failure_reason)
            SELECT new.id, %s, new.version, new.item, new.replica, 'pending', %s, %s,
                clock_timestamp() + make_interval(secs => %s), '', 0, 0, 0, 0, 0, '', ''
            FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::int[]) AS new(id, version, item, replica)
            ON CONFLICT DO NOTHING
            """,
            [
                _standing_run(engine), PRIORITY, Lane.SECOND_LOOK, PRIORITY * SECONDS_A_POINT, new_ids(len(rows)),
                list(versions), list(items), list(replicas),
            ],
        )  # fmt: skip
        return int(cursor.rowcount)


def _standing_run(engine: UUID | None) -> UUID:
    """The run of all second looks by `engine`, made when it is first needed; it never ends."""
    title = "Second model" if engine else "Second looks"
    asked = Engine.objects.get(pk=engine) if engine else None
    run, _ = Run.objects.get_or_create(
        kind=RunKind.SECOND_LOOK.value, effort="", engine=asked, started_by=None, defaults={"title": title}
    )
    return run.pk


_TERMS: Final = """
SELECT here.practice, coalesce(s.second_look_on, %(on)s), coalesce(s.second_look_severity, %(severity)s),
    coalesce(s.second_look_doubtful, %(doubtful)s), coalesce(s.second_look_times, %(times)s), (
        SELECT other.id FROM screening_circuit c JOIN screening_engine other ON other.id = c.engine_id
        WHERE c.endpoint BETWEEN 1 AND %(last)s AND NOT c.paused AND other.model <> here.model
          AND coalesce(s.escalate_on, %(escalate)s)
        ORDER BY c.endpoint LIMIT 1)
FROM screening_engine here LEFT JOIN screening_screeningsettings s ON s.id WHERE here.id = %(engine)s
"""


@dataclass(frozen=True, slots=True)
class _Terms:
    """From which severity on, whether for doubt too, how often; `second`: an engine with another model, if there is one."""

    severity: int
    doubtful: bool
    times: int
    second: UUID | None


def _terms(engine: UUID) -> _Terms | None:
    """On what terms verdicts of `engine` are looked at again; None: never. One statement, for each batch of verdicts."""
    usual = ScreeningSettings()
    with connection.cursor() as cursor:
        cursor.execute(
            _TERMS,
            {
                "engine": engine, "last": len(settings.REASONER_URLS) - 1, "on": usual.second_look_on,
                "severity": usual.second_look_severity, "doubtful": usual.second_look_doubtful,
                "times": usual.second_look_times, "escalate": usual.escalate_on,
            },
        )  # fmt: skip
        practice, on, severity, doubtful, times, second = cursor.fetchone()
    return _Terms(severity, doubtful and bool(second or not practice), times, second) if on else None


def _severities(verdicts: Sequence[FirstVerdict]) -> dict[tuple[UUID, str], int]:
    found = policies.sections_of({each.version for each in verdicts})
    return {(version, each.code): each.severity for version, sections in found.items() for each in sections}
