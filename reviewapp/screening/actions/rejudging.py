"""Asks the live run about items again, under a version that came into force after they were judged."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from reviewapp import doorbell
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor, record
from reviewapp.ids import new_ids
from reviewapp.screening.actions.scoring import live_run
from reviewapp.screening.rules_line import SECONDS_A_POINT, Lane

MOST: Final = 1_000
PRIORITY: Final = 150
"""After what arrives: these items have a verdict already."""


@transaction.atomic
def judge_again(*, items: Sequence[UUID], version: UUID, person: Person) -> int:
    """Add live judgements of up to 1,000 items under `version`; returns how many are new.

    Their verdicts take the place of those of older versions. An item that has one under this version is not asked
    again. Raises ValueError for more than 1,000 items.
    """
    if len(items) > MOST:
        raise ValueError(f"{len(items)} items; {MOST} are asked about at once")
    run = live_run().pk
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO screening_judgement (id, run_id, version_id, item_id, replica, state, priority, lane, rank_at,
                policy_hash, lease_epoch, crashes, timeouts, transients, invalids, failure_kind, failure_reason)
            SELECT new.id, %s, %s, new.item, 0, 'pending', %s, %s, clock_timestamp() + make_interval(secs => %s), '',
                0, 0, 0, 0, 0, '', ''
            FROM unnest(%s::uuid[], %s::uuid[]) AS new(id, item) ON CONFLICT DO NOTHING
            """,
            [
                run, version, PRIORITY, Lane.LIVE.value, PRIORITY * SECONDS_A_POINT, new_ids(len(items)), list(items),
            ],
        )  # fmt: skip
        asked = int(cursor.rowcount)
    data = {"version": str(version), "subjects": asked, "replicas": 1, "left_out": len(items) - asked}
    record(verb="run.asked", actor=Actor.person(person.pk), subjects=[run], data=data)
    doorbell.ring("reason")
    return asked
