"""The read door of judging one item now: which policies owe it a verdict, and who waits in the line for one."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection

HOPELESS: Final = frozenset({"too_long"})
"""Failures that asking again cannot mend."""

_POLICIES: Final = """
WITH asked AS (
    SELECT v.policy_id, j.version_id, j.state, j.lane, j.replica, j.failure_kind
    FROM screening_judgement j JOIN screening_run r ON r.id = j.run_id AND r.kind = 'live'
    JOIN policies_version v ON v.id = j.version_id
    WHERE j.item_id = %(item)s
), said AS (
    SELECT c.policy_id, v.version_id FROM screening_currentverdict c JOIN screening_verdict v ON v.id = c.verdict_id
    WHERE c.item_id = %(item)s
)
SELECT f.id, f.title, f.number, last.state, last.lane, last.failure_kind, said.version_id, old.number
FROM (SELECT policy_id FROM asked UNION SELECT policy_id FROM said) touched
JOIN policies_version f ON f.policy_id = touched.policy_id AND f.state = 'published'
LEFT JOIN LATERAL (
    SELECT state, lane, failure_kind FROM asked WHERE asked.version_id = f.id ORDER BY replica DESC LIMIT 1) last ON true
LEFT JOIN said ON said.policy_id = touched.policy_id
LEFT JOIN policies_version old ON old.id = said.version_id
ORDER BY f.title
"""


@dataclass(frozen=True, slots=True)
class Missing:
    """A policy in force without a verdict on the item; `why` says in words what there is instead."""

    version: UUID
    title: str
    why: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What *Judge now* would do. `waiting`: policies in the line or being judged; `ahead`: all of these are in front."""

    missing: tuple[Missing, ...]
    waiting: int
    ahead: bool
    asked_before: bool

    @property
    def open(self) -> bool:
        """Whether pressing the button changes anything."""
        return bool(self.missing) or not self.asked_before or (self.waiting > 0 and not self.ahead)

    @property
    def why(self) -> str:
        """Why somebody would press it, in words; empty where only the line is long."""
        return "; ".join(f"{each.title}: {each.why}" for each in self.missing)


def offer(item: UUID) -> Offer:
    """Where an item stands with the policies in force; three indexed look-ups."""
    with connection.cursor() as cursor:
        cursor.execute(_POLICIES, {"item": item})
        rows = cursor.fetchall()
    missing, waiting = [], []
    for version, title, number, state, lane, failure, said, old in rows:
        if state in ("pending", "leased"):
            waiting.append(state == "leased" or lane == 0)
        elif said != version and state != "done" and failure not in HOPELESS:
            missing.append(Missing(version, f"{title} v{number}", _why(state, old)))
    return Offer(tuple(missing), len(waiting), all(waiting), bool(rows))


def _why(state: str | None, old: int | None) -> str:
    if state == "failed":
        return "no verdict came"
    return f"only v{old} judged it" if old else "not asked yet"
