"""The read door of making a case beside an item: what the form offers, and what it starts with."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from reviewapp.accounts.models import Person
from reviewapp.intake import reads as intake_reads
from reviewapp.policies import reads as policies
from reviewapp.policies.rules_cases import EXPECTATIONS
from reviewapp.review import reads_blind
from reviewapp.review.models import Decision
from reviewapp.screening import reads as screening
from reviewapp.ui.errors import Missing


@dataclass(frozen=True, slots=True)
class SectionChoice:
    """A section that a case can test; `value` is `policy:section`."""

    value: str
    code: str
    title: str


@dataclass(frozen=True, slots=True)
class PolicyChoice:
    """A policy in force and its sections, in file order."""

    title: str
    sections: tuple[SectionChoice, ...]


@dataclass(frozen=True, slots=True)
class CaseForm:
    """The form: `section` and `expect` are empty where nobody said anything yet, or the person may not know it yet."""

    item: UUID
    text: str
    words: int
    section: str
    expect: str
    policies: tuple[PolicyChoice, ...]


def case_form(item: UUID, person: Person) -> CaseForm:
    """What a case of an item starts with: its text, what people found in it, else what the lead verdict cites.

    Before a blind first call neither is told. Raises Missing for an item that is unknown, erased or restricted.
    """
    content = intake_reads.contents([item]).get(item)
    if content is None:
        raise Missing(_("There is no such item, or its content was erased or restricted."))
    published = policies.published()
    ids = {each.slug: each.policy_id for each in published}
    section, expect = ("", "") if reads_blind.item_is_blind(item, person) else _said(item, ids)
    sections = policies.sections_of([each.version_id for each in published])
    offered = tuple(
        PolicyChoice(
            f"{each.title} v{each.number}",
            tuple(
                SectionChoice(f"{each.policy_id}:{one.code}", one.code, one.title)
                for one in sections[each.version_id]
            ),
        )
        for each in published
    )
    return CaseForm(item, content.text, len(content.text.split()), section, expect, offered)


def _said(item: UUID, ids: Mapping[str, UUID]) -> tuple[str, str]:
    """`policy:section` and label of the decision that stands, else of the lead verdict; what is not known is empty."""
    made = Decision.objects.filter(item=item, label__isnull=False, replaced_by=None).order_by("-at").first()
    label = str(made.label) if made else ""
    found = (
        made.findings.order_by("section").values_list("version__policy_id", "section").first()
        if made
        else None
    )
    if found is not None:
        return f"{found[0]}:{found[1]}", label
    lead = screening.lead_facts([item]).get(item)
    if lead is None or not lead.sections or lead.policy not in ids:
        return "", label
    return f"{ids[lead.policy]}:{lead.sections[0]}", label or (
        lead.label if lead.label in EXPECTATIONS else ""
    )
