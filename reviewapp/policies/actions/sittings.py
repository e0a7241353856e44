"""Saves as the audit log sees them: what a draft stores by itself while one person types is one event a sitting.

A sitting ends when the person lets the draft go, presses Save, proposes or discards it, when somebody else takes it
over, when the hold lapses, and after ten minutes at the latest.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from reviewapp.audit.actions import Actor, record
from reviewapp.policies.actions.rows import bound, found_version
from reviewapp.policies.models import Version
from reviewapp.policies.rules import VersionState

SITTING: Final = timedelta(minutes=10)
AT_ONCE: Final = 100


def tell_saves(row: Version) -> None:
    """Record every save of a locked draft that the log does not know; `row` is as it is stored. Nothing where it knows all."""
    if row.saves <= row.told_saves or row.saved_by_id is None:
        return
    data = bound(row) | {"first": row.told_saves + 1, "saves": row.saves}
    record(verb="policy.saved", actor=Actor.person(row.saved_by_id), subjects=[row.pk], data=data)
    Version.objects.filter(pk=row.pk).update(told_saves=row.saves, told_at=Now())
    row.told_saves = row.saves


def is_long_ago(row: Version) -> bool:
    """Whether the log heard of this draft more than a sitting ago, by the database's clock."""
    return Version.objects.filter(pk=row.pk, told_at__lt=Now() - SITTING).exists()


def tell_sittings() -> int:
    """For the sweeper: record the saves of drafts that nobody holds any more; returns how many drafts there were."""
    gone = Q(held_until=None) | Q(held_until__lt=Now())
    left = Version.objects.filter(gone, state=VersionState.DRAFT, saves__gt=F("told_saves")).exclude(
        saved_by=None
    )
    keys = list(left.values_list("pk", flat=True)[:AT_ONCE])
    for key in keys:
        _tell(key)
    return len(keys)


@transaction.atomic
def _tell(key: UUID) -> None:
    tell_saves(found_version(key, lock=True))
