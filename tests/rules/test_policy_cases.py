"""Lists of cases: what is read, what is told by line, and the hash over them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewapp.policies import rules
from reviewapp.policies.rules_cases import MOST_IMPORTED, cases_hash, read_cases
from tests.rules.test_policy_file import FILE

HEAD = "section,text,expect\n"


def problems(data: bytes | str, name: str = "a.csv") -> list[tuple[int, str]]:
    return read_cases(data.encode() if isinstance(data, str) else data, name).problems


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        ("", 1, "empty"), ("text,expect\n", 1, "section is missing"), (HEAD.replace("\n", ",mood\n"), 1, "'mood'"),
        ("section,text,expect,text\n", 1, "twice"), (HEAD + "SP-1,x\n", 2, "2 cells"),
        (HEAD + "SP-1,,violates\n", 2, "empty"), (HEAD + "SP-1,x,maybe\n", 2, "'maybe'"),
        (HEAD + ",x,violates\n", 2, "no section"), (HEAD + 'SP-1,"x,violates\n', 2, "cannot be read"),
        (HEAD.encode() + b"SP-1,\xff,violates\n", 2, "not UTF-8"), (b"\xe4\xf6\xfc", 1, "not UTF-8"),
        (HEAD + "SP-1,a\x00,violates\n", 2, "NUL"), (HEAD + f"SP-1,{'x' * 20_001},violates\n", 2, "20,000"),
    ],
)  # fmt: skip
def test_a_table_that_is_wrong_says_where(data: bytes | str, line: int, words: str) -> None:
    found = problems(data)
    assert any(at == line and words in text for at, text in found), found


@pytest.mark.parametrize(
    ("line", "words"),
    [("no", "not a JSON object"), ("[1]", "not a JSON object"), ('{"section": 1}', "text in quotes"),
     ('{"label": "x"}', "Unknown key"), ("[" * 5_000, "not a JSON object"),
     ('{"section": "SP-1", "text": "\\ud800", "expect": "allowed"}', "surrogate"),
     ('{"id": "a b", "section": "SP-1", "text": "x", "expect": "allowed"}', "id must be")],
)  # fmt: skip
def test_a_line_that_is_wrong_says_why(line: str, words: str) -> None:
    good = '{"section": "SP-1", "text": "x", "expect": "allowed"}'
    found = read_cases(f"{good}\n\n{line}\n{good}\n".encode(), "a.jsonl")
    assert len(found.rows) == 2 and [(at, words in text) for at, text in found.problems] == [(3, True)]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_common_separators_and_encodings_are_read(mark: str, encoding: str) -> None:
    data = mark.join(["Section", "Text", "Expect"]) + "\n" + mark.join(["SP-1", "größer", "Allowed"]) + "\n"
    found = read_cases(data.encode(encoding), "a.csv")
    assert found.problems == [] and (found.rows[0].text, found.rows[0].expect) == ("größer", "allowed")


def test_what_is_over_the_limits_is_told_once() -> None:
    many = HEAD + "".join(f"SP-1,x{number},allowed\n" for number in range(MOST_IMPORTED + 5))
    found = read_cases(many.encode(), "a.csv")
    assert len(found.rows) == MOST_IMPORTED and len(found.problems) == 1
    assert "16,000,000" in problems(b"x" * 16_000_001)[0][1]


CASES = st.lists(st.tuples(*[st.text(max_size=8)] * 4), max_size=6, unique_by=lambda case: case[0])


@given(CASES, st.randoms())
def test_the_hash_knows_the_cases_and_not_their_order(cases: list[tuple[str, ...]], random: object) -> None:
    shuffled = list(cases)
    random.shuffle(shuffled)
    assert cases_hash(cases) == cases_hash(shuffled)
    if cases:
        assert cases_hash(cases) != cases_hash(cases[1:])


@given(st.binary(max_size=200), st.sampled_from(["a.csv", "a.jsonl"]))
def test_any_bytes_are_read_or_refused(data: bytes, name: str) -> None:
    found = read_cases(data, name)
    assert all(line >= 1 and text for line, text in found.problems)


def test_case_lines_that_say_the_same_keep_their_bytes() -> None:
    odd = FILE.replace('{"id": "C1", "section"', '{ "id":"C1",  "section"')
    cases = rules.parse(odd).cases
    for source in (odd, odd.replace("\n", "\r\n"), "\ufeff" + odd):
        assert rules.with_case_lines(source, cases) == source
    assert rules.with_case_lines(FILE.partition("```")[0], cases) == FILE.partition("```")[0]


def test_a_changed_case_is_written_and_a_dropped_one_goes() -> None:
    (case,) = rules.parse(FILE).cases
    changed = rules.CaseText("C1", "SP-2", 'say "hi"\n', "allowed", "ö", 0)
    written = rules.with_case_lines(FILE, [changed, rules.CaseText("C9", "SP-2", "x", "allowed", "", 0)])
    (now,) = rules.parse(written).cases
    assert (now.section, now.text, now.note) == ("SP-2", 'say "hi"\n', "ö") and '"ö"' in written
    assert rules.parse(rules.with_case_lines(FILE, [])).cases == ()
    assert json.loads(FILE.splitlines()[-2])["id"] == case.code
