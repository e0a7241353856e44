"""The read door of first words: what lists say of items, masked for each person as the items' own screens are."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from reviewapp.accounts import reads_notices
from reviewapp.accounts.models import Person
from reviewapp.accounts.rules import may
from reviewapp.intake import reads as intake
from reviewapp.questions import Answer, Rows, Trip
from reviewapp.review.reads_beside import veil_of
from reviewapp.review.rules import OPEN_TASK_STATES
from reviewapp.review.rules_mask import Veil
from reviewapp.review.rules_text import preview
from reviewapp.ui.languages import language_of

# Before a blind call there is no verdict here either, so that masks tell nothing of it.
_VERDICTS: Final = """
    SELECT i.id, i.language, i.detected, p.family, v.evidence_for,
           (SELECT coalesce(max(s.severity), 0) FROM policies_section s
            WHERE s.version_id = v.version_id AND s.code = ANY(v.sections))
    FROM intake_item i JOIN screening_currentverdict c ON c.item_id = i.id
    JOIN screening_verdict v ON v.id = c.verdict_id JOIN policies_policy p ON p.id = c.policy_id
    WHERE i.id = ANY(%(items)s) AND NOT (%(works)s AND EXISTS (
        SELECT FROM review_task t WHERE t.item_id = i.id AND t.blind AND t.state = ANY(%(open)s)
            AND NOT EXISTS (SELECT FROM review_blindcall WHERE task_id = t.id AND person_id = %(person)s)
            AND NOT EXISTS (SELECT FROM review_verdictsseen WHERE task_id = t.id AND person_id = %(person)s)
    ))
"""


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What masking goes by of one verdict that the person is shown."""

    family: str | None
    evidence_for: tuple[str, ...]
    severity: int


def previews_of(items: Sequence[UUID], person: Person, most: int = 90) -> dict[UUID, str]:
    """The first `most` letters of each item whose content may be read; one trip however many there are."""
    return previews_on(Trip(), items, person, most)()


def previews_on(trip: Trip, items: Sequence[UUID], person: Person, most: int = 90) -> Answer[dict[UUID, str]]:
    """The same, asked along with others; for no item nothing is asked."""
    if not items:
        return dict
    mode = reads_notices.preferences(person).masking
    texts = intake.contents_on(trip, items)
    veils = _veils_on(trip, items, person) if mode == "words" else dict
    bare = Veil(mode)
    return lambda: {
        item: preview(each.text, most, veil=veils().get(item, bare)) for item, each in texts().items()
    }


def _veils_on(trip: Trip, items: Sequence[UUID], person: Person) -> Answer[dict[UUID, Veil]]:
    asked: dict[str, Any] = {
        "items": list(items), "works": may(person.roles, "queue.work"), "open": list(OPEN_TASK_STATES), "person": person.pk,
    }  # fmt: skip
    return trip.ask(_VERDICTS, asked, _veils)


def _veils(rows: Rows) -> dict[UUID, Veil]:
    said: dict[UUID, list[_Verdict]] = defaultdict(list)
    languages = {}
    for item, language, detected, family, quotes, severity in rows:
        said[item].append(_Verdict(family, tuple(quotes), severity))
        languages[item] = language_of(language, detected)
    return {item: veil_of(verdicts, "words", languages[item]) for item, verdicts in said.items()}
