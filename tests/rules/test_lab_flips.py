"""The groups of a re-run: a truth table, and that the totals reconcile whatever comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewapp.lab.rules_flips import GROUP_WORDS, Group, Said, agrees, group, totals, wants_people

ALLOWED, UNSURE = Said("allowed"), Said("unsure")


def violates(*sections: str) -> Said:
    return Said("violates", frozenset(sections))


@pytest.mark.parametrize(
    ("person", "before", "after", "intended", "expected"),
    [
        (violates("A"), violates("A"), ALLOWED, "", Group.BREAK),
        (violates("A"), ALLOWED, violates("A"), "", Group.FIX),
        (ALLOWED, violates("A"), ALLOWED, "", Group.FIX),
        (ALLOWED, ALLOWED, violates("A"), "", Group.BREAK),
        (ALLOWED, ALLOWED, violates("A"), "A", Group.INTENDED),
        (violates("A"), violates("A"), ALLOWED, "A", Group.INTENDED),
        (violates("A"), violates("A"), ALLOWED, "B", Group.BREAK),
        (ALLOWED, violates("A"), ALLOWED, "A", Group.FIX),
        (violates("C"), ALLOWED, violates("A"), "", Group.NEW),
        (violates("C"), violates("B"), violates("A"), "", Group.NEW),
        (violates("C"), violates("B"), violates("C"), "", Group.FIX),
        (violates("A"), violates("A"), violates("B"), "", Group.BREAK),
        (violates("A"), violates("A", "B"), violates("A"), "", Group.UNCHANGED),
        (violates("A", "B"), violates("A"), violates("B"), "", Group.UNCHANGED),
        (ALLOWED, violates("A"), violates("A"), "", Group.UNCHANGED),
        (ALLOWED, ALLOWED, UNSURE, "", Group.BREAK),
        (ALLOWED, violates("A"), UNSURE, "", Group.NEW),
        (violates(), ALLOWED, violates("A"), "", Group.FIX),
        (ALLOWED, ALLOWED, None, "", Group.NO_ANSWER),
        (ALLOWED, None, ALLOWED, "", Group.NO_ANSWER),
    ],
)
def test_each_item_has_one_group(
    person: Said, before: Said | None, after: Said | None, intended: str, expected: Group
) -> None:
    assert group(person=person, before=before, after=after, intended=set(intended)) is expected


sections = st.frozensets(st.sampled_from("ABC"), max_size=2)
persons = st.one_of(st.just(ALLOWED), st.builds(lambda codes: Said("violates", codes), sections))
machines = st.one_of(st.none(), st.just(UNSURE), persons)


@given(st.lists(st.tuples(persons, machines, machines, sections), max_size=60))
def test_totals_reconcile(rows: list[tuple[Said, Said | None, Said | None, frozenset[str]]]) -> None:
    groups = [group(person=p, before=b, after=a, intended=i) for p, b, a, i in rows]
    counts = totals(groups)
    assert set(counts) == set(GROUP_WORDS) == {each.value for each in Group}
    assert sum(counts.values()) == len(rows)


@given(persons, machines, machines, sections)
def test_a_fix_agrees_now_and_a_break_agreed_before(
    person: Said, before: Said | None, after: Said | None, intended: frozenset[str]
) -> None:
    found = group(person=person, before=before, after=after, intended=intended)
    if found is Group.FIX:
        assert after and before and agrees(person, after) and not agrees(person, before)
    if found is Group.BREAK:
        assert after and before and agrees(person, before) and not agrees(person, after)
    if before == after and before is not None:
        assert found is Group.UNCHANGED


def test_what_is_not_plainly_allowed_goes_to_people() -> None:
    assert [wants_people(each) for each in (ALLOWED, UNSURE, violates("A"), None)] == [
        False,
        True,
        True,
        True,
    ]
