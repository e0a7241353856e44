"""From draft to publication: each step, who may, what is refused, and two people at once."""

from collections.abc import Callable
from typing import Any

import pytest

from reviewapp.accounts.models import Person
from reviewapp.audit.actions import OPERATOR
from reviewapp.audit.models import Event
from reviewapp.policies import actions, reads
from reviewapp.policies.actions import NothingToPropose, OwnVersion, StaleVersion
from reviewapp.policies.models import Policy, Version
from reviewapp.policies.rules import PolicyFileError
from reviewapp.ui.errors import Forbidden, Missing, ProductError, Stale
from tests.cast import Cast
from tests.racing import at_once
from tests.rooms.policies import stage
from tests.rooms.policies.test_import import seed

CHANGED = seed().replace("with or without a link.", "with or without any link.")


@pytest.fixture
def published(cast: Cast) -> Version:
    """Version 1 of spam, in force."""
    return actions.import_policy(source=seed(), actor=OPERATOR, publish=True)


@pytest.fixture
def draft(cast: Cast, published: Version) -> Version:
    """Bo's draft of version 2 with one word changed."""
    row = actions.start_draft(policy=published.policy_id, person=cast.bo)
    return save(row, cast.bo, CHANGED)


@pytest.fixture
def proposed(cast: Cast, draft: Version) -> Version:
    """Version 2, proposed by Bo, its gate passed."""
    return stage.proposed(cast, draft)


@pytest.fixture
def approved(cast: Cast, proposed: Version) -> Version:
    """Version 2, approved by Cy."""
    return actions.approve(version=proposed.pk, hash=proposed.hash, person=cast.cy)


def save(row: Version, person: Person, source: str, *, saves: int | None = None) -> Version:
    """Save a draft as `person`."""
    at = row.saves if saves is None else saves
    return actions.save_draft(version=row.pk, source=source, saves=at, change_note="one word", person=person)


def test_the_whole_way_leaves_names_and_events(cast: Cast, published: Version, approved: Version) -> None:
    row = actions.publish(version=approved.pk, hash=approved.hash, person=cast.cy)
    published.refresh_from_db()
    assert (published.state, row.state, row.number) == ("retired", "published", 2)
    assert (row.drafted_by, row.proposed_by, row.approved_by, row.published_by) == (
        cast.bo,
        cast.bo,
        cast.cy,
        cast.cy,
    )
    assert [(each.number, each.hash) for each in reads.published()] == [(2, row.hash)]
    verbs = list(
        Event.objects.filter(subjects__contains=[row.pk]).order_by("at").values_list("verb", flat=True)
    )
    assert [verb for verb in verbs if verb.startswith("policy.")] == [
        f"policy.{word}" for word in ("drafted", "saved", "proposed", "approved", "published")
    ]
    told = Event.objects.get(verb="policy.published", subjects__contains=[row.pk])
    assert told.data["previous"] == str(published.pk) and told.data["hash"] == row.hash
    assert Event.objects.filter(verb="policy.retired", subjects__contains=[published.pk]).count() == 1


def test_old_text_stays_with_the_old_version(cast: Cast, published: Version, approved: Version) -> None:
    before = reads.version_page("spam", 1)
    actions.publish(version=approved.pk, hash=approved.hash, person=cast.cy)
    after = reads.version_page("spam", 1)
    assert (after.model_text, after.hash, after.sections) == (before.model_text, before.hash, before.sections)


def test_a_second_draft_is_refused(cast: Cast, draft: Version) -> None:
    with pytest.raises(Stale, match="open already"):
        actions.start_draft(policy=draft.policy_id, person=cast.ad)


def test_a_draft_is_kept_while_it_is_broken_but_not_proposed(cast: Cast, draft: Version) -> None:
    row = save(draft, cast.bo, CHANGED.replace("SP-1.2", "SP-1.1"))
    assert (row.hash, row.model_text, row.sections.count(), row.title) == ("", "", 0, draft.title)
    with pytest.raises(PolicyFileError, match="already used"):
        actions.propose(version=row.pk, person=cast.bo)
    assert save(row, cast.bo, CHANGED).hash == draft.hash


@pytest.mark.parametrize("text", ["\x00", "\ud800", "a" * 200_001], ids=["nul", "surrogate", "too long"])
def test_text_that_cannot_be_stored_changes_nothing(cast: Cast, draft: Version, text: str) -> None:
    with pytest.raises(PolicyFileError):
        save(draft, cast.bo, CHANGED + text)
    draft.refresh_from_db()
    assert (draft.source, draft.saves) == (CHANGED, 1)


def test_a_late_save_is_refused_with_the_current_text(cast: Cast, draft: Version) -> None:
    newer = save(draft, cast.ad, seed())
    with pytest.raises(StaleVersion) as caught:
        save(draft, cast.bo, CHANGED + "\n")
    assert caught.value.details["source"] == seed() and caught.value.details["saves"] == newer.saves


def test_a_slug_never_changes(cast: Cast, draft: Version) -> None:
    row = save(draft, cast.bo, CHANGED.replace("slug: spam", "slug: ham"))
    with pytest.raises(PolicyFileError, match="must stay spam"):
        actions.propose(version=row.pk, person=cast.bo)


def test_an_unchanged_draft_is_not_worth_an_approver(cast: Cast, draft: Version) -> None:
    row = save(draft, cast.bo, seed())
    with pytest.raises(NothingToPropose):
        actions.propose(version=row.pk, person=cast.bo)


def test_a_proposal_of_an_older_page_is_refused(cast: Cast, draft: Version) -> None:
    save(draft, cast.ad, CHANGED + "\n")
    with pytest.raises(StaleVersion):
        actions.propose(version=draft.pk, person=cast.bo, saves=draft.saves)


def test_text_is_frozen_from_proposed_on(cast: Cast, proposed: Version) -> None:
    with pytest.raises(StaleVersion, match="frozen"):
        save(proposed, cast.bo, seed())
    approved = actions.approve(version=proposed.pk, hash=proposed.hash, person=cast.cy)
    with pytest.raises(StaleVersion, match="frozen"):
        save(approved, cast.ad, seed())
    approved.refresh_from_db()
    assert (approved.source, approved.state) == (CHANGED, "approved")


def test_a_change_after_approval_voids_it(cast: Cast, approved: Version) -> None:
    back = actions.return_to_draft(version=approved.pk, person=cast.bo)
    assert (back.state, back.approved_by, back.approved_at, back.proposed_by) == ("draft", None, None, None)
    with pytest.raises(StaleVersion):
        actions.publish(version=approved.pk, hash=approved.hash, person=cast.cy)
    assert [each.number for each in reads.published()] == [1]


def test_approval_binds_the_text_that_was_seen(cast: Cast, proposed: Version) -> None:
    actions.return_to_draft(version=proposed.pk, person=cast.bo)
    row = actions.propose(
        version=save(proposed, cast.bo, CHANGED.replace("severity: 3", "severity: 4", 1)).pk, person=cast.bo
    )
    with pytest.raises(StaleVersion):
        actions.approve(version=proposed.pk, hash=proposed.hash, person=cast.cy)
    stage.report(row)
    assert actions.approve(version=row.pk, hash=row.hash, person=cast.cy).state == "approved"


def test_approval_binds_guidance_too_when_the_page_says_which_save_it_showed(
    cast: Cast, proposed: Version
) -> None:
    actions.return_to_draft(version=proposed.pk, person=cast.bo)
    row = save(proposed, cast.bo, CHANGED.replace("Ask two questions.", "Ask three questions."))
    actions.propose(version=row.pk, person=cast.bo)
    assert row.hash == proposed.hash
    with pytest.raises(StaleVersion):
        actions.approve(version=proposed.pk, hash=proposed.hash, saves=proposed.saves, person=cast.cy)


def test_nobody_approves_or_publishes_their_own_words(cast: Cast, draft: Version) -> None:
    touched = save(draft, cast.ad, CHANGED + "\n")
    last = save(touched, cast.bo, CHANGED)
    row = stage.proposed(cast, last)
    with pytest.raises(OwnVersion):
        actions.approve(version=row.pk, hash=row.hash, person=cast.ad)
    actions.approve(version=row.pk, hash=row.hash, person=cast.cy)
    with pytest.raises(OwnVersion):
        actions.publish(version=row.pk, hash=row.hash, person=cast.ad)


def test_the_one_who_proposes_does_not_approve(cast: Cast, draft: Version) -> None:
    row = actions.propose(version=draft.pk, person=cast.ad)
    with pytest.raises(OwnVersion):
        actions.approve(version=row.pk, hash=row.hash, person=cast.ad)


ACTS: dict[str, tuple[str, Callable[[Version, Person], Any]]] = {
    "start": ("published", lambda row, who: actions.start_draft(policy=row.policy_id, person=who)),
    "save": ("draft", lambda row, who: save(row, who, CHANGED)),
    "propose": ("draft", lambda row, who: actions.propose(version=row.pk, person=who)),
    "discard": ("draft", lambda row, who: actions.discard_draft(version=row.pk, person=who)),
    "approve": ("proposed", lambda row, who: actions.approve(version=row.pk, hash=row.hash, person=who)),
    "publish": ("approved", lambda row, who: actions.publish(version=row.pk, hash=row.hash, person=who)),
    "return": ("proposed", lambda row, who: actions.return_to_draft(version=row.pk, person=who)),
    "retire": ("published", lambda row, who: actions.retire(policy=row.policy_id, person=who)),
}
MAY = {
    "start": "bo ad", "save": "bo ad", "propose": "bo ad", "discard": "bo ad", "approve": "cy ad", "publish": "cy ad",
    "return": "bo cy ad", "retire": "cy ad",
}  # fmt: skip


@pytest.mark.parametrize("act", ACTS)
def test_only_the_roles_of_the_table_may(act: str, cast: Cast, request: pytest.FixtureRequest) -> None:
    state, do = ACTS[act]
    row = request.getfixturevalue(state)
    events = Event.objects.count()
    outsiders = {"ana", "mo", "sam", "bo", "cy", "au", "ad"} - set(MAY[act].split())
    for name in outsiders:
        with pytest.raises(Forbidden):
            do(row, getattr(cast, name))
    assert Event.objects.count() == events
    do(row, getattr(cast, MAY[act].split()[0]))
    assert Event.objects.count() > events


@pytest.mark.parametrize("act", ["propose", "approve", "publish", "return", "discard", "retire"])
def test_the_second_time_is_refused(act: str, cast: Cast, request: pytest.FixtureRequest) -> None:
    state, do = ACTS[act]
    row = request.getfixturevalue(state)
    who = getattr(cast, MAY[act].split()[0])
    do(row, who)
    events = Event.objects.count()
    with pytest.raises((Stale, Missing)):
        do(row, who)
    assert Event.objects.count() == events


@pytest.mark.parametrize("act", ["start", "save", "propose", "approve", "publish", "discard"])
def test_of_two_at_once_one_wins(act: str, cast: Cast, request: pytest.FixtureRequest) -> None:
    state, do = ACTS[act]
    row = request.getfixturevalue(state)
    who = getattr(cast, MAY[act].split()[0])

    outcomes = at_once(2, lambda _: do(row, who))
    (lost,) = [each for each in outcomes if isinstance(each, Exception)]
    assert isinstance(lost, Stale | Missing), outcomes
    assert Version.objects.filter(state="published").count() == 1


def test_discarding_the_only_draft_frees_its_name_and_keeps_its_text(cast: Cast) -> None:
    row = actions.create_policy(source=seed("hate"), person=cast.bo)
    actions.discard_draft(version=row.pk, person=cast.bo)
    assert reads.policy_list() == [] and reads.source_of("hate", 1) == seed("hate")
    assert Event.objects.filter(verb="policy.discarded").count() == 1
    again = actions.create_policy(source=seed("hate"), person=cast.bo)
    assert (again.number, again.policy_id, Policy.objects.count()) == (2, row.policy_id, 1)


def test_a_taken_slug_is_refused(cast: Cast, published: Version) -> None:
    with pytest.raises(Stale, match="already"):
        actions.create_policy(source=seed(), person=cast.bo)


def test_a_retired_policy_judges_nothing_and_can_be_drafted_again(cast: Cast, published: Version) -> None:
    actions.retire(policy=published.policy_id, person=cast.cy)
    assert reads.published() == ()
    assert actions.start_draft(policy=published.policy_id, person=cast.bo).number == 2


def test_a_change_without_a_note_is_not_proposed(cast: Cast, published: Version) -> None:
    row = actions.start_draft(policy=published.policy_id, person=cast.bo)
    row = actions.save_draft(version=row.pk, source=CHANGED, saves=0, change_note=" ", person=cast.bo)
    with pytest.raises(ProductError, match="change note"):
        actions.propose(version=row.pk, person=cast.bo)
