"""Lends judgements to a pump under a lease, renews the lease, and takes them back. Times are the database's."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from inference import ContextEntry, Effort, ItemText, PolicyText
from reviewapp.intake import reads as intake_reads
from reviewapp.policies.models import Case
from reviewapp.screening.actions.settling import fail
from reviewapp.screening.rules import RunKind, room_for_suspects
from reviewapp.screening.rules_line import Group, share_out

LEASE_SECONDS: Final = 40
FOR_PEOPLE: Final = frozenset({RunKind.LIVE, RunKind.SECOND_LOOK})


@dataclass(frozen=True, slots=True)
class Claim:
    """One judgement on loan: what to ask, and the epoch without which its result is not taken.

    `version` is who it is grouped by; `larger` asks for a larger answer, because the last one was cut or unreadable.
    """

    judgement: UUID
    epoch: int
    version: UUID
    run: UUID
    item: UUID | None
    policy: PolicyText
    subject: ItemText
    effort: Effort
    transients: int = 0
    timeouts: int = 0
    invalids: int = 0
    lane: int = 1
    kind: str = "live"
    crashes: int = 0

    @property
    def is_suspect(self) -> bool:
        """Whether it was in the hands of somebody who crashed, so that it may be the reason."""
        return self.crashes > 0

    @property
    def larger(self) -> bool:
        """Whether an answer to this question could not be read before."""
        return self.invalids > 0


_GROUPS: Final = """
WITH RECURSIVE step AS (
    (SELECT lane, run_id, version_id FROM screening_judgement WHERE state = 'pending'
     ORDER BY lane, run_id, version_id LIMIT 1)
    UNION ALL
    SELECT next.* FROM step, LATERAL (
        SELECT lane, run_id, version_id FROM screening_judgement
        WHERE state = 'pending' AND (lane, run_id, version_id) > (step.lane, step.run_id, step.version_id)
        ORDER BY lane, run_id, version_id LIMIT 1) AS next
)
SELECT step.lane, step.run_id, step.version_id, line.waiting, line.age
FROM step
JOIN screening_run r ON r.id = step.run_id AND r.state = 'running'
LEFT JOIN screening_engine wanted ON wanted.id = r.engine_id
LEFT JOIN screening_circuit c ON c.endpoint = %(endpoint)s
LEFT JOIN screening_engine here ON here.id = c.engine_id
CROSS JOIN LATERAL (
    SELECT count(*) AS waiting, extract(epoch FROM clock_timestamp() - min(created_at))::float AS age FROM (
        SELECT created_at FROM screening_judgement j
        WHERE j.state = 'pending' AND (j.lane, j.run_id, j.version_id) = (step.lane, step.run_id, step.version_id)
          AND (j.not_before IS NULL OR j.not_before <= clock_timestamp()) AND j.crashes = 0
        ORDER BY j.rank_at, j.id LIMIT %(most)s) AS due
) AS line
WHERE line.waiting > 0
  AND ((r.engine_id IS NULL AND NOT %(second)s) OR r.engine_id = here.id
       OR (r.kind <> 'canary' AND wanted.model = here.model))
"""
"""One row for each lane, run and version with something due: a loose index scan, so a backlog's length costs nothing."""

_TAKE: Final = """
UPDATE screening_judgement j
SET state = 'leased', lease_epoch = j.lease_epoch + 1, held_by = %(place)s,
    lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
FROM (
    SELECT due.id FROM unnest(%(lanes)s::int[], %(runs)s::uuid[], %(versions)s::uuid[], %(counts)s::int[])
        AS wanted(lane, run, version, count),
    LATERAL (
        SELECT id FROM screening_judgement p
        WHERE p.state = 'pending' AND (p.lane, p.run_id, p.version_id) = (wanted.lane, wanted.run, wanted.version)
          AND (p.not_before IS NULL OR p.not_before <= clock_timestamp()) AND p.crashes = 0
        ORDER BY p.rank_at, p.id LIMIT wanted.count FOR UPDATE SKIP LOCKED) AS due
) AS picked, screening_run r
WHERE j.id = picked.id AND r.id = j.run_id
RETURNING j.id, j.lease_epoch, j.version_id, j.run_id, j.item_id, j.case_id, j.text, r.effort,
          j.transients, j.timeouts, j.invalids, j.lane, j.policy_hash, r.kind, j.crashes
"""

_TAKE_SUSPECTS: Final = """
WITH due AS (
    SELECT p.id, p.crashes, p.rank_at FROM screening_judgement p
    JOIN screening_run s ON s.id = p.run_id AND s.state = 'running'
    LEFT JOIN screening_engine wanted ON wanted.id = s.engine_id
    LEFT JOIN screening_circuit c ON c.endpoint = %(endpoint)s
    LEFT JOIN screening_engine here ON here.id = c.engine_id
    WHERE p.state = 'pending' AND p.crashes >= 1 AND (p.not_before IS NULL OR p.not_before <= clock_timestamp())
      AND ((s.engine_id IS NULL AND NOT %(second)s) OR s.engine_id = here.id
           OR (s.kind <> 'canary' AND wanted.model = here.model))
), worst AS (SELECT max(crashes) AS crashes FROM due), picked AS (
    SELECT p.id FROM screening_judgement p WHERE p.state = 'pending' AND p.id IN (
        SELECT due.id FROM due JOIN worst USING (crashes) ORDER BY due.rank_at, due.id
        LIMIT least(%(limit)s, (SELECT (%(rooms)s::int[])[crashes] FROM worst)))
    FOR UPDATE SKIP LOCKED
)
UPDATE screening_judgement j
SET state = 'leased', lease_epoch = j.lease_epoch + 1, held_by = %(place)s,
    lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
FROM picked, screening_run r
WHERE j.id = picked.id AND r.id = j.run_id
RETURNING j.id, j.lease_epoch, j.version_id, j.run_id, j.item_id, j.case_id, j.text, r.effort,
          j.transients, j.timeouts, j.invalids, j.lane, j.policy_hash, r.kind, j.crashes
"""
"""Only such as were in the most crashes: fewer of them may go together."""


@dataclass(frozen=True, slots=True)
class _Row:
    judgement: UUID
    epoch: int
    version: UUID
    run: UUID
    item: UUID | None
    case: UUID | None
    text: str | None
    effort: str
    transients: int
    timeouts: int
    invalids: int
    lane: int
    policy_hash: str
    kind: str
    crashes: int


@transaction.atomic
def claim_judgements(
    *,
    endpoint: int,
    limit: int,
    quick: int = 0,
    aged: int = 0,
    flying: Mapping[tuple[UUID, UUID], int] = MappingProxyType({}),
    suspects: Collection[int] | None = (),
    place: int | None = None,
    lease_seconds: int = LEASE_SECONDS,
) -> list[Claim]:
    """Lease up to `limit` waiting judgements, and up to `quick` more for people before a screen; by policy version.

    `flying` counts the calls in flight of (run, version), `aged` slots of `limit` are for what waited too long: see
    `rules_line.share_out`. What may not be judged any more (restricted, replaced, erased or gone subjects, a draft
    that was changed since) ends here; it is never sent. `suspects`: the crash counts of those in hand that were in
    crashes before; as many more of them are taken as may be together (`rules.room_for_suspects`), None: none are looked
    for. `place`: whose they are, so that the next pump of that place may take them back at once.
    """
    lent = _Lent(endpoint, place, lease_seconds, endpoint > 0 and _is_second(endpoint))
    rows = _take_suspects(lent, limit, suspects) if suspects is not None and limit > 0 else []
    rows += _take(lent, limit - len(rows), quick, aged, flying)
    if not rows:
        return []
    subjects = _subjects(rows)
    texts = _policy_texts({row.version for row in rows})
    _end_unfit(rows, subjects, texts)
    claims = [
        _claim(row, subjects[row.judgement], texts[row.version])
        for row in rows
        if _is_fit(row, subjects, texts)
    ]
    return sorted(claims, key=lambda claim: (claim.lane, claim.version))


@dataclass(frozen=True, slots=True)
class _Lent:
    """To whom, and for how many seconds; `second`: whose engine is for doubtful items only."""

    endpoint: int
    place: int | None
    seconds: int
    second: bool


def _take(
    lent: _Lent, limit: int, quick: int, aged: int, flying: Mapping[tuple[UUID, UUID], int]
) -> list[_Row]:
    with connection.cursor() as cursor:
        cursor.execute(
            _GROUPS,
            {
                "endpoint": lent.endpoint,
                "most": limit + quick,
                "second": lent.second,
            },
        )
        groups = [
            Group((lane, run, version), lane, waiting, flying.get((run, version), 0), age or 0.0)
            for lane, run, version, waiting, age in cursor.fetchall()
        ]
        given = share_out(groups, limit=limit, quick=quick, aged=aged)
        if not given:
            return []
        lanes, runs, versions = zip(*given, strict=True)
        cursor.execute(
            _TAKE,
            {
                "lanes": list(lanes), "runs": list(runs), "versions": list(versions),
                "counts": list(given.values()), "lease": lent.seconds, "place": lent.place,
            },
        )  # fmt: skip
        return [_Row(*row) for row in cursor.fetchall()]


def _take_suspects(lent: _Lent, limit: int, held: Collection[int]) -> list[_Row]:
    with connection.cursor() as cursor:
        cursor.execute(
            _TAKE_SUSPECTS,
            {
                "endpoint": lent.endpoint, "lease": lent.seconds, "place": lent.place, "limit": limit, "second": lent.second,
                "rooms": room_for_suspects(held),
            },
        )  # fmt: skip
        return [_Row(*row) for row in cursor.fetchall()]


def _is_second(endpoint: int) -> bool:
    """Whether an endpoint is kept for doubtful items: it has another model than the first one, which is at work."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT here.model <> main.model AND first.state = 'closed' AND NOT first.paused
            FROM screening_circuit c JOIN screening_engine here ON here.id = c.engine_id,
                 screening_circuit first JOIN screening_engine main ON main.id = first.engine_id
            WHERE c.endpoint = %s AND first.endpoint = 0
              AND NOT EXISTS (SELECT FROM screening_screeningsettings WHERE NOT (second_look_on AND escalate_on))
            """,
            [endpoint],
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def _is_fit(row: _Row, subjects: Mapping[UUID, ItemText], texts: Mapping[UUID, Any]) -> bool:
    return row.judgement in subjects and not _is_rewritten(row, texts)


def _is_rewritten(row: _Row, texts: Mapping[UUID, Any]) -> bool:
    return bool(row.policy_hash) and texts[row.version][0].hash != row.policy_hash


def _end_unfit(rows: Sequence[_Row], subjects: Mapping[UUID, ItemText], texts: Mapping[UUID, Any]) -> None:
    gone = [row.judgement for row in rows if row.judgement not in subjects]
    if gone:
        fail(judgements=gone, kind="withdrawn", reason="Its subject was restricted, replaced or erased.")
    rewritten = [row.judgement for row in rows if row.judgement in subjects and _is_rewritten(row, texts)]
    if rewritten:
        reason = "The draft was changed after this was asked. Start the run again for the new text."
        fail(judgements=rewritten, kind="rewritten", reason=reason)


def renew_leases(*, claims: Sequence[Claim], lease_seconds: int = LEASE_SECONDS) -> set[UUID]:
    """Push the leases of `claims` out; returns the judgements that are still held. The others belong to somebody else."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE screening_judgement j SET lease_until = clock_timestamp() + make_interval(secs => %s)
            FROM unnest(%s::uuid[], %s::int[]) AS held(id, epoch)
            WHERE j.id = held.id AND j.lease_epoch = held.epoch AND j.state = 'leased' RETURNING j.id
            """,
            [lease_seconds, [claim.judgement for claim in claims], [claim.epoch for claim in claims]],
        )
        return {row[0] for row in cursor.fetchall()}


def release(*, claims: Sequence[Claim]) -> int:
    """Give `claims` back unjudged and uncounted, as a pump that stops does; returns how many were still held."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE screening_judgement j SET state = 'pending', lease_until = NULL
            FROM unnest(%s::uuid[], %s::int[]) AS held(id, epoch)
            WHERE j.id = held.id AND j.lease_epoch = held.epoch AND j.state = 'leased'
            """,
            [[claim.judgement for claim in claims], [claim.epoch for claim in claims]],
        )
        return int(cursor.rowcount)


def policy_text(version: UUID) -> PolicyText:
    """One version as it is sent. Raises KeyError when there is none."""
    return _policy_texts({version})[version][0]


def _claim(row: _Row, subject: ItemText, text: tuple[PolicyText, str]) -> Claim:
    policy, effort = text
    return Claim(
        judgement=row.judgement, epoch=row.epoch, version=row.version, run=row.run, item=row.item,
        policy=policy, subject=subject, effort=Effort(row.effort or effort),
        transients=row.transients, timeouts=row.timeouts, invalids=row.invalids, lane=row.lane, kind=row.kind, crashes=row.crashes,
    )  # fmt: skip


def _subjects(rows: Sequence[_Row]) -> dict[UUID, ItemText]:
    """What each judgement is about. A replaced revision is still judged for the lab, never for people."""
    items = {row.item for row in rows if row.item}
    standing = intake_reads.readable().filter(pk__in=items)
    states = {
        key: (state, language) for key, state, language in standing.values_list("pk", "state", "language")
    }
    languages: Mapping[UUID, str] = {key: language for key, (_, language) in states.items()}
    contents = intake_reads.contents(list(languages))
    wanted = Case.objects.filter(pk__in={row.case for row in rows if row.case}, erased=False)
    cases = dict(wanted.values_list("pk", "text"))
    found = {}
    for row in rows:
        if row.item in contents and row.kind in FOR_PEOPLE and states[row.item][0] == "superseded":
            continue
        if row.item in contents:
            found[row.judgement] = item_text(row.item, contents[row.item], languages[row.item])
        elif row.case in cases:
            found[row.judgement] = ItemText(id=str(row.case), text=cases[row.case])
        elif row.text is not None:
            found[row.judgement] = ItemText(id=str(row.judgement), text=row.text)
    return found


def item_text(item: UUID, content: Any, language: str) -> ItemText:
    """The item as it is sent: text, thread, and only the number of its attachments."""
    context = tuple(
        ContextEntry(role=str(entry.get("role", "")), text=str(entry.get("text", "")))
        for entry in content.context
    )
    return ItemText(str(item), content.text, context, len(content.attachments), language)


def _policy_texts(versions: set[UUID]) -> dict[UUID, tuple[PolicyText, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT v.id, v.effort, p.slug, v.number, v.hash, v.model_text,
                ARRAY(SELECT s.code FROM policies_section s WHERE s.version_id = v.id ORDER BY s.ordinal)
            FROM policies_version v JOIN policies_policy p ON p.id = v.policy_id WHERE v.id = ANY(%s)
            """,
            [list(versions)],
        )
        return {
            version: (PolicyText(slug, number, text_hash, text, tuple(codes)), effort)
            for version, effort, slug, number, text_hash, text, codes in cursor.fetchall()
        }
