"""Precision, recall, F1, kappa and McNemar against figures computed by hand or in the literature."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewapp.lab.rules_measure import (
    ANSWERS,
    Labelled,
    confusion,
    kappa,
    mcnemar,
    paired,
    scores,
    section_confusion,
    section_scores,
)

V, A = "violates", "allowed"


def rows(*counts: tuple[str, str, int]) -> list[Labelled]:
    return [
        Labelled(f"{expect}-{label}-{n}", expect, "", label)
        for expect, label, many in counts
        for n in range(many)
    ]


def test_precision_recall_and_f1_by_hand() -> None:
    found = scores(rows((V, V, 232), (V, A, 20), (V, "unsure", 6), (V, "", 2), (A, V, 15), (A, A, 325)))
    assert found.precision.words == "94 % (90–97, n 247)"
    assert found.recall.words == "89 % (85–93, n 260)"
    assert round(found.f1, 2) == 0.92
    low, high = found.f1_interval
    assert 0.88 < low < found.f1 < high < 0.95


def test_kappa_of_the_textbook_table() -> None:
    """20, 5, 10, 15: observed 0.7, chance 0.5, kappa 0.4."""
    found = kappa(rows((V, V, 20), (V, A, 5), (A, V, 10), (A, A, 15)))
    assert found.value == pytest.approx(0.4)
    assert (round(found.low, 2), round(found.high, 2)) == (0.15, 0.65)


@pytest.mark.parametrize("table", [[], [(V, V, 5)]])
def test_kappa_is_not_defined_where_chance_alone_agrees(table: list[tuple[str, str, int]]) -> None:
    assert kappa(rows(*table)).value is None


@pytest.mark.parametrize(
    ("first", "second", "p"), [(11, 22, 0.0801), (0, 0, 1.0), (5, 5, 1.0), (0, 6, 0.03125), (1, 9, 0.0215)]
)
def test_mcnemar_is_exact(first: int, second: int, p: float) -> None:
    assert mcnemar(first, second) == pytest.approx(p, abs=5e-5)


def test_pairs_are_rows_that_both_runs_have() -> None:
    found = paired(
        {"a": True, "b": True, "c": False, "x": True}, {"a": True, "b": False, "c": True, "y": False}
    )
    assert (found.both_right, found.only_first, found.only_second, found.both_wrong, found.n) == (
        1,
        1,
        1,
        0,
        3,
    )


def test_sections_are_scored_by_what_is_cited() -> None:
    table = [
        Labelled("1", V, "S-1", V, frozenset({"S-1"})),
        Labelled("2", V, "S-1", V, frozenset({"S-2"})),
        Labelled("3", V, "S-2", V, frozenset({"S-1", "S-2"})),
        Labelled("4", A, "", V, frozenset({"S-1"})),
        Labelled("5", V, "", V, frozenset({"S-1"})),
        Labelled("6", V, "S-1", A),
    ]
    found = section_scores(table, "S-1")
    assert (found.tp, found.fp, found.fn) == (1, 2, 2)
    cells = section_confusion(table)
    assert cells["S-1", "S-2"] == 1 and cells["S-1", ""] == 1 and cells["S-1", "S-1"] == 1
    assert sum(cells.values()) == 5


labelled = st.builds(
    Labelled, st.text("ab", min_size=1, max_size=6), st.sampled_from([V, A]), st.sampled_from(["", "S-1"]),
    st.sampled_from(ANSWERS), st.frozensets(st.sampled_from(["S-1", "S-2"])),
)  # fmt: skip


@given(st.lists(labelled, max_size=60))
def test_figures_stay_in_their_ranges_and_count_everything(table: list[Labelled]) -> None:
    cells = confusion(table)
    assert sum(count for answers in cells.values() for count in answers.values()) == len(table)
    found = scores(table)
    low, high = found.f1_interval
    assert low - 1e-9 <= found.f1 <= high + 1e-9
    agreed = kappa(table)
    if agreed.value is not None:
        assert -1 <= agreed.low <= agreed.value <= agreed.high <= 1
        assert math.isfinite(agreed.value)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_symmetric_and_a_probability(first: int, second: int) -> None:
    assert 0 < mcnemar(first, second) <= 1
    assert mcnemar(first, second) == mcnemar(second, first)
