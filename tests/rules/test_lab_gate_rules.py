"""What a gate says: majority of repeats, what blocks, what only warns, and that the message names case and section."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewapp.lab.rules_gate import Target, Tried, decide, majority

V, A, U = "violates", "allowed", "unsure"


def case(
    code: str, expect: str, votes: str | list[str], before: str | list[str] = "", section: str = "SP-1"
) -> Tried:
    given_ = (votes,) if isinstance(votes, str) else tuple(votes)
    was = ((before,) if before else ()) if isinstance(before, str) else tuple(before)
    return Tried(uuid4(), code, section, expect, given_, was)


@pytest.mark.parametrize(
    ("votes", "verdict"),
    [
        ([V], V), ([V, V, A], V), ([V, A], "split"), ([V, A, U], "split"), ([V, V, A, A], "split"), (["", "", V], ""),
        ([V, "", V], V), ([], ""), ([""], ""), ([A, A, V, V, A], A),
    ],
)  # fmt: skip
def test_the_majority_of_k(votes: list[str], verdict: str) -> None:
    assert majority(votes) == verdict


@pytest.mark.parametrize(
    ("expect", "before", "after", "blocks"),
    [
        (V, V, A, True), (V, V, U, True), (V, V, "", True), (V, V, V, False), (V, A, A, False), (V, "", A, False),
        (A, A, V, True), (A, V, V, False), (V, [V, V, A], [A, A, V], True), (V, [V, A, A], [A, A, V], False),
        (V, [V, V, V], [V, A], True),
    ],
)  # fmt: skip
def test_a_case_blocks_only_when_it_was_right_and_is_wrong(
    expect: str, before: str | list[str], after: str | list[str], blocks: bool
) -> None:
    result = decide([case("c38", expect, after, before)], {})
    assert result.passed is not blocks
    if blocks:
        assert result.blockers[0].case == "c38" and result.blockers[0].section == "SP-1"
        assert "c38" in result.blockers[0].message and "SP-1" in result.blockers[0].message


def test_a_case_without_an_answer_blocks_even_where_nothing_is_published() -> None:
    result = decide([case("c1", V, "")], {})
    assert not result.passed and "no readable answer" in result.blockers[0].message


@pytest.mark.parametrize(
    ("right", "wrong", "target", "state"),
    [
        (59, 0, 0.95, "met"), (58, 0, 0.95, "few"), (58, 1, 0.95, "missed"), (18, 0, 0.9, "few"), (15, 3, 0.9, "few"),
        (31, 7, 0.85, "missed"), (88, 2, 0.9, "met"), (0, 0, 0.5, "few"), (3, 3, None, "unset"),
    ],
)  # fmt: skip
def test_a_target_is_met_missed_or_out_of_reach(
    right: int, wrong: int, target: float | None, state: str
) -> None:
    cases = [case(f"r{n}", V, V) for n in range(right)] + [case(f"w{n}", V, A) for n in range(wrong)]
    result = decide(cases, {"SP-1": Target(recall=target)})
    assert result.sections[0].recall.state == state
    assert result.passed is (state != "missed")
    if state == "missed":
        assert "SP-1" in result.blockers[0].message and "recall" in result.blockers[0].message
    if state == "few":
        gap = result.gaps[0]
        assert gap.missing > 0 and str(gap.missing) in gap.message and gap.section == "SP-1"


def test_recall_and_precision_are_proved_apart() -> None:
    cases = [case(f"v{n}", V, V) for n in range(59)] + [case(f"a{n}", A, V) for n in range(10)]
    result = decide(cases, {"SP-1": Target(recall=0.95, precision=0.95)})
    recall, precision = result.sections[0].measures
    assert (recall.state, precision.state) == ("met", "missed")
    assert (precision.rate.hits, precision.rate.n) == (59, 69)
    assert [each.section for each in result.blockers] == ["SP-1"]


def test_sections_stand_in_the_order_of_the_policy_and_untested_targets_show() -> None:
    cases = [case("b", V, V, section="SP-2"), case("a", V, V, section="SP-1")]
    result = decide(cases, {"SP-9": Target(recall=0.9)}, ["SP-2", "SP-1", "SP-3"])
    assert [each.code for each in result.sections] == ["SP-2", "SP-1", "SP-9"]
    assert result.gaps[0].missing == 29


def test_instability_is_counted_per_case() -> None:
    result = decide([case("a", V, [V, V, A]), case("b", V, [V, V, V])], {})
    assert (result.stable.hits, result.stable.n) == (1, 2)
    assert result.sections[0].unstable.hits == 1


tried = st.builds(
    lambda code, section, expect, votes, before: Tried(uuid4(), code, section, expect, tuple(votes), tuple(before)),
    st.text("abc", min_size=1, max_size=3), st.sampled_from(["S-1", "S-2"]), st.sampled_from([V, A]),
    st.lists(st.sampled_from([V, A, U, ""]), min_size=1, max_size=5),
    st.lists(st.sampled_from([V, A, U, ""]), max_size=5),
)  # fmt: skip


@given(st.lists(tried, max_size=30))
def test_every_case_is_counted_once_and_every_broken_one_blocks(cases: list[Tried]) -> None:
    result = decide(cases, {})
    assert sum(each.right.n for each in result.sections) == result.right.n == len(cases)
    assert sum(each.right.hits for each in result.sections) == result.right.hits
    assert len(result.failed) == len(cases) - result.right.hits
    named = [each.case for each in result.blockers]
    assert all(each.code in named for each in cases if each.broken)
    assert result.passed or all(each.message for each in result.blockers)
