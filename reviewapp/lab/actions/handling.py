"""The inbox of disagreements: each override becomes a case, a change of the draft, or is no matter of the policy."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor, record
from reviewapp.intake import reads as intake_reads
from reviewapp.lab.models import Handling
from reviewapp.policies import actions as policies
from reviewapp.policies.models import Section
from reviewapp.review.models import Decision, VerdictCall
from reviewapp.ui.errors import Missing, ProductError
from reviewapp.ui.words import Words

OUTCOMES: Final[dict[str, Words]] = {
    "case": gettext_lazy("became a case"),
    "draft": gettext_lazy("is dealt with in the draft"),
    "not_policy": gettext_lazy("is not a policy problem"),
}
MOST: Final = 200


class NothingChosen(ProductError):
    """No override was chosen, or one that cannot be dealt with so."""

    status = 422
    code = "nothing_chosen"


@transaction.atomic
def handle_overrides(*, decisions: Sequence[UUID], policy: UUID, outcome: str, person: Person) -> int:
    """Close overrides of a policy's verdicts with one outcome; `case` makes a case of each. Returns how many.

    What somebody closed already stays as it is. Raises NothingChosen, UnfitCase, Missing (an item was erased), Forbidden.
    """
    check_may(person, "lab.run")
    if outcome not in OUTCOMES:
        raise NothingChosen(_("Choose make case, draft, or not a policy problem."))
    if not decisions or len(decisions) > MOST:
        raise NothingChosen(_("Choose 1 to %(most)s overrides.") % {"most": MOST})
    rows = list(Decision.objects.select_for_update(of=("self",)).filter(pk__in=decisions).order_by("pk"))
    done = set(Handling.objects.filter(decision__in=rows).values_list("decision_id", flat=True))
    fresh = [row for row in rows if row.pk not in done]
    made = {row.pk: _case(row, policy, person) for row in fresh} if outcome == "case" else {}
    Handling.objects.bulk_create(
        Handling(decision=row, outcome=outcome, person=person, case=made.get(row.pk)) for row in fresh
    )
    if fresh:
        record(
            verb="override.handled", actor=Actor.person(person.pk), subjects=[row.item_id for row in fresh],
            data={"decisions": [str(row.pk) for row in fresh], "outcome": outcome},
        )  # fmt: skip
    return len(fresh)


def _case(row: Decision, policy: UUID, person: Person) -> UUID:
    content = intake_reads.contents([row.item_id]).get(row.item_id)
    if content is None:
        raise Missing(
            _("One of these items was erased or restricted, so it cannot become a case. Leave it out.")
        )
    case = policies.add_case(
        policy=policy, section=_section(row, policy), text=content.text, expect=str(row.label), person=person,
        origin_item=row.item_id,
    )  # fmt: skip
    return case.pk


def _section(row: Decision, policy: UUID) -> str:
    """The section that the person found, else the one that the overridden verdict cited."""
    found = row.findings.filter(version__policy=policy).values_list("section", flat=True).first()
    calls = VerdictCall.objects.filter(decision=row, call="overridden", verdict__version__policy=policy)
    cited = [code for sections in calls.values_list("verdict__sections", flat=True) for code in sections]
    known = set(Section.objects.filter(version__policy=policy).values_list("code", flat=True))
    section = next((code for code in ([found] if found else []) + cited if code in known), "")
    if not section:
        raise NothingChosen(_("No section is named here. Add the case beside its section by hand."))
    return section
