"""How free slots are shared out among lanes, runs and policies."""

from hypothesis import given
from hypothesis import strategies as st

from reviewapp.screening.rules_line import PATIENCE_SECONDS, Group, Lane, reserved, share_out


def group(key: str, lane: Lane, waiting: int = 100, *, flying: int = 0, age: float = 0.0) -> Group[str]:
    return Group(key, lane, waiting, flying, age)


def test_live_work_goes_first_then_the_lanes_in_order() -> None:
    lanes = [lane for lane in Lane if lane is not Lane.NOW]
    groups = [group(lane.name, lane, 10) for lane in reversed(lanes)]
    for free, served in ((10, 1), (15, 2), (20, 2), (60, 6)):
        assert list(share_out(groups, limit=free)) == [
            lane.name for lane in reversed(lanes) if lane in lanes[:served]
        ]


def test_policies_share_alike_however_long_their_lines_are() -> None:
    groups = [group("long", Lane.LIVE, 1_000), group("short", Lane.LIVE, 3), group("other", Lane.LIVE, 1_000)]
    assert share_out(groups, limit=21) == {"long": 9, "short": 3, "other": 9}
    busy = [group("long", Lane.LIVE, 1_000, flying=30), group("other", Lane.LIVE, 1_000)]
    assert share_out(busy, limit=20) == {"other": 20}, "what flies already counts"
    assert share_out(busy, limit=1) == {"other": 1}, "fair one slot at a time too"


def test_people_before_a_screen_get_slots_beyond_the_window() -> None:
    groups = [group("live", Lane.LIVE), group("tried", Lane.TRY_IT), group("backtest", Lane.BACKTEST)]
    assert share_out(groups, limit=0, quick=4) == {"tried": 4}
    assert share_out(groups, limit=10, quick=4) == {"live": 10, "tried": 4}
    assert reserved(32) == 4 and reserved(1) == 1
    assert share_out([group("backtest", Lane.BACKTEST)], limit=0, quick=4) == {}, "kept for people only"


def test_what_waited_too_long_gets_its_share_while_live_work_waits() -> None:
    patience = PATIENCE_SECONDS[Lane.BACKTEST]
    groups = [group("live", Lane.LIVE), group("old", Lane.BACKTEST, age=patience + 1),
              group("fresh", Lane.EVALUATE, age=patience)]  # fmt: skip
    assert share_out(groups, limit=10, aged=2) == {"live": 8, "old": 2}
    assert share_out(groups, limit=10) == {"live": 10}


GROUPS = st.lists(
    st.tuples(st.sampled_from(list(Lane)), st.integers(0, 40), st.integers(0, 40), st.floats(0, 5_000)),
    max_size=8,
).map(lambda rows: [Group(place, *row) for place, row in enumerate(rows)])


@given(GROUPS, st.integers(0, 64), st.integers(0, 8), st.integers(0, 8))
def test_every_slot_is_used_and_none_twice(
    groups: list[Group[int]], limit: int, quick: int, aged: int
) -> None:
    shares = share_out(groups, limit=limit, quick=quick, aged=aged)
    waiting = {each.key: each.waiting for each in groups}
    assert all(0 < count <= waiting[key] for key, count in shares.items())
    total = sum(shares.values())
    assert total <= limit + quick
    hurried = sum(each.waiting for each in groups if each.lane in {Lane.NOW, Lane.TRY_IT})
    assert total == min(sum(waiting.values()), limit + min(quick, hurried)), (
        "no slot stays free while something waits"
    )


@given(st.integers(1, 6), st.integers(1, 64))
def test_no_policy_gets_two_more_than_another(policies: int, limit: int) -> None:
    groups = [group(str(number), Lane.LIVE, 1_000) for number in range(policies)]
    shares = share_out(groups, limit=limit)
    counts = [shares.get(each.key, 0) for each in groups]
    assert max(counts) - min(counts) <= 1
