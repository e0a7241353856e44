"""The read door of one queue's page: what waits in it, as far as somebody looks for, and what is in people's hands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from reviewapp.accounts.models import Person
from reviewapp.accounts.rules import may
from reviewapp.intake import reads as intake
from reviewapp.intake.models import Source
from reviewapp.policies import reads as policies
from reviewapp.review import reads, reads_languages
from reviewapp.review.models import QueueNote, Task
from reviewapp.review.reads_previews import previews_of
from reviewapp.review.reads_related import MOST, RELATES
from reviewapp.review.rules import NO_LABEL
from reviewapp.screening import reads as screening

PAGE_ROWS: Final = 50
REACH: Final = 1_000
"""How many of a queue's tasks one page with a filter looks through, so that it costs the same in a queue of any length."""
_ORDERS: Final = {"urgent": ("tier", "rank_at", "id"), "oldest": ("due_at", "id")}
_ROWS: Final = """
    WITH few AS MATERIALIZED (
        SELECT row_number() OVER (ORDER BY {order}) AS place, * FROM (
            SELECT id, item_id, tier, rank_at, due_at, policy FROM review_task
            WHERE queue_id = %(queue)s AND state = 'waiting' {among} ORDER BY {order} LIMIT %(reach)s
        ) walked
    )
    SELECT (SELECT count(*) FROM few), (SELECT id FROM few ORDER BY place DESC LIMIT 1), fit.*
    FROM (SELECT) AS once LEFT JOIN LATERAL (
        SELECT t.id, t.item_id, i.received_at, t.due_at,
               (SELECT count(*) FROM intake_flag f WHERE f.item_id = i.id AND f.kind <> 'automated'), s.name,
               (SELECT count(*) FROM (SELECT FROM intake_item WHERE likeness = i.likeness AND id <> i.id
                    AND {relates} LIMIT %(alike)s) others)
        FROM few t JOIN intake_item i ON i.id = t.item_id AND NOT i.restricted JOIN intake_source s ON s.id = i.source_id
        WHERE true {fits} ORDER BY t.place LIMIT %(rows)s
    ) fit ON true
""".replace("{relates}", RELATES)
# The task's policy is the lead verdict's: both are written together.
_LEAD: Final = """EXISTS (
    SELECT FROM screening_currentverdict c JOIN screening_verdict v ON v.id = c.verdict_id
    JOIN policies_policy p ON p.id = c.policy_id WHERE c.item_id = t.item_id AND p.slug = t.policy {says}
)"""
_FITS: Final = {
    "source": "AND s.name = %(source)s",
    "reported": "AND EXISTS (SELECT FROM intake_flag f WHERE f.item_id = i.id AND f.kind <> 'automated')",
    "words": """AND EXISTS (SELECT FROM intake_itemcontent c WHERE c.item_id = i.id AND c.received_at = i.received_at
                            AND c.text ILIKE %(words)s)""",
    "verdict": "AND " + _LEAD.format(says="AND v.label = %(verdict)s"),
    "section": "AND t.policy = %(policy)s AND " + _LEAD.format(says="AND %(section)s = ANY(v.sections)"),
}
# Two questions, so that each has its own small index among a million tasks that wait.
_IN_HAND: Final = """
    SELECT t.item_id, t.is_held, t.claimed_at, t.ends, t.claimed_by_id FROM (
        SELECT item_id, true AS is_held, claimed_at, hold_until AS ends, claimed_by_id FROM review_task
        WHERE state = 'held' AND queue_id = %(queue)s
        UNION ALL
        SELECT item_id, false, claimed_at, lease_until, claimed_by_id FROM review_task
        WHERE state = 'claimed' AND NOT reserved AND queue_id = %(queue)s
    ) t JOIN intake_item i ON i.id = t.item_id AND NOT i.restricted ORDER BY t.claimed_at LIMIT %(rows)s
"""


@dataclass(frozen=True, slots=True)
class Sought:
    """What somebody looks for in a queue; empty asks for everything. `verdict` and `section` (`slug:code`) count with verdicts only.

    `words` stand in the text whatever their case, or are an item's id here or on its source. `order`: `urgent`, `oldest`,
    or the queue's own.
    """

    words: str = ""
    source: str = ""
    language: str = ""
    reported: str = ""
    verdict: str = ""
    section: str = ""
    order: str = ""

    @property
    def narrows(self) -> bool:
        """Whether it asks for less than everything."""
        return bool(self.words or self.chosen)

    @property
    def chosen(self) -> int:
        """How many of the lists are not left as they were."""
        lists = (self.source, self.language, self.reported, self.verdict, self.section)
        return sum(map(bool, lists))


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One waiting task as everybody may see it: of a verdict it shows only what the worst words are masked by."""

    task: UUID
    item: UUID
    preview: str
    since: datetime
    due_at: datetime
    reports: int
    source: str
    others_alike: int
    lead: Any = None

    @property
    def alike(self) -> str:
        """How many have the like text, itself among them, counted up to MOST."""
        return f"{MOST}+" if self.others_alike == MOST else str(self.others_alike + 1)


@dataclass(frozen=True, slots=True)
class HandRow:
    """A task that somebody works on (`until`: their lease) or holds (`until`: when it returns)."""

    item: UUID
    preview: str
    who: str
    held: bool
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class ShiftNote:
    """The latest note that one shift left for the next."""

    who: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters offer, as value and words; sections in groups by policy."""

    sources: tuple[str, ...]
    languages: tuple[tuple[str, str], ...]
    sections: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


@dataclass(frozen=True, slots=True)
class QueuePage:
    """One page of a queue; `before` and `after` are cursors (a task) or None.

    `looked` of the queue's tasks were gone through for it, 0 where an index led to them.
    """

    queue: reads.QueueLine
    rows: tuple[QueueRow, ...]
    before: UUID | None
    after: UUID | None
    looked: int
    sought: Sought
    order: str
    own_order: str
    choices: Choices
    in_hand: UUID | None
    hands: tuple[HandRow, ...]
    with_verdicts: bool
    note: ShiftNote | None


@dataclass(frozen=True, slots=True)
class _Walk:
    """Rows that fit, in the order of the walk; how many were gone through for them, whether it might go on, the last one."""

    rows: list[tuple[Any, ...]]
    looked: int
    broke_off: bool
    end: UUID | None

    def onward(self) -> UUID | None:
        """The cursor that goes on the same way."""
        if len(self.rows) > PAGE_ROWS:
            task: UUID = self.rows[PAGE_ROWS - 1][0]
            return task
        return self.end if self.broke_off else None


def queue_page(
    slug: str,
    person: Person,
    *,
    after: UUID | None = None,
    before: UUID | None = None,
    with_verdicts: bool = False,
    sought: Sought | None = None,
) -> QueuePage:
    """Fifty waiting tasks in the order asked for, from a cursor on; as fast in a queue of a million as in one of a thousand.

    With a filter it goes through REACH tasks at most. `with_verdicts` adds the lead verdict to each row; only for people
    who may see it. Raises Missing.
    """
    sought = sought or Sought()
    key, line = reads.queue_line(slug)
    own = "oldest" if line.oldest_first else "urgent"
    order = sought.order if sought.order in _ORDERS else own
    walk = _walk(key, sought, order, after=after, before=before, with_verdicts=with_verdicts)
    onward = walk.onward()
    rows = _lines(walk.rows[:PAGE_ROWS], person, with_verdicts=with_verdicts)
    if before is not None:
        rows = rows[::-1]
    came_from = after or before
    back = None if came_from is None else rows[0 if after else -1].task if rows else came_from
    return QueuePage(
        queue=line, rows=rows, before=onward if before else back, after=back if before else onward,
        looked=walk.looked, sought=sought, order=order, own_order=own,
        choices=_choices(key, with_verdicts=with_verdicts), in_hand=reads.in_hand(person),
        hands=_hands(key, person) if may(person.roles, "claim.take_over") else (), with_verdicts=with_verdicts,
        note=_shift_note(key),
    )  # fmt: skip


def _walk(
    queue: UUID, sought: Sought, order: str, *, after: UUID | None, before: UUID | None, with_verdicts: bool
) -> _Walk:
    """Row comparison on the queue's index, one way or the other; a cursor's place is looked up, never sent.

    The place comes in as values: compared with a subquery, the index would not be used.
    """
    fits = [name for name in ("source", "reported") if getattr(sought, name)]
    asked: dict[str, Any] = {
        "queue": queue,
        "rows": PAGE_ROWS + 1,
        "alike": MOST,
        "source": sought.source,
    }
    if with_verdicts:
        asked["policy"], _colon, asked["section"] = sought.section.partition(":")
        asked["verdict"] = sought.verdict
        fits += [name for name in ("verdict", "section") if getattr(sought, name)]
    among = ["AND language = %(language)s"] if sought.language else []
    asked["language"] = sought.language
    one = intake.named(sought.words) if sought.words else None
    if one is not None:
        among.append("AND item_id = %(item)s")
        asked["item"] = one
    elif sought.words:
        fits.append("words")
        asked["words"] = f"%{_literal(sought.words)}%"
    asked["reach"] = REACH if fits else PAGE_ROWS + 1
    columns = _ORDERS[order]
    cursor_at = after or before
    place = Task.objects.filter(pk=cursor_at).values(*columns).first() if cursor_at else None
    if place:
        names = ", ".join(f"%(at_{name})s" for name in columns)
        among.append(f"AND ({', '.join(columns)}) {'<' if before else '>'} ({names})")
        asked |= {f"at_{name}": value for name, value in place.items()}
    sql = _ROWS.replace("{order}", ", ".join(f"{name} DESC" if before else name for name in columns))
    sql = sql.replace("{among}", " ".join(among)).replace(
        "{fits}", " ".join(_fit(name, sought) for name in fits)
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, asked)
        found = cursor.fetchall()
    looked, end = found[0][:2]
    rows = [row[2:] for row in found if row[2] is not None]
    return _Walk(rows, looked if fits else 0, looked == asked["reach"], end)


def _fit(name: str, sought: Sought) -> str:
    return "AND t.policy = ''" if name == "verdict" and sought.verdict == NO_LABEL else _FITS[name]


def _literal(words: str) -> str:
    """Words as a pattern that means them alone."""
    return words.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def _lines(found: Sequence[tuple[Any, ...]], person: Person, *, with_verdicts: bool) -> tuple[QueueRow, ...]:
    items = [row[1] for row in found]
    previews = previews_of(items, person)
    leads: Mapping[UUID, Any] = screening.lead_facts(items) if with_verdicts and items else {}
    return tuple(
        QueueRow(task, item, previews.get(item, ""), since, due_at, reports, source, alike, leads.get(item))
        for task, item, since, due_at, reports, source, alike in found
    )


def _choices(queue: UUID, *, with_verdicts: bool) -> Choices:
    sections = (
        (
            each.title,
            tuple((f"{each.slug}:{section.code}", f"{section.code} {section.title}")
                  for section in policies.version_sections(each.version_id)),
        )
        for each in (policies.in_force() if with_verdicts else ())
    )  # fmt: skip
    names = Source.objects.order_by("name").values_list("name", flat=True)
    return Choices(tuple(names), reads_languages.waiting_in(queue), tuple(sections))


def _hands(queue: UUID, person: Person) -> tuple[HandRow, ...]:
    """What is claimed and held, the longest first; the person's own is left out."""
    with connection.cursor() as cursor:
        cursor.execute(_IN_HAND, {"queue": queue, "rows": PAGE_ROWS})
        found = [row for row in cursor.fetchall() if row[4] != person.pk]
    previews = previews_of([row[0] for row in found], person)
    people = Person.objects.in_bulk([row[4] for row in found])
    return tuple(
        HandRow(item, previews.get(item, ""), str(people[who]), is_held, since, until)
        for item, is_held, since, until, who in found
    )


def _shift_note(queue: UUID) -> ShiftNote | None:
    row = QueueNote.objects.select_related("person").filter(queue=queue).order_by("-at").first()
    return ShiftNote(str(row.person), row.text, row.at) if row else None
