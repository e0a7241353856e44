"""Policy files coming in from the shell."""

from pathlib import Path

import pytest
from django.conf import settings

from reviewapp.audit.actions import OPERATOR, Actor
from reviewapp.audit.models import Event
from reviewapp.policies import actions, reads, reads_cases
from reviewapp.policies.models import Policy, Version
from reviewapp.policies.rules import PolicyFileError
from reviewapp.policies.rules_front import FAMILIES
from reviewapp.ui.errors import Forbidden, Stale
from tests.cast import Cast

SEEDS = sorted((Path(settings.BASE_DIR) / "policies_seed").glob("*.md"))


def seed(slug: str = "spam") -> str:
    """The text of a seeded policy."""
    return (Path(settings.BASE_DIR) / "policies_seed" / f"{slug}.md").read_text(encoding="utf-8")


def test_every_seed_is_published_and_judges_items(db: str) -> None:
    for path in SEEDS:
        actions.import_policy(source=path.read_text(encoding="utf-8"), actor=OPERATOR, publish=True)
    in_force = {each.slug: each for each in reads.published()}
    assert set(in_force) == {path.stem for path in SEEDS} and len(in_force) == 7
    for each in in_force.values():
        assert each.family is None or each.family in FAMILIES
        assert each.section_ids == tuple(each.severities) and each.text.startswith(f"# {each.title}\n")
        assert len(each.hash) == 64 and all(code in each.text for code in each.section_ids)
        assert "Guidance" not in each.text and "severity:" not in each.text
    assert Policy.objects.get(slug="spam").cases.count() == 16


def test_the_same_file_again_changes_nothing(db: str) -> None:
    first = actions.import_policy(source=seed(), actor=OPERATOR, publish=True)
    events = Event.objects.count()
    again = actions.import_policy(source=seed(), actor=OPERATOR, publish=True)
    assert again == first and Version.objects.count() == 1 and Event.objects.count() == events


def test_another_text_takes_over_and_retires_the_one_before(db: str) -> None:
    first = actions.import_policy(source=seed(), actor=OPERATOR, publish=True)
    changed = seed().replace("severity: 2", "severity: 3", 1).replace("family: spam", "family: hate")
    second = actions.import_policy(source=changed, actor=OPERATOR, publish=True)
    first.refresh_from_db()
    assert (first.state, second.state, second.number) == ("retired", "published", 2)
    assert first.hash != second.hash and first.retired_at is not None and second.gate_waived
    assert [each.family for each in reads.published()] == ["hate"]


def test_without_publish_it_becomes_a_draft_that_the_next_file_replaces(db: str) -> None:
    draft = actions.import_policy(source=seed(), actor=OPERATOR, publish=False)
    again = actions.import_policy(source=seed() + "\n", actor=OPERATOR, publish=False)
    assert (draft.state, again.pk, again.saves, reads.published()) == ("draft", draft.pk, 1, ())
    published = actions.import_policy(source=seed() + "\n", actor=OPERATOR, publish=True)
    assert published.pk == draft.pk and Version.objects.count() == 1


def test_a_draft_that_somebody_works_on_is_never_written_over(cast: Cast) -> None:
    version = actions.import_policy(source=seed(), actor=OPERATOR, publish=True)
    theirs = actions.start_draft(policy=version.policy_id, person=cast.bo)
    with pytest.raises(Stale, match="somebody works on it"):
        actions.import_policy(source=seed() + "\n", actor=OPERATOR, publish=False)
    passed_by = actions.import_policy(source=seed() + "\n", actor=OPERATOR, publish=True)
    theirs.refresh_from_db()
    assert (theirs.state, theirs.source, passed_by.number) == ("draft", seed(), 3)


def test_a_person_cannot_publish_alone_by_import(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        actions.import_policy(source=seed(), actor=Actor.person(cast.ad.pk), publish=True)
    assert not Policy.objects.exists()


def test_a_broken_file_leaves_nothing(db: str) -> None:
    with pytest.raises(PolicyFileError):
        actions.import_policy(source=seed().replace("SP-1.2", "SP-1.1"), actor=OPERATOR, publish=True)
    assert not Policy.objects.exists() and not Event.objects.exists()


def test_cases_follow_the_file_and_those_made_elsewhere_stay(cast: Cast) -> None:
    version = actions.import_policy(source=seed(), actor=OPERATOR, publish=True)
    made = actions.add_case(
        policy=version.policy_id, section="SP-1.1", text="Buy from me", expect="violates", person=cast.bo
    )
    lines = [line for line in seed().splitlines() if "SP-C15" not in line]
    text = "\n".join(lines).replace("followme", "followhim") + "\n"
    second = actions.import_policy(source=text, actor=OPERATOR, publish=True)
    now = {case.code: case.text for case in reads_cases.cases_of(second.pk)}
    assert "followhim" in now["SP-C3"] and "SP-C15" not in now and len(now) == 15
    assert [case.id for case in reads_cases.waiting_for(version.policy_id)] == [made.pk]
    before = {case.code: case.text for case in reads_cases.cases_of(version.pk)}
    assert "followme" in before["SP-C3"] and len(before) == 16
