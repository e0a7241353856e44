"""The window of calls in flight: grows by eight, shrinks by a third, and listens to what the engine tells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewapp.screening.rules_window import LEAST, MOST, MOST_UNSEEN, Load, next_window

WELL = Load(running=32, waiting=0, kv_usage=0.5)


@pytest.mark.parametrize(
    ("window", "full", "trouble", "load", "slow", "following"),
    [
        (32, True, False, WELL, 1.0, 40),
        (32, False, False, WELL, 1.0, 32),
        (32, True, True, WELL, 1.0, 22),
        (100, True, False, Load(32, 4, 0.5), 1.0, 70),
        (100, True, False, Load(32, 3, 0.5), 1.0, 108),
        (100, True, False, Load(0, 2, 0.0), 1.0, 70),
        (100, True, False, Load(32, 0, 0.96), 1.0, 70),
        (100, True, False, WELL, 31.0, 100),
        (100, True, False, None, 31.0, 70),
        (100, True, False, None, 1.0, 108),
        (MOST_UNSEEN, True, False, None, 1.0, MOST_UNSEEN),
        (400, True, False, None, 1.0, 400),
        (MOST, True, False, WELL, 1.0, MOST),
        (5, False, True, None, 1.0, LEAST),
    ],
)
def test_the_window_grows_slowly_and_shrinks_fast(
    window: int, full: bool, trouble: bool, load: Load | None, slow: float, following: int
) -> None:
    assert next_window(window, full=full, trouble=trouble, load=load, slow=slow) == following


@pytest.mark.parametrize(
    ("window", "following"), [(4, 12), (20, 40), (60, 100), (96, 104), (100, 108), (150, 158)]
)
def test_what_was_borne_before_is_reached_again_by_doubling(window: int, following: int) -> None:
    assert next_window(window, full=True, trouble=False, load=WELL, slow=1.0, goal=100) == following
    assert next_window(window, full=True, trouble=True, load=WELL, slow=1.0, goal=100) < following
    assert next_window(window, full=False, trouble=False, load=WELL, slow=1.0, goal=100) == window


LOADS = st.none() | st.builds(Load, st.integers(0, 500), st.integers(0, 500), st.floats(0, 1))


@given(st.integers(LEAST, MOST), st.booleans(), st.booleans(), LOADS, st.floats(0, 120))
def test_it_never_leaves_its_bounds_nor_jumps(
    window: int, full: bool, trouble: bool, load: Load | None, slow: float
) -> None:
    following = next_window(window, full=full, trouble=trouble, load=load, slow=slow)
    assert LEAST <= following <= MOST and following <= window + 8
    assert not (trouble and following > max(window * 0.7, LEAST))
