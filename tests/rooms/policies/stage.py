"""Policies brought to where a test starts, by the real actions."""

from uuid import uuid4

from reviewapp.audit.actions import OPERATOR
from reviewapp.policies import actions
from reviewapp.policies.models import GateReport, Version
from reviewapp.policies.rules_gate import Blocker, Outcome
from tests.cast import Cast
from tests.rooms.policies.test_import import seed

CHANGED = seed().replace("with or without a link.", "with or without any link.")


def publish_seed(slug: str = "spam") -> Version:
    """Version 1 of a seeded policy, in force."""
    return actions.import_policy(source=seed(slug), actor=OPERATOR, publish=True)


def draft_of(cast: Cast, published: Version, source: str = CHANGED) -> Version:
    """Bo's draft of the next version."""
    row = actions.start_draft(policy=published.policy_id, person=cast.bo)
    return actions.save_draft(
        version=row.pk, source=source, saves=row.saves, change_note="one word", person=cast.bo
    )


def report(
    row: Version,
    outcome: Outcome = Outcome.PASSED,
    *,
    blockers: list[Blocker] | None = None,
    engine: str = "engine-1",
) -> GateReport:
    """A gate report for the version as it stands."""
    row.refresh_from_db()
    return actions.record_gate_report(
        version=row.pk, gate_hash=row.gate_hash, engine=engine, model="gpt-oss-safeguard-20b", outcome=outcome,
        sections=[{"section": "SP-1.1", "right": 6, "n": 6}], blockers=blockers or [], case_count=16, run=uuid4(),
    )  # fmt: skip


def proposed(cast: Cast, row: Version, outcome: Outcome = Outcome.PASSED) -> Version:
    """The draft proposed by Bo, with its gate run."""
    row.refresh_from_db()
    row = actions.propose(version=row.pk, person=cast.bo)
    report(row, outcome)
    return row


def into_force(cast: Cast, row: Version) -> Version:
    """The draft proposed, gated, approved and published."""
    row = proposed(cast, row)
    row = actions.approve(version=row.pk, hash=row.hash, person=cast.cy)
    return actions.publish(version=row.pk, hash=row.hash, person=cast.cy)
