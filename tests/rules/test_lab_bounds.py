"""Intervals and the number of cases that a target takes, against figures computed elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewapp.lab.rules import shares, spread
from reviewapp.lab.rules_bounds import Rate, cases_missing, cases_needed, lower_bound


@pytest.mark.parametrize(
    ("hits", "n", "percent"), [(88, 90, 93.2), (31, 38, 68.2), (18, 18, 84.7), (60, 60, 95.1), (59, 59, 95.0)]
)
def test_the_lower_bound_is_one_sided(hits: int, n: int, percent: float) -> None:
    assert round(100 * lower_bound(hits, n), 1) == percent


@pytest.mark.parametrize(("target", "n"), [(0.95, 59), (0.9, 29), (0.85, 19), (0.99, 299), (0.5, 5)])
def test_cases_that_prove_a_target(target: float, n: int) -> None:
    assert cases_needed(target) == n
    assert cases_missing(n, target) == 0
    assert cases_missing(n - 1, target) == 1


@pytest.mark.parametrize("target", [0.0, 1.0, -0.1, 2.0])
def test_no_number_of_cases_proves_certainty(target: float) -> None:
    with pytest.raises(ValueError, match="proved"):
        cases_needed(target)


@given(st.floats(0.01, 0.995))
def test_that_many_prove_it_and_one_less_does_not(target: float) -> None:
    n = cases_needed(target)
    assert lower_bound(n, n) >= target - 1e-9
    assert n == 1 or lower_bound(n - 1, n - 1) < target + 1e-9


@pytest.mark.parametrize(
    ("hits", "n", "words"),
    [
        (375, 412, "91 % (88–94, n 412)"), (3, 600, "0.5 % (0.1–1.5, n 600)"), (0, 0, "none yet"),
        (20, 600, "3.3 % (2.0–5.1, n 600)"), (22, 33, "67 % (48–82, n 33)"), (1500, 2000, "75.0 % (73.0–76.9, n 2,000)"),
    ],
)  # fmt: skip
def test_a_rate_is_never_bare(hits: int, n: int, words: str) -> None:
    assert Rate(hits, n).words == words


@given(st.integers(1, 400), st.integers(0, 400))
def test_the_interval_holds_the_share_and_the_bound_lies_under_it(n: int, hits: int) -> None:
    rate = Rate(min(hits, n), n)
    low, high = rate.interval
    assert 0 <= low <= rate.share <= high <= 1
    assert low <= rate.lower <= rate.share + 1e-12


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 50)), st.integers(0, 200))
def test_strata_give_equal_parts_and_never_more_than_they_have(sizes: dict[str, int], wanted: int) -> None:
    given_ = shares(sizes, wanted)
    assert sum(given_.values()) == min(wanted, sum(sizes.values()))
    assert all(given_[name] <= size for name, size in sizes.items())
    full = [count for name, count in given_.items() if count < sizes[name]]
    assert not full or max(full) - min(full) <= 1 or sum(given_.values()) == sum(sizes.values())


@given(st.integers(0, 500), st.integers(1, 500))
def test_a_spread_is_even_and_without_repeats(ordered: int, wanted: int) -> None:
    places = spread(ordered, wanted)
    assert len(places) == len(set(places)) == min(ordered, wanted)
    assert all(0 <= place < ordered for place in places)
