"""Policies of other styles: what becomes of each part, and that nothing is dropped in silence."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewapp.policies import rules
from reviewapp.policies.rules_foreign import adopt
from reviewapp.policies.rules_front import PolicyFileError

FLAT = """\
# Unwanted Advertising Policy

## GOAL
Find posts that sell things nobody asked for.

## DEFINITIONS
- **Advert**: text that sells.

## VIOLATES (1)
- Sells a product to strangers.
### Repetition
The same advert twice.

## SAFE (0)
- Answers a request.

## EXAMPLES
Content: "Buy my shoes now"
Answer: 1
- "You asked for shoes, here they are" → 0
Some stray remark.
- "Odd one" → purple

## INSTRUCTIONS
Return only 0 or 1.
"""

LIST = "content,label\nCheap watches here,1\nThanks for the tip,0\nCheap watches here,1\nWhat,maybe\n,1\n"


def test_each_part_finds_its_place_and_ids_are_assigned() -> None:
    found = adopt(FLAT, "adverts", LIST)
    document = rules.parse(found.source)
    assert document.title == "Unwanted Advertising Policy" and "**DEFINITIONS**" in document.preamble
    first, second = document.sections
    assert (first.code, first.title, first.severity) == ("AD-1.1", "VIOLATES (1)", 2)
    assert (second.code, second.severity) == ("AD-2.1", 1)
    assert "**Repetition**" in first.model_text and "Return only" not in found.source
    assert (first.violating, second.allowed) == (
        ("Buy my shoes now",),
        ("You asked for shoes, here they are",),
    )
    assert [(case.code, case.section, case.expect) for case in document.cases] == [
        ("AD-C1", "AD-1.1", "violates"), ("AD-C2", "AD-2.1", "allowed"),
    ]  # fmt: skip


def test_what_could_not_be_mapped_is_listed_by_line() -> None:
    found = adopt(FLAT, "adverts", LIST)
    assert [line for line, _ in found.text_notes] == [21, 22, 24]
    assert "no label" in found.text_notes[0][1] and "'purple'" in found.text_notes[1][1]
    assert "form of the answer is generated" in found.text_notes[2][1]
    assert [line for line, _ in found.list_notes] == [1, 4, 5, 6]
    assert "names no section" in found.list_notes[0][1] and "same text" in found.list_notes[1][1]


def test_own_ids_sections_by_name_and_unknown_columns() -> None:
    text = "# P\n\n## HT-2.1 Slurs\nSlurs violate.\n\n## Satire is allowed\nSatire.\n\n## Odd part\nWords.\n"
    table = "text;expected;category\nA slur;unsafe;Slurs\nA joke;safe;satire is allowed\nNo;unsafe;nothing\n"
    found = adopt(text, "hate", table)
    document = rules.parse(found.source)
    assert [section.code for section in document.sections] == ["HT-2.1", "HA-2.1", "HA-3.1"]
    assert [case.section for case in document.cases] == ["HT-2.1", "HA-2.1", "HT-2.1"]
    assert found.list_notes == (
        (4, "No section is called 'nothing'; the row went to the first one of its kind."),
    )
    assert any("“Odd part” was taken as a rule" in message for _, message in found.text_notes)
    (note,) = adopt(text, "hate", "a,b\n1,2\n").list_notes
    assert note[0] == 1 and "No column for the text" in note[1]


@pytest.mark.parametrize(
    "text", ["", "Just words.", "# Only a title\n\nText.\n", "## Output format\nJSON.\n"]
)
def test_a_text_without_a_rule_is_refused(text: str) -> None:
    with pytest.raises(PolicyFileError, match="what violates"):
        adopt(text, "some")


def test_a_list_too_long_for_the_file_is_cut_and_told() -> None:
    rows = "".join(f"Offer number {number} {'x' * 200},1\n" for number in range(2_000))
    found = adopt(FLAT, "adverts", f"text,label\n{rows}")
    assert len(found.source.encode()) <= 200_000 and any(
        "too large" in message for _, message in found.list_notes
    )


@pytest.mark.parametrize("slug", ["a", "9-9", "self-harm", "x1"])
def test_ids_fit_whatever_the_slug_is(slug: str) -> None:
    assert rules.parse(adopt(FLAT, slug).source).slug == slug


@settings(max_examples=80, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=300), st.text(max_size=120))
def test_whatever_stands_beside_a_rule_the_result_is_a_policy(noise: str, table: str) -> None:
    found = adopt(f"{FLAT}\n{noise}", "adverts", table)
    assert rules.parse(found.source).sections and json.dumps(found.text_notes)
