"""Marks between two rationales: what came and went, and nothing where they share too little."""

import pytest

from reviewapp.lab.rules_marks import marks
from reviewapp.policies.rules_diff import Kind

OLD = "It sells followers and nobody in the thread asked for them."
NEW = "It sells followers, but somebody in the thread asked for them."


def test_what_came_and_what_went_is_marked_word_by_word() -> None:
    found = marks(OLD, NEW)
    assert "".join(each.text for each in found if each.kind is not Kind.ADDED) == OLD
    assert "".join(each.text for each in found if each.kind is not Kind.REMOVED) == NEW
    assert [each.text for each in found if each.kind is Kind.REMOVED] == [" and nobody"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", NEW),
        (OLD, ""),
        (OLD, OLD),
        (OLD, "A recipe for bread, two eggs, an hour of patience and a hot oven."),
    ],
)
def test_nothing_is_marked_without_two_texts_or_with_too_little_in_common(old: str, new: str) -> None:
    assert marks(old, new) == ()
