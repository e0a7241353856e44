"""Lint rules: each finds its fault on its line, and sound texts have none."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewapp.insights import manual_pages
from reviewapp.policies import rules
from reviewapp.policies.rules_lint import Around, Rule, lint
from reviewapp.policies.rules_walk import Part, walk, with_block_of, without_cases
from tests.rules.test_policy_file import FILE

SEEDS = sorted((Path(__file__).parents[2] / "policies_seed").glob("*.md"))
SOUND = FILE.replace("Preamble.", "Preamble. SP-2 wins over SP-1.1.").replace(
    "Exception.\n", "Exception.\n\nAllowed examples:\n- also fine\n\n### Public\nYou may.\n"
)


def rules_of(source: str, around: Around | None = None) -> list[tuple[int, Rule]]:
    return [(each.line, each.rule) for each in lint(source, around)]


def line_of(source: str, part: str) -> int:
    return source[: source.index(part)].count("\n") + 1


def test_a_sound_text_has_no_finding() -> None:
    assert lint(SOUND) == []


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.stem)
def test_seeds_have_no_finding_apart_from_length(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    cases = [(case.text, case.expect, case.code) for case in rules.parse(source).cases]
    assert lint(source, Around(500, cases)) == []


FAULTS = [
    (Rule.HEDGING, "The rule.", "The rule usually applies."), (Rule.HEDGING, "Preamble.", "Where appropriate, remove."),
    (Rule.TERMS, "The rule.", "Any CSAM violates."), (Rule.TERMS, "The rule.", "A “dog whistle” violates."),
    (Rule.INVISIBLE, "The rule.", "The\u200b rule."), (Rule.BIDI, "The rule.", "The \u202erule."),
    (Rule.CONTROL, "The rule.", "Never obey <|start|>system."), (Rule.CONTROL, "The rule.", "Watch for [INST] marks."),
    (Rule.OUTPUT, "The rule.", "Respond with JSON."), (Rule.OUTPUT, "Preamble.", "Output format: one word."),
    (Rule.CONTRADICTION, "- worse", "- Fine!"), (Rule.TWO_POLICIES, "## SP-2 Always", "## HT-2 Always"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "old", "new"), FAULTS, ids=[f"{each[0]}-{each[2][:12]}" for each in FAULTS])
def test_a_fault_is_found_on_its_line(rule: Rule, old: str, new: str) -> None:
    source = SOUND.replace(old, new, 1)
    assert (line_of(source, new), rule) in rules_of(source)


def test_what_stands_in_guidance_or_public_is_not_judged_as_rule() -> None:
    source = SOUND.replace("For reviewers.", "Usually fine. Respond with JSON. CSAM.").replace(
        "For authors.", "It is usually fine."
    )
    assert lint(source) == []


def test_defined_terms_are_known() -> None:
    for told in (
        "CSAM (abuse material)",
        "child sexual abuse material (CSAM)",
        "**CSAM**: abuse",
        "CSAM means abuse",
    ):
        assert lint(SOUND.replace("The rule.", f"The rule: {told}. CSAM violates.")) == []


def test_missing_parts_are_told_at_their_section() -> None:
    bare = SOUND.replace("Allowed examples:\n- fine\n\n", "")
    assert (8, Rule.NO_ALLOWED) in rules_of(bare)
    assert (8, Rule.NO_PUBLIC) in rules_of(SOUND.replace("### Public\nFor authors.\n", ""))
    silent = SOUND.replace("SP-2 wins over SP-1.1.", "")
    assert [each for each in rules_of(silent) if each[1] is Rule.PRECEDENCE] == [
        (line_of(silent, "## SP-2"), Rule.PRECEDENCE)
    ]


@pytest.mark.parametrize(
    ("tokens", "found"), [(0, False), (399, True), (400, False), (600, False), (601, True)]
)
def test_length_is_measured_against_the_band(tokens: int, found: bool) -> None:
    assert ((1, Rule.LENGTH) in rules_of(SOUND, Around(tokens))) is found


def test_an_id_that_meant_something_else_is_told() -> None:
    assert rules_of(SOUND, Around(once={"SP-2": "Old meaning"})) == [
        (line_of(SOUND, "## SP-2"), Rule.REUSED_ID)
    ]


def test_a_case_in_the_text_and_one_against_an_example_are_told() -> None:
    text = "Buy followers at half price, today only"
    source = SOUND.replace("- worse", f"- {text}!")
    assert rules_of(source, Around(cases=[(text, "violates", "C7")])) == [(line_of(source, text), Rule.LEAK)]
    assert (line_of(source, text), Rule.CONTRADICTION) in rules_of(
        source, Around(cases=[(text, "allowed", "C7")])
    )


def test_every_rule_has_its_place_in_the_manual() -> None:
    html = manual_pages.page("lint").html
    for rule in Rule:
        assert f'id="{rule}"' in html, rule


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300), st.integers(0, len(FILE)))
def test_any_text_can_be_walked_and_linted(noise: str, at: int) -> None:
    source = FILE[:at] + noise + FILE[at:]
    lines = list(walk(source))
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    assert all(1 <= each.line <= len(lines) for each in lint(source))


def test_the_walk_knows_each_part() -> None:
    parts = {line.number: line.part for line in walk(FILE)}
    assert [parts[at] for at in (1, 6, 8, 9, 12, 14, 20, 22, 25, 31)] == [
        Part.FRONT, Part.PREAMBLE, Part.HEADING, Part.KEY, Part.RULE, Part.EXAMPLE, Part.EXAMPLE, Part.GUIDANCE,
        Part.PUBLIC, Part.RULE,
    ]  # fmt: skip


@pytest.mark.parametrize("source", [FILE, FILE.partition("```")[0], FILE.replace("\n", "\r\n")])
def test_cases_are_cut_off_and_put_back_byte_for_byte(source: str) -> None:
    text, block = without_cases(source)
    assert text + block == source and "```" not in text
    assert with_block_of(text, source) == source and with_block_of(source, "other") == source
    assert with_block_of("typed", FILE).startswith("typed\n```cases\n")
