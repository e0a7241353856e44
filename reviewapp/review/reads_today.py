"""The read door of one's own day: what somebody decided since midnight in their zone. Nobody else is shown it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connection

from reviewapp.accounts import reads_notices
from reviewapp.accounts.models import Person
from reviewapp.audit.clock import database_time
from reviewapp.review import reads_blind, reads_care
from reviewapp.screening.rules_share import Share, share

USUAL_DAYS: Final = 28
FEWEST_DAYS: Final = 5
"""A range over fewer days than this says nothing about what is usual."""
READ_A_SECOND: Final = 60
"""Characters: twice what fast readers manage, so that a confirm counted as quick was not read in full."""
BREAK_MINUTES: Final = 5
"""Without work for so long somebody had a break, as the reminder on the review screen counts it."""

_DECIDED: Final = """
    SELECT count(*), count(*) FILTER (WHERE c.call = 'overridden'), count(c.call)
    FROM review_decision d
    LEFT JOIN review_verdictcall c ON c.decision_id = d.id AND c.verdict_id = d.lead_id AND c.call IN ('agreed', 'overridden')
    WHERE d.person_id = %(person)s AND d.at >= %(since)s AND d.kind <> 'undone'
        AND NOT EXISTS (SELECT FROM review_decision n WHERE n.replaces_id = d.id AND n.kind = 'undone')
"""
_UNDONE: Final = "SELECT count(*) FROM review_decision WHERE person_id = %(person)s AND at >= %(since)s AND kind = 'undone'"
_ACTIVE: Final = """
    SELECT coalesce(sum(active), 0)::int, percentile_disc(0.5) WITHIN GROUP (ORDER BY active) FILTER (WHERE decided) FROM (
        SELECT sum(s.active_seconds)::int AS active, EXISTS (
            SELECT FROM review_decision d WHERE d.task_id = s.task_id AND d.person_id = %(person)s AND d.at >= %(since)s
        ) AS decided
        FROM review_stay s WHERE s.person_id = %(person)s AND s.seen_at >= %(since)s GROUP BY s.task_id
    ) worked
"""
_QUICK: Final = """
    SELECT count(*) FROM review_decision d
    JOIN review_verdictcall v ON v.decision_id = d.id AND v.verdict_id = d.lead_id AND v.call = 'agreed'
    JOIN review_task t ON t.id = d.task_id AND t.claimed_at <= d.at
    JOIN intake_item i ON i.id = d.item_id
    JOIN intake_itemcontent c ON c.item_id = i.id AND c.received_at = i.received_at
    WHERE d.person_id = %(person)s AND d.at >= %(since)s AND d.kind <> 'undone'
        AND NOT EXISTS (SELECT FROM review_decision n WHERE n.replaces_id = d.id AND n.kind = 'undone')
        AND extract(epoch FROM d.at - t.claimed_at) * %(speed)s < char_length(c.text)
"""
# When work went on after nothing was seen for so long. Who decides at once leaves no stay behind, so calls count too.
_BREAK: Final = """
    WITH work AS (
        SELECT started_at AS begun, seen_at AS ended FROM review_stay WHERE person_id = %(person)s AND seen_at >= %(since)s
        UNION ALL
        SELECT least(t.claimed_at, d.at), d.at FROM review_decision d JOIN review_task t ON t.id = d.task_id
        WHERE d.person_id = %(person)s AND d.at >= %(since)s
    )
    SELECT max(begun) FROM (
        SELECT begun, max(ended) OVER (ORDER BY begun ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM work
    ) spans WHERE begun - before >= make_interval(mins => %(gap)s)
"""
_USUAL: Final = """
    SELECT percentile_disc(0.25) WITHIN GROUP (ORDER BY made), percentile_disc(0.75) WITHIN GROUP (ORDER BY made), count(*)
    FROM (
        SELECT count(*) AS made FROM review_decision
        WHERE person_id = %(person)s AND kind <> 'undone' AND at < %(since)s AND at >= %(since)s - make_interval(days => %(days)s)
            AND (at AT TIME ZONE %(zone)s)::time <= (%(now)s AT TIME ZONE %(zone)s)::time
        GROUP BY (at AT TIME ZONE %(zone)s)::date
    ) days
"""


@dataclass(frozen=True, slots=True)
class Today:
    """One's own day. `usual`: the middle half of what one had decided by this time on the last 28 days, if enough are known.

    Times are seconds of work; `median` is None while nothing was decided. `points` of `cap` (0: none) are of ten hours.
    `quick`: confirms in less time than the text takes to read. `rested` is when the last break ended; None before the first.
    """

    decided: int
    usual: tuple[int, int] | None
    undone: int
    overrides: Share
    quick: int
    worked: int
    median: int | None
    agreement: Share
    points: int
    cap: int
    rested: datetime | None

    @property
    def filled(self) -> int:
        """How much of the limit is reached, in percent up to 100."""
        return min(100, round(100 * self.points / self.cap)) if self.cap else 0

    @property
    def band(self) -> tuple[str, str, str]:
        """Where the interval of the agreement starts, how wide it is, and where the share stands, in percent."""
        each = self.agreement
        middle = 100 * each.hits / each.n if each.n else 0.0
        return f"{100 * each.low:.1f}", f"{100 * (each.high - each.low):.1f}", f"{min(middle, 98):.1f}"


def today(person: Person) -> Today:
    """The person's day so far."""
    zone = ZoneInfo(person.time_zone)
    now = database_time().astimezone(zone)
    asked: dict[str, Any] = {
        "person": person.pk, "since": now.replace(hour=0, minute=0, second=0, microsecond=0), "now": now,
        "zone": person.time_zone, "days": USUAL_DAYS, "speed": READ_A_SECOND, "gap": BREAK_MINUTES,
    }  # fmt: skip
    decided, overridden, answered = _row(_DECIDED, asked)
    worked, median = _row(_ACTIVE, asked)
    return Today(
        decided=decided, usual=_usual(asked), undone=_row(_UNDONE, asked)[0], overrides=share(overridden, answered),
        quick=_row(_QUICK, asked)[0], rested=_row(_BREAK, asked)[0], worked=worked, median=median, agreement=reads_blind.of_person(person).blind, points=reads_care.exposure(person),
        cap=reads_notices.preferences(person).exposure_cap,
    )  # fmt: skip


def _usual(asked: dict[str, Any]) -> tuple[int, int] | None:
    low, high, days = _row(_USUAL, asked)
    return (low, high) if days >= FEWEST_DAYS else None


def _row(query: str, asked: dict[str, Any]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query, asked)
        row: tuple[Any, ...] = cursor.fetchone()
    return row
