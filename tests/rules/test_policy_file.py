"""Reading policy files: what each part means, every problem with its line, and what the hash binds."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.types import FAMILIES as HEADS
from reviewapp.policies import rules
from reviewapp.policies.rules import Document, PolicyFileError, SectionText
from reviewapp.policies.rules_front import FAMILIES, applies_on
from reviewapp.policies.rules_lint import lint
from reviewapp.policies.starter import STARTER

SEEDS = sorted((Path(__file__).parents[2] / "policies_seed").glob("*.md"))

FILE = """\
---
slug: spam
title: "Spam: and more"
---

Preamble.

## SP-1.1 First
severity: 2
response: escalate:child_safety

The rule.

Allowed examples:
- fine

Violating examples:
- bad
- worse

### Guidance
For reviewers.

### Public
For authors.

## SP-2 Always allowed
severity: 1

Exception.

```cases
{"id": "C1", "section": "SP-1.1", "text": "x", "expect": "violates", "note": "why"}
```
"""


def lines_of(source: str) -> list[tuple[int, str]]:
    """The problems of a broken file."""
    with pytest.raises(PolicyFileError) as caught:
        rules.parse(source)
    return caught.value.problems


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.stem)
def test_every_seed_reads_without_a_finding(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert rules.parse(source).slug == path.stem
    assert lint(source) == []


def test_the_starter_reads() -> None:
    assert rules.parse(STARTER).cases[0].code == "NP-C1"


def test_families_are_the_prefilters_heads() -> None:
    assert FAMILIES == HEADS


def test_each_part_lands_where_it_belongs() -> None:
    document = rules.parse(FILE)
    first = document.sections[0]
    assert (document.title, document.family, document.language, document.effort) == (
        "Spam: and more",
        None,
        "en",
        "low",
    )
    assert document.preamble == "Preamble." and document.applies == {"sources": [], "countries": []}
    assert first == SectionText(
        "SP-1.1", "First", 2, "escalate:child_safety", "The rule.", "For reviewers.", "For authors.",
        ("bad", "worse"), ("fine",), 8,
    )  # fmt: skip
    assert (document.sections[1].violating, document.sections[1].severity, document.cases[0].line) == (
        (),
        1,
        33,
    )


def test_the_model_text_holds_rules_and_examples_and_nothing_else() -> None:
    assert rules.model_text(rules.parse(FILE)) == (
        "# Spam: and more\n\nPreamble.\n\n## SP-1.1 First\nThe rule.\n\nViolating examples:\n- bad\n- worse\n\n"
        "Allowed examples:\n- fine\n\n## SP-2 Always allowed\nException.\n"
    )


PROBLEMS = [
    ("---\nslug", "slug", 1, "must start with front matter"),
    ("slug: spam", "slug: Spam!", 2, "`slug` must be"),
    ("slug: spam", "slug: new", 2, "`slug` must be"),
    ("slug: spam", "slug: [spam", 3, "not YAML"),
    ("slug: spam", "slug: spam\nslug: ham", 3, "second time"),
    ("slug: spam", "slug: spam\ncolour: red", 3, "Unknown key 'colour'"),
    ("slug: spam", "slug: spam\nfamily: nudity", 3, "`family` must be one of"),
    ("slug: spam", "slug: spam\nlanguage: no", 3, "`language` must be"),
    ("slug: spam", "slug: spam\neffort: maximal", 3, "`effort` must be"),
    ("slug: spam", "slug: spam\neffort: [low]", 3, "`effort` must be"),
    ("slug: spam", "slug: spam\napplies: {planets: [mars]}", 3, "`applies` may hold"),
    ("slug: spam", "slug: spam\napplies: {sources: forum}", 3, "must be a list"),
    ('title: "Spam: and more"', "title: Spam: and more", 3, "not YAML"),
    ('title: "Spam: and more"\n', "", 1, "`title` must be"),
    ("severity: 2", "severity: 5", 9, "`severity: 1` to"),
    ("severity: 2", "severity: high", 9, "`severity: 1` to"),
    ("severity: 2\n", "", 8, "`severity: 1` to"),
    ("severity: 2\n", "severity: 2\nseverity: 3\n", 10, "once each"),
    ("response: escalate:child_safety", "response: shout", 10, "`response` must be"),
    ("## SP-1.1 First", "## First", 8, "starts with an id"),
    ("## SP-1.1 First", "## SP-1.1", 8, "needs a title"),
    ("## SP-2 Always", "## SP-1.1 Always", 27, "already used on line 8"),
    ("### Public", "### Secret", 24, "only `### Guidance`"),
    ("### Public", "### Guidance", 24, "once each"),
    ("- worse", "more rules", 19, "only `- example` lines"),
    ("The rule.\n", "Allowed examples:\n- one\n", 15, "second time"),
    ("Exception.\n", "", 27, "no rule text"),
    ('"section": "SP-1.1"', '"section": "SP-9"', 33, "not in this file"),
    ('"expect": "violates"', '"expect": "unsure"', 33, "expect is violates or allowed"),
    ('"note": "why"}', '"note": "why"', 33, "cannot be read"),
    ('"note"', '"remark"', 33, "a case is a JSON object"),
    ('"text": "x"', '"text": "\\u0000"', 33, "without NUL"),
    ('"text": "x"', '"text": "\\ud800"', 33, "half surrogate"),
    ('"note": "why"}\n```', '"note": "why"}', 32, "not closed"),
    ('"why"}\n```\n', '"why"}\n```\nmore\n', 35, "last thing"),
    ("Preamble.", "Pre\x00amble.", 6, "NUL"),
]


@pytest.mark.parametrize(("old", "new", "line", "message"), PROBLEMS, ids=[f"{p[3]}" for p in PROBLEMS])
def test_a_problem_is_told_with_its_line(old: str, new: str, line: int, message: str) -> None:
    assert old in FILE
    problems = lines_of(FILE.replace(old, new, 1))
    assert any(message in text for _, text in problems), problems
    assert next(at for at, text in problems if message in text) == line, problems


def test_all_problems_are_told_at_once() -> None:
    problems = lines_of(FILE.replace("severity: 2", "severity: 7").replace("## SP-2 ", "## SP-1.1 "))
    assert [line for line, _ in problems] == [9, 27]


def test_a_case_id_is_used_once() -> None:
    case = FILE.splitlines()[-2]
    assert any("already used" in text for _, text in lines_of(FILE.replace(case, f"{case}\n{case}")))


def test_a_file_over_the_limit_is_refused() -> None:
    assert "200,000 are allowed" in lines_of(FILE.replace("Preamble.", "ü" * 100_000))[0][1]


def test_deep_or_looping_yaml_is_a_problem_and_not_a_crash() -> None:
    for value in ("[" * 5_000, "&a [*a]", "!!python/object:os.system x", "2026-99-99"):
        assert lines_of(FILE.replace("slug: spam", f"slug: {value}"))


@pytest.mark.parametrize("escape", ["\\ud800", "\\0"])
def test_escapes_do_not_bring_back_what_a_file_may_not_hold(escape: str) -> None:
    assert lines_of(FILE.replace("Spam: and more", escape))[0][0] == 3
    forum = FILE.replace("slug: spam", f'slug: spam\napplies: {{sources: ["{escape}"]}}')
    assert lines_of(forum)[0][0] == 3


def test_invisible_characters_are_shown_but_stop_nothing() -> None:
    source = FILE.replace("The rule.", "The\u200b rule\u202e.")
    assert rules.parse(source).sections
    said = [(each.line, each.message) for each in lint(source)]
    assert (12, "Zero width space u+200b: nobody sees it. Remove it unless the rule is about it.") in said


def test_line_ends_and_a_byte_order_mark_change_nothing_in_the_meaning() -> None:
    assert rules.parse("\ufeff" + FILE.replace("\n", "\r\n")) == rules.parse(FILE)


@pytest.mark.parametrize(
    ("old", "new"),
    [("The rule.", "The rule.  \t"), ("The rule.\n", "The rule.\n\n\n\n"), ("Preamble.", "\n\nPreamble.\n"),
     ("For reviewers.", "For all reviewers."), ("For authors.", "For you."), ('"text": "x"', '"text": "y"'),
     ("response: escalate:child_safety\n", ""), ("slug: spam", "slug: ham")],
)  # fmt: skip
def test_what_the_model_never_sees_leaves_the_hash_alone(old: str, new: str) -> None:
    assert rules.text_hash(rules.parse(FILE.replace(old, new, 1))) == rules.text_hash(rules.parse(FILE))


@pytest.mark.parametrize(
    ("old", "new"),
    [("The rule.", "The  rule."), ("Preamble.", "preamble."), ("severity: 2", "severity: 3"), ("- worse", "- worst"),
     ("and more", "and less"), ("SP-2 ", "SP-3 "), ("First", "Third"), ("- fine\n", "- fine\n- finer\n")],
)  # fmt: skip
def test_what_the_model_sees_changes_the_hash(old: str, new: str) -> None:
    assert rules.text_hash(rules.parse(FILE.replace(old, new, 1))) != rules.text_hash(rules.parse(FILE))


WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1, max_size=40).map(
    lambda text: f"a{text.strip()}z"
)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A policy with one to four sections."""
    examples = st.lists(WORDS, max_size=3).map(tuple)
    sections = tuple(
        SectionText(
            f"AB-{number}", draw(WORDS), draw(st.integers(1, 4)), draw(st.sampled_from(["", "support"])),
            "\n\n".join(draw(st.lists(WORDS, min_size=1, max_size=3))), draw(st.just("") | WORDS), draw(st.just("") | WORDS),
            draw(examples), draw(examples), 0,
        )
        for number in range(1, draw(st.integers(1, 4)) + 1)
    )  # fmt: skip
    return Document(
        "some", draw(WORDS), None, "en", "low", {"sources": [], "countries": []}, draw(WORDS), sections, ()
    )


def written(document: Document) -> str:
    """A file that says what the document says."""
    parts = [
        f"---\nslug: {document.slug}\ntitle: {json.dumps(document.title, ensure_ascii=False)}\n---\n\n{document.preamble}\n"
    ]
    for each in document.sections:
        response = f"response: {each.response}\n" if each.response else ""
        parts.append(
            f"## {each.code} {each.title}\nseverity: {each.severity}\n{response}\n{each.model_text}\n"
        )
        for name, examples in (("Violating", each.violating), ("Allowed", each.allowed)):
            if examples:
                parts.append(f"{name} examples:\n" + "".join(f"- {example}\n" for example in examples))
        parts += [
            f"### {name}\n{text}\n"
            for name, text in (("Guidance", each.guidance), ("Public", each.public))
            if text
        ]
    return "\n".join(parts)


def without_lines(document: Document) -> Document:
    """The document without its line numbers."""
    return replace(document, sections=tuple(replace(each, line=0) for each in document.sections))


@settings(max_examples=60, deadline=None)
@given(documents())
def test_what_is_written_is_read_back(document: Document) -> None:
    assert without_lines(rules.parse(written(document))) == document


@settings(max_examples=60, deadline=None)
@given(documents(), documents())
def test_hashes_are_equal_exactly_when_the_model_sees_the_same(one: Document, other: Document) -> None:
    seen = [(rules.model_text(each), [(s.code, s.severity) for s in each.sections]) for each in (one, other)]
    assert (rules.text_hash(one) == rules.text_hash(other)) == (seen[0] == seen[1])


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.integers(0, len(FILE)))
def test_any_text_is_either_read_or_refused_with_lines(noise: str, at: int) -> None:
    source = FILE[:at] + noise + FILE[at:]
    problems = rules.problems_of(source, None)
    assert all(1 <= line <= source.count("\n") + source.count("\r") + 2 for line, _ in problems)
    if not problems:
        rules.model_text(rules.parse(source)).encode()
    lint(source)


def test_targets_and_public_texts_in_more_languages_are_read_and_never_sent() -> None:
    source = FILE.replace("severity: 2\n", "severity: 2\nrecall: 95 %\nprecision: 90.5%\n")
    source = source.replace("For authors.\n", "For authors.\n\n### Public (pt-BR)\nPara autores.\n")
    first = rules.parse(source).sections[0]
    assert (first.recall, first.precision, first.public_in) == (95.0, 90.5, (("pt-BR", "Para autores."),))
    assert rules.text_hash(rules.parse(source)) == rules.text_hash(rules.parse(FILE))


@pytest.mark.parametrize("target", ["95", "49 %", "100 %", "high", ""])
def test_a_target_is_a_percentage_that_can_be_proved(target: str) -> None:
    problems = lines_of(FILE.replace("severity: 2\n", f"severity: 2\nrecall: {target}\n"))
    assert problems[0][0] == 10 and "`recall` is a target" in problems[0][1]


def with_applies(applies: str) -> str:
    return FILE.replace("slug: spam\n", f"slug: spam\napplies: {applies}\n")


@pytest.mark.parametrize(
    ("applies", "wanted"),
    [
        ("{languages: [de, pt-BR]}", {"languages": ["de", "pt-BR"]}),
        ("{dates: {from: 2026-01-01, until: 2026-02-01}}", {"dates": {"from": "2026-01-01", "until": "2026-02-01"}}),
        ("{dates: {from: 2026-01-01}}", {"dates": {"from": "2026-01-01"}}), ("{dates: }", {}), ("{languages: []}", {}),
    ],
)  # fmt: skip
def test_languages_and_dates_are_read(applies: str, wanted: dict[str, object]) -> None:
    assert rules.parse(with_applies(applies)).applies == {"sources": [], "countries": []} | wanted


@pytest.mark.parametrize(
    "dates",
    ["soon", "{}", "[2026-01-01]", "{from: soon}", "{since: 2026-01-01}", "{from: 2026-02-01, until: 2026-01-01}",
     "{from: 2026-01-01 10:00:00}"],
)  # fmt: skip
def test_dates_that_are_none_are_a_problem(dates: str) -> None:
    assert "`dates` holds" in lines_of(with_applies(f"{{dates: {dates}}}"))[0][1]


@pytest.mark.parametrize(
    ("dates", "applies"),
    [({}, True), ({"from": "2026-05-05"}, True), ({"from": "2026-05-06"}, False), ({"until": "2026-05-05"}, True),
     ({"until": "2026-05-04"}, False), ({"from": "2026-05-01", "until": "2026-05-09"}, True)],
)  # fmt: skip
def test_both_ends_of_the_dates_are_included(dates: dict[str, str], applies: bool) -> None:
    assert applies_on({"dates": dates}, date(2026, 5, 5)) is applies
    assert applies_on({}, date(2026, 5, 5))
