"""Having read what a new version of a policy changed."""

from collections.abc import Sequence
from uuid import UUID

from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor, record
from reviewapp.policies.models import Version
from reviewapp.review.actions.claims import alone
from reviewapp.review.models import PolicyReading


def read_changes(*, versions: Sequence[UUID], person: Person) -> int:
    """Record that the person read what these versions changed; returns how many of them were new to them.

    One that never came into force is passed over. Raises Forbidden.
    """
    check_may(person, "queue.work")
    with alone(person):
        known = PolicyReading.objects.filter(person=person).values("version")
        came = Version.objects.filter(pk__in=versions, published_at__isnull=False).exclude(pk__in=known)
        read = list(came.values_list("pk", flat=True))
        PolicyReading.objects.bulk_create(PolicyReading(person=person, version_id=each) for each in read)
        if read:
            record(verb="policy.read", actor=Actor.person(person.pk), subjects=read)
    return len(read)
