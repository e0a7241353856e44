"""Cases: who adds them how, what an edit leaves behind, what the approver's hash binds."""

from uuid import UUID

import pytest

from reviewapp.audit.models import Event
from reviewapp.ids import new_id
from reviewapp.policies import actions, reads, reads_cases
from reviewapp.policies.actions import StaleVersion, StrayCases, UnfitCase
from reviewapp.policies.models import Case, Version
from reviewapp.policies.rules_cases import read_cases
from reviewapp.ui.errors import Forbidden, ProductError, Stale
from tests.cast import Cast
from tests.racing import at_once
from tests.rooms.policies import stage

TEXT = "Visit my shop, link in my profile"


@pytest.fixture
def published(cast: Cast) -> Version:
    return stage.publish_seed()


@pytest.fixture
def draft(cast: Cast, published: Version) -> Version:
    return stage.draft_of(cast, published)


def add(cast: Cast, row: Version, text: str = TEXT, **more: object) -> Case:
    """A case by Bo."""
    values = {"section": "SP-1.1", "expect": "violates", "person": cast.bo} | more
    return actions.add_case(policy=row.policy_id, text=text, **values)


def codes(row: Version) -> dict[str, str]:
    """The cases of a version, code to text."""
    return {case.code: case.text for case in reads_cases.cases_of(row.pk)}


def test_a_case_enters_the_open_draft_and_its_hashes_and_leaves_other_versions_alone(
    cast: Cast, published: Version, draft: Version
) -> None:
    case = add(cast, draft, note="from scratch")
    after = Version.objects.get(pk=draft.pk)
    assert (case.code, case.way, case.made_by) == ("SP-C17", "page", cast.bo)
    assert after.cases_hash != draft.cases_hash and after.gate_hash != draft.gate_hash
    assert (after.hash, after.saves, after.source) == (draft.hash, draft.saves, draft.source)
    assert len(codes(published)) == 16 and codes(draft)["SP-C17"] == TEXT
    assert reads_cases.counts_of(draft.pk)["SP-1.1"].violates == 3
    told = Event.objects.get(verb="case.added", subjects__contains=[case.pk])
    assert told.data["version"] == str(draft.pk) and TEXT not in str(told.data)


def test_without_a_draft_it_waits_and_the_next_draft_takes_it(cast: Cast, published: Version) -> None:
    case = add(cast, published)
    assert [each.id for each in reads_cases.waiting_for(published.policy_id)] == [case.pk]
    row = actions.start_draft(policy=published.policy_id, person=cast.bo)
    assert case.code in codes(row) and reads_cases.waiting_for(published.policy_id) == ()


def test_while_a_version_is_frozen_a_case_waits_and_the_frozen_hash_stands(
    cast: Cast, draft: Version
) -> None:
    row = stage.proposed(cast, draft)
    case = add(cast, draft)
    assert Version.objects.get(pk=row.pk).cases_hash == row.cases_hash and case.standing == "waiting"
    for change in (
        lambda: actions.edit_case(
            version=row.pk, case=first(row), section="SP-1.1", text="x", expect="allowed", reason="y",
            person=cast.bo,
        ),
        lambda: actions.remove_case(version=row.pk, case=first(row), reason="y", person=cast.bo),
    ):  # fmt: skip
        with pytest.raises(StaleVersion, match="frozen"):
            change()


def first(row: Version) -> UUID:
    """The id of the first case of a version."""
    return reads_cases.cases_of(row.pk)[0].id


def test_a_moderators_case_is_a_suggestion_that_a_writer_takes_or_declines(
    cast: Cast, draft: Version
) -> None:
    item = new_id()
    case = add(cast, draft, person=cast.ana, origin_item=item)
    other = add(cast, draft, "Another text", person=cast.mo)
    assert case.standing == "suggested" and len(codes(draft)) == 16
    with pytest.raises(Forbidden):
        actions.take_case(case=case.pk, person=cast.ana)
    actions.take_case(case=case.pk, person=cast.bo)
    actions.decline_case(case=other.pk, person=cast.bo)
    assert case.code in codes(draft) and reads_cases.waiting_for(draft.policy_id) == ()
    assert cast.ana.pk in Version.objects.get(pk=draft.pk).writers
    for again in (actions.take_case, actions.decline_case):
        with pytest.raises(Stale):
            again(case=case.pk, person=cast.bo)


@pytest.mark.parametrize("name", ["au"])
def test_who_neither_reviews_nor_writes_adds_no_case(cast: Cast, published: Version, name: str) -> None:
    with pytest.raises(Forbidden):
        add(cast, published, person=getattr(cast, name))


@pytest.mark.parametrize(
    ("values", "words"),
    [({"text": "  "}, "empty"), ({"expect": "unsure"}, "violates or allowed"), ({"section": "SP-9"}, "not in this"),
     ({"text": "a\x00"}, "NUL"), ({"text": "x" * 20_001}, "20,000"), ({"code": "SP-C1"}, "taken"),
     ({"text": "#deal #crypto #followme #cash #free #gift #promo #win"}, "SP-C3 has this text")],
)  # fmt: skip
def test_what_is_no_case_is_refused_and_says_why(
    cast: Cast, draft: Version, values: dict[str, str], words: str
) -> None:
    with pytest.raises(UnfitCase, match=words):
        add(
            cast,
            draft,
            values.get("text", TEXT),
            **{key: value for key, value in values.items() if key != "text"},
        )
    assert len(codes(draft)) == 16


def test_the_same_case_twice_is_refused(cast: Cast, draft: Version) -> None:
    add(cast, draft)
    with pytest.raises(UnfitCase, match="SP-C17"):
        add(cast, draft)


def test_an_edit_is_a_new_wording_with_its_reason_and_the_old_one_stays(
    cast: Cast, published: Version, draft: Version
) -> None:
    old = reads_cases.cases_of(draft.pk, section="SP-2.1")[0]
    new = actions.edit_case(
        version=draft.pk, case=old.id, section="SP-2.1", text="Follow for follow", expect="violates",
        reason="shorter", person=cast.bo,
    )  # fmt: skip
    assert (new.code, new.revision, codes(published)[old.code]) == (old.code, 2, old.text)
    history = reads_cases.history_of(draft.policy_id, old.code)
    assert [(each.revision, each.reason) for each in history] == [(2, "shorter"), (1, "")]
    with pytest.raises(Stale, match="changed or removed"):
        actions.edit_case(
            version=draft.pk,
            case=old.id,
            section="SP-2.1",
            text="z",
            expect="violates",
            reason="r",
            person=cast.bo,
        )
    with pytest.raises(UnfitCase, match="Nothing"):
        actions.edit_case(
            version=draft.pk, case=new.pk, section="SP-2.1", text="Follow for follow", expect="violates",
            reason="r", person=cast.bo,
        )  # fmt: skip
    with pytest.raises(UnfitCase, match="Say why"):
        actions.edit_case(
            version=draft.pk,
            case=new.pk,
            section="SP-2.1",
            text="z",
            expect="violates",
            reason=" ",
            person=cast.bo,
        )


def test_removing_shows_among_the_changes_and_the_file_follows_when_it_is_proposed(
    cast: Cast, published: Version, draft: Version
) -> None:
    cases = {case.code: case for case in reads_cases.cases_of(draft.pk)}
    actions.remove_case(version=draft.pk, case=cases["SP-C2"].id, reason="covered by C1", person=cast.bo)
    actions.edit_case(
        version=draft.pk, case=cases["SP-C5"].id, section="SP-2.1", text="Swap follows?", expect="violates",
        note="shorter", reason="shorter", person=cast.bo,
    )  # fmt: skip
    added = add(cast, draft)
    changes = reads_cases.case_changes(published.pk, draft.pk)
    assert [each.code for each in changes.removed] == ["SP-C2"] and changes.added[0].code == added.code
    assert [(old.code, new.text) for old, new in changes.changed] == [("SP-C5", "Swap follows?")]
    row = actions.propose(version=draft.pk, person=cast.bo)
    assert "SP-C2" not in row.source and '"text": "Swap follows?"' in row.source and TEXT not in row.source
    kept = [line for line in stage.CHANGED.splitlines() if 'SP-C2"' not in line and "SP-C5" not in line]
    assert set(kept) <= set(row.source.splitlines())


def test_a_save_keeps_what_was_edited_on_a_page_and_takes_what_changed_in_the_file(
    cast: Cast, draft: Version
) -> None:
    cases = {case.code: case for case in reads_cases.cases_of(draft.pk)}
    actions.edit_case(
        version=draft.pk, case=cases["SP-C1"].id, section="SP-1.1", text="By hand", expect="violates",
        reason="r", person=cast.bo,
    )  # fmt: skip
    text = draft.source.replace("I post covers every day", "I post songs every day")
    actions.save_draft(version=draft.pk, source=text, saves=draft.saves, change_note="n", person=cast.bo)
    now = codes(draft)
    assert now["SP-C1"] == "By hand" and "songs" in now["SP-C2"] and len(now) == 16


def test_a_section_that_goes_while_cases_name_it_stops_the_proposal(cast: Cast, draft: Version) -> None:
    case = add(cast, draft)
    text = draft.source.replace("SP-1.1", "SP-1.9")
    row = actions.save_draft(
        version=draft.pk, source=text, saves=draft.saves, change_note="n", person=cast.bo
    )
    with pytest.raises(StrayCases, match=rf"{case.code} \(SP-1.1\)"):
        actions.propose(version=row.pk, person=cast.bo)


def test_a_list_brings_in_its_good_rows_and_tells_the_others_by_line(cast: Cast, draft: Version) -> None:
    table = (
        b"section,text,expect,id,note\r\n"
        b'SP-1.1,"Two lines,\r\nof one case",violates,,\r\n'
        b"SP-9,x,violates,,\r\n"
        b"SP-1.1,y,maybe,,\r\n"
        b"SP-1.1,Come to my shop,VIOLATES,SP-C1,new words\r\n"
        b"SP-2.1,too,few\r\n"
        b'"SP-1.2","#deal #crypto #followme #cash #free #gift #promo #win",allowed,,\r\n'
    )
    done = actions.import_cases(version=draft.pk, found=read_cases(table, "cases.csv"), person=cast.bo)
    assert (done.added, done.changed, done.same) == (1, 1, 0)
    assert [line for line, _ in done.problems] == [4, 5, 7, 8]
    now = codes(draft)
    assert (
        now["SP-C1"] == "Come to my shop" and now["SP-C17"] == "Two lines,\r\nof one case" and len(now) == 17
    )
    again = actions.import_cases(version=draft.pk, found=read_cases(table, "cases.csv"), person=cast.bo)
    assert (again.added, again.changed, again.same) == (0, 0, 2)


def test_five_thousand_cases_come_in_at_once(cast: Cast, draft: Version) -> None:
    lines = "\n".join(
        f'{{"section": "SP-1.1", "text": "Offer number {number}", "expect": "violates"}}'
        for number in range(5_000)
    )
    done = actions.import_cases(version=draft.pk, found=read_cases(lines.encode(), "a.jsonl"), person=cast.bo)
    assert done.added == 5_000 and reads_cases.counts_of(draft.pk)["SP-1.1"].violates == 5_002
    events = Event.objects.filter(verb="case.added", data__version=str(draft.pk))
    assert sum(len(event.subjects) for event in events) == 5_000


def test_cases_alone_are_worth_a_version_and_a_roll_back_keeps_them(cast: Cast, published: Version) -> None:
    row = actions.start_draft(policy=published.policy_id, person=cast.bo)
    case = add(cast, row)
    saved = actions.save_draft(
        version=row.pk, source=row.source, saves=0, change_note="a case", person=cast.bo
    )
    stage.into_force(cast, saved)
    back = actions.start_draft(policy=published.policy_id, person=cast.bo, number=1)
    assert (back.source, back.change_note, back.origin_id) == (
        published.source,
        "Brings back version 1.",
        published.pk,
    )
    assert case.code in codes(back)


def test_a_discarded_draft_gives_back_the_cases_that_were_made_in_it(cast: Cast, draft: Version) -> None:
    case = add(cast, draft, origin_item=new_id())
    actions.discard_draft(version=draft.pk, person=cast.bo)
    assert [each.id for each in reads_cases.waiting_for(draft.policy_id)] == [case.pk]
    assert reads.version_page("spam", 2).state == "discarded"


def test_erasure_blanks_the_copy_and_the_gate_has_to_be_run_on_what_is_left(
    cast: Cast, draft: Version
) -> None:
    item = new_id()
    case = add(cast, draft, origin_item=item)
    row = stage.proposed(cast, draft)
    actions.erase_content(item_ids=[item])
    case.refresh_from_db()
    assert (case.text, case.note, case.erased) == ("", "", True)
    assert case.pk not in {each.id for each in reads_cases.gate_subject(row.pk).cases}
    assert Version.objects.get(pk=row.pk).gate_hash != row.gate_hash
    with pytest.raises(ProductError, match="changed after the gate"):
        actions.approve(version=row.pk, hash=row.hash, person=cast.cy)


@pytest.mark.parametrize("act", ["add", "edit", "remove"])
def test_of_two_at_once_one_wins(cast: Cast, draft: Version, act: str) -> None:
    target = first(draft)
    todo = {
        "add": lambda cast, row: add(cast, row),
        "edit": lambda cast, row: actions.edit_case(
            version=row.pk, case=target, section="SP-1.1", text="x", expect="allowed", reason="y", person=cast.bo
        ),
        "remove": lambda cast, row: actions.remove_case(version=row.pk, case=target, reason="y", person=cast.bo),
    }[act]  # fmt: skip

    outcomes = at_once(2, lambda _: todo(cast, draft))
    (lost,) = [each for each in outcomes if isinstance(each, Exception)]
    assert isinstance(lost, Stale | UnfitCase), outcomes
