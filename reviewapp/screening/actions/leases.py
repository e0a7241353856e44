"""Lends judgements to a pump under a lease, renews the lease, and takes them back. Times are the database's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from inference import ContextEntry, Effort, ItemText, PolicyText
from reviewapp.intake import reads as intake_reads
from reviewapp.intake.models import Item
from reviewapp.policies.models import Case, Section, Version
from reviewapp.screening.actions.settling import fail

LEASE_SECONDS: Final = 40
_GONE: Final = ("superseded", "erased")


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

    @property
    def larger(self) -> bool:
        """Whether an answer to this question could not be read before."""
        return self.invalids > 0


_CLAIM: Final = """
WITH picked AS (
    SELECT id FROM screening_judgement
    WHERE state = 'pending' AND (not_before IS NULL OR not_before <= clock_timestamp())
    ORDER BY priority, created_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE screening_judgement j
SET state = 'leased', lease_epoch = j.lease_epoch + 1,
    lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
FROM picked, screening_run r WHERE j.id = picked.id AND r.id = j.run_id
RETURNING j.id, j.lease_epoch, j.version_id, j.run_id, j.item_id, j.case_id, j.text, r.effort,
          j.transients, j.timeouts, j.invalids, j.priority
"""


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
    priority: int


@transaction.atomic
def claim_judgements(*, endpoint: int, limit: int, lease_seconds: int = LEASE_SECONDS) -> list[Claim]:
    """Lease up to `limit` waiting judgements, most urgent and oldest first, grouped by policy version.

    Judgements of items that were restricted, replaced or erased end here as withdrawn; they are never sent.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"limit": limit, "lease": lease_seconds})
        rows = [_Row(*row) for row in cursor.fetchall()]
    subjects = _subjects(rows)
    withdrawn = [row.judgement for row in rows if row.judgement not in subjects]
    if withdrawn:
        fail(judgements=withdrawn, kind="withdrawn", reason="The item was restricted, replaced or erased.")
    texts = _policy_texts({row.version for row in rows})
    claims = [
        _claim(row, subjects[row.judgement], texts[row.version]) for row in rows if row.judgement in subjects
    ]
    order = {
        row.judgement: place
        for place, row in enumerate(sorted(rows, key=lambda row: (row.priority, row.version)))
    }
    return sorted(claims, key=lambda claim: order[claim.judgement])


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
        transients=row.transients, timeouts=row.timeouts, invalids=row.invalids,
    )  # fmt: skip


def _subjects(rows: Sequence[_Row]) -> dict[UUID, ItemText]:
    items = {row.item for row in rows if row.item}
    standing = Item.objects.filter(pk__in=items, restricted=False).exclude(state__in=_GONE)
    languages: Mapping[UUID, str] = dict(standing.values_list("pk", "language"))
    contents = intake_reads.contents(list(languages))
    cases = dict(Case.objects.filter(pk__in={row.case for row in rows if row.case}).values_list("pk", "text"))
    found = {}
    for row in rows:
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
    codes: dict[UUID, list[str]] = {}
    for version, code in (
        Section.objects.filter(version__in=versions).order_by("ordinal").values_list("version_id", "code")
    ):
        codes.setdefault(version, []).append(code)
    rows = Version.objects.filter(pk__in=versions).select_related("policy")
    return {
        row.pk: (
            PolicyText(row.policy.slug, row.number, row.hash, row.model_text, tuple(codes.get(row.pk, ()))),
            row.effort,
        )
        for row in rows
    }
