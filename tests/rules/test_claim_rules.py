"""When a hold ends: each choice, and the end of a shift that has passed already."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reviewapp.accounts.rules_notices import GROUPS, NOTICES
from reviewapp.accounts.rules_preferences import BadPreference, checked_preferences, preferences_of
from reviewapp.review import rules_claims

NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("choice", "shift", "other", "end"),
    [
        ("hour", "", None, datetime(2026, 3, 4, 13, 30, tzinfo=UTC)),
        ("tomorrow", "", None, datetime(2026, 3, 5, 9, tzinfo=UTC)),
        ("answer", "", None, NOW + timedelta(days=7)),
        ("shift", "18:00", None, datetime(2026, 3, 4, 18, tzinfo=UTC)),
        ("shift", "08:15", None, datetime(2026, 3, 5, 8, 15, tzinfo=UTC)),
        ("shift", "", None, None),
        ("other", "", NOW + timedelta(hours=3), NOW + timedelta(hours=3)),
        ("other", "", None, None),
        ("never", "18:00", NOW, None),
    ],
)
def test_a_hold_ends_when_its_choice_says(
    choice: str, shift: str, other: datetime | None, end: datetime | None
) -> None:
    assert rules_claims.hold_end(choice, now=NOW, shift_ends=shift, other=other) == end


@pytest.mark.parametrize(
    ("choice", "wait"), [("hour", timedelta(hours=1)), ("answer", rules_claims.LONGEST_HOLD)]
)
def test_a_hold_is_no_longer_where_the_clock_goes_back(choice: str, wait: timedelta) -> None:
    now = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    end = rules_claims.hold_end(choice, now=now)
    assert end is not None and end.astimezone(UTC) - now.astimezone(UTC) == wait


def test_every_notice_leads_somewhere_and_belongs_to_a_group() -> None:
    for kind, each in NOTICES.items():
        assert each.path.startswith("/"), kind
        assert each.group in {*GROUPS, "urgent"}, kind
        assert each.words % {"who": "Ana", "name": "Scams", "count": 3} and each.hint.endswith((".", "?"))


@pytest.mark.parametrize(
    "wanted",
    [
        {"shift_ends": "25:00"}, {"exposure_cap": -1}, {"exposure_cap": 999}, {"break_minutes": 500},
        {"quiet": ["urgent"]}, {"languages": {"arabic": "native"}}, {"languages": {"ar": "well"}}, {"keys": {"skip": "1"}},
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_refused(wanted: dict[str, object]) -> None:
    with pytest.raises(BadPreference):
        checked_preferences(wanted)


def test_settings_survive_being_stored_and_unknown_ones_are_dropped() -> None:
    kept = checked_preferences({"languages": {"ar": "native"}, "quiet": ["care"], "shift_ends": "18:00"})
    assert preferences_of(kept.as_json() | {"gone": 1}) == kept
