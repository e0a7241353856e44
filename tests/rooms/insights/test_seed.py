"""Seeding fills an empty house and changes nothing in a full one."""

import io

from django.core.management import call_command

from reviewapp.accounts.models import Person
from reviewapp.audit.models import Event
from reviewapp.intake.models import Item
from reviewapp.policies.models import Version
from reviewapp.review.models import Queue


def test_a_seeded_house_is_complete_and_seeding_again_changes_nothing(db: str, store: str) -> None:
    for _ in range(2):
        call_command("seed", "--migrate", "--policies", "--demo", verbosity=0, stdout=io.StringIO())
    assert Version.objects.filter(state="published").count() == Version.objects.count() >= 7
    assert {role for person in Person.objects.all() for role in person.roles} == {
        "moderator", "senior", "policy_author", "policy_approver", "auditor", "admin",
    }  # fmt: skip
    assert Item.objects.count() >= 80 and set(Item.objects.values_list("revision", flat=True)) == {1}
    assert Queue.objects.count() > 1
    assert Event.objects.filter(verb="person.created").count() == 6
    assert Event.objects.filter(verb="policy.published").count() == Version.objects.count()
