"""How bytes become items, or a reason that says what to do."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewapp.intake.incoming import BadBody, BadItem, read_body, read_item
from reviewapp.intake.rules import ITEM_STATES, FlagKind, ItemState, content_hash, reopens
from tests.rooms.intake.post import flag, sent

BAD = {
    "unknown field": (sent(colour="red"), "invalid", "`colour`"),
    "unknown inner field": (sent(content={"text": "x", "html": "y"}), "invalid", "In content"),
    "missing field": ({"external_id": "a", "content": {"text": "x"}}, "invalid", "`source`"),
    "wrong type": (sent(content={"text": 5}), "invalid", "In content.text"),
    "not an object": (5, "invalid", "object"),
    "NUL in the text": (sent(text="a\x00b"), "invalid", "NUL"),
    "NUL in the thread": (sent(context=[{"text": "a\x00b"}]), "invalid", "context[0].text"),
    "NUL in a flag": (sent(flags=[flag(reason="\x00")]), "invalid", "flags[0].reason"),
    "NUL in the id": (sent(external_id="a\x00"), "invalid", "external_id"),
    "half a surrogate pair": (sent(text="\ud800"), "invalid", "surrogate"),
    "half a pair in a key": ({**sent(), "\udfff": 1}, "invalid", "surrogate"),
    "text too long": (sent(text="a" * 100_001), "too_large", "100,001 characters"),
    "too much context": (sent(context=[{"text": "x"}] * 51), "too_large", "context has 51"),
    "too many attachments": (
        sent(content={"text": "", "attachments": [{"url": "https://e.example/1"}] * 51}), "too_large", "attachments",
    ),
    "too many flags": (sent(flags=[flag()] * 501), "too_large", "flags has 501"),
    "nothing said": (sent(text=""), "invalid", "no attachment"),
    "no date": (sent(created_at="yesterday"), "invalid", "2026-01-31T12:00:00Z"),
    "a day that is not": (sent(created_at="2026-02-30T12:00:00Z"), "invalid", "created_at"),
    "a date without zone": (sent(created_at="2026-02-03T12:00:00"), "invalid", "created_at"),
    "a date as number": (sent(created_at=1767225600), "invalid", "created_at"),
    "year one": (sent(created_at="0001-01-01T00:00:00+14:00"), "invalid", "1900"),
    "flag of no kind": (sent(flags=[flag(kind="gossip")]), "invalid", "user_report"),
    "empty id": (sent(external_id=""), "invalid", "external_id"),
    "source that is no word": (sent(source="a\nb"), "invalid", "In source"),
    "language that is no tag": (sent(language="<b>"), "invalid", "pt-BR"),
    "country of three letters": (sent(country="DEU"), "invalid", "two letters"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_item_gets_a_code_and_says_what_to_do(name: str) -> None:
    item, code, words = BAD[name]
    good, refused, is_batch = read_body(json.dumps({"items": [sent(), item, sent("post-2")]}).encode())
    assert is_batch
    assert [place for place, _ in good] == [0, 2], "the good ones are kept"
    assert [(each.index, each.code) for each in refused] == [(1, code)]
    assert words in refused[0].message


@pytest.mark.parametrize("name", BAD)
def test_a_bad_item_alone_is_refused_alike(name: str) -> None:
    item, code, _ = BAD[name]
    _, refused, is_batch = read_body(json.dumps(item).encode())
    assert not is_batch
    assert [each.code for each in refused] == [code]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"items": 5}',
        b'{"items": [], "more": 1}',
        b'{"items": [{}}',
        b"\x00",
    ],
)
def test_what_is_no_request_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(BadBody, match=r"[.]"):
        read_body(body)


def test_items_that_are_not_utf8_are_refused_one_by_one() -> None:
    whole = json.dumps({"items": [sent(), sent("post-2", "QQ")]}).encode()
    good, refused, _ = read_body(whole.replace(b"QQ", b"\xff"))
    assert len(good) == 1
    assert "UTF-8" in refused[0].message


def test_a_thousand_items_fit_and_one_more_does_not() -> None:
    assert len(read_body(json.dumps({"items": [sent()] * 1000}).encode())[0]) == 1000
    with pytest.raises(BadItem, match="1,001 items"):
        read_body(json.dumps({"items": [sent()] * 1001}).encode())


def test_the_limits_themselves_are_allowed() -> None:
    item = read_item(
        sent(
            text="😀" * 100_000, context=[{"text": "x"}] * 50, flags=[flag(reason=str(n)) for n in range(500)]
        )
    )
    assert len(item.content.text) == 100_000


def test_text_may_be_empty_beside_an_attachment() -> None:
    assert read_item(sent(content={"text": "", "attachments": [{"url": "https://e.example/a.png"}]}))


def test_the_hash_is_over_what_was_sent_and_no_more() -> None:
    thread, files = (
        [{"text": "And?", "author_id": "u2"}, {"text": "Well"}],
        [{"url": "https://e.example/a.png"}],
    )
    item = read_item(sent(context=thread) | {"content": {"text": "Bread", "attachments": files}})
    assert item.hash() == content_hash("Bread", thread, files)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=200))
def test_any_other_text_arrives_as_it_was_sent(text: str) -> None:
    for as_ascii in (True, False):
        good, refused, _ = read_body(json.dumps(sent(text=text), ensure_ascii=as_ascii).encode())
        assert not refused
        assert good[0][1].content.text == text


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_no_json_at_all_breaks_the_reader(value: Any) -> None:
    good, refused, _ = read_body(json.dumps({"items": [value]}).encode())
    assert len(good) + len(refused) == 1


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    try:
        good, refused, _ = read_body(body)
    except BadBody:
        return
    assert not good
    assert len(refused) <= 1


def test_the_same_flag_at_another_offset_is_the_same_flag() -> None:
    one = read_item(sent(flags=[flag(at="2026-01-31T12:00:00Z")])).flags[0]
    same = read_item(sent(flags=[flag(at="2026-01-31T13:00:00+01:00")])).flags[0]
    other = read_item(sent(flags=[flag(at="2026-01-31T12:00:01Z")])).flags[0]
    assert one.digest() == same.digest() != other.digest()


@pytest.mark.parametrize("kind", FlagKind)
def test_people_bring_back_what_no_person_has_seen(kind: FlagKind) -> None:
    by_people = kind != FlagKind.AUTOMATED
    assert reopens(ItemState.PASSED, kind) == by_people
    assert reopens(ItemState.CLOSED_BY_MACHINE, kind) == by_people
    assert reopens(ItemState.DECIDED, kind) == (kind == FlagKind.AUTHORITY_ORDER)


@pytest.mark.parametrize("state", ItemState)
def test_a_state_that_flags_reopen_may_go_to_people(state: ItemState) -> None:
    if any(reopens(state, kind) for kind in FlagKind):
        assert ItemState.AWAITING_REVIEW in ITEM_STATES[state].to
