"""What somebody typed and has not sent, kept on the server so that nothing is lost with a page."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now

from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.ids import new_id
from reviewapp.intake import reads as intake
from reviewapp.policies.rules_cases import MOST_CASE_TEXT
from reviewapp.review import rules, rules_claims
from reviewapp.review.actions.deciding import MOST_REASON
from reviewapp.review.models import Draft, Stay, Task, Unsent
from reviewapp.review.rules import UnsentForm

_MOST: Final = {
    "section": 200, "other": 200, "action": 40, "days": 10, "territories": 400, "exception": 40, "review_on": 10,
    "reason_code": 40, "reason": MOST_REASON,
}  # fmt: skip
_SAVE: Final = f"""
    INSERT INTO review_draft (id, task_id, person_id, {", ".join(_MOST)}, saved_at)
    VALUES (%s, %s, %s, {", ".join("%s" for _ in _MOST)}, clock_timestamp())
    ON CONFLICT (task_id, person_id) DO UPDATE SET saved_at = excluded.saved_at,
        {", ".join(f"{name} = excluded.{name}" for name in _MOST)}
"""  # noqa: S608 - only constants are put together
_MAY_SEND: Final = {UnsentForm.NOTE: "item.note", UnsentForm.CASE: "case.add"}


@transaction.atomic
def save_draft(*, task: UUID, person: Person, **typed: str) -> None:
    """Keep the form of an open task as it stands; without section and reason there is nothing to keep, nor for a task that is done.

    `typed`: what each field holds. Nothing changes hands, so no event is left. Overlong text is cut at what a decision
    may hold. Raises Forbidden.
    """
    check_may(person, "queue.work")
    # Locked, so that an erasure which withdraws the task finds the draft, or there is none.
    still_open = Task.objects.select_for_update(no_key=True).filter(pk=task, state__in=rules.OPEN_TASK_STATES)
    if still_open.first() is None:
        return
    if not (typed.get("section") or typed.get("reason")):
        Draft.objects.filter(task_id=task, person=person).delete()
        return
    values = [typed.get(name, "")[:most] for name, most in _MOST.items()]
    with connection.cursor() as cursor:
        cursor.execute(_SAVE, [new_id(), task, person.pk, *values])


@transaction.atomic
def keep_unsent(*, item: UUID, person: Person, form: UnsentForm, typed: Mapping[str, str]) -> None:
    """Keep a note or a case on an item as it stands in its form; no words mean nothing to keep, and neither does an item that is gone.

    `typed`: what each field holds. Nothing changes hands, so no event is left. Overlong words are cut. Raises Forbidden.
    """
    check_may(person, _MAY_SEND[form])
    kept = {name: text[:MOST_CASE_TEXT] for name, text in typed.items() if text.strip()}
    if not kept:
        drop_unsent(item=item, person=person, form=form)
    elif intake.stands(item):
        Unsent.objects.update_or_create(
            item_id=item, person=person, form=form, defaults={"typed": kept, "saved_at": Now()}
        )


def drop_unsent(*, item: UUID, person: Person, form: UnsentForm) -> None:
    """Forget what a person typed into a form on an item: it was sent, or is not wanted."""
    Unsent.objects.filter(item_id=item, person=person, form=form).delete()


@transaction.atomic
def forget_traces() -> int:
    """Drop what nobody sent in 14 days and stays older than 90; returns how many rows."""
    old = {"saved_at__lt": Now() - rules_claims.DRAFT_KEPT}
    drafts = Draft.objects.filter(**old).delete()[0] + Unsent.objects.filter(**old).delete()[0]
    return drafts + Stay.objects.filter(seen_at__lt=Now() - rules_claims.STAY_KEPT).delete()[0]
