"""A case made where somebody reads an item: its text, with the section and the label that they give it."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.intake import reads as intake_reads
from reviewapp.policies import actions as policies
from reviewapp.policies.models import Case
from reviewapp.review.actions import drop_unsent
from reviewapp.review.rules import UnsentForm
from reviewapp.ui.errors import Missing


@transaction.atomic
def make_case(
    *, item: UUID, policy: UUID, section: str, text: str, expect: str, note: str, person: Person
) -> Case:
    """Add an item's text, as it is or changed, to the cases of a policy; for who writes no policies, as a suggestion.

    Raises UnfitCase, Missing (also for an item that was erased or restricted), Forbidden.
    """
    check_may(person, "case.add")
    if item not in intake_reads.contents([item]):
        raise Missing(
            _("This item was erased or restricted, so it cannot become a case. Nothing of it was kept.")
        )
    drop_unsent(item=item, person=person, form=UnsentForm.CASE)
    return policies.add_case(
        policy=policy, section=section, text=text, expect=expect, note=note, person=person, origin_item=item
    )
