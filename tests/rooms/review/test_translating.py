"""Translations: asked for with a key, kept with the revision, erased with the item; an engine may answer anything."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from reviewapp.accounts.actions import set_languages
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import OPERATOR
from reviewapp.audit.models import Event
from reviewapp.insights.actions import erase
from reviewapp.intake import actions as intake
from reviewapp.intake.models import Item, ItemContent
from reviewapp.review import actions, translator
from reviewapp.review.actions.claims import Unclear
from reviewapp.review.models import Decision, Translation
from reviewapp.review.rules_translation import (
    MOST_ANSWER,
    MOST_TEXT,
    Translated,
    Unreadable,
    answer_of,
    kept_as,
    parts_kept,
    parts_of,
    question,
    target_of,
)
from reviewapp.review.translator import NotTranslated, TranslationOff
from reviewapp.ui.errors import Missing
from tests.cast import Cast
from tests.racing import at_once
from tests.rooms.review import stage
from tests.translation_engine import Engine, answering

SignIn = Callable[[Person], Client]
ARABIC = "أرسل الرمز الآن. قابلني في المحطة."
ENGLISH = "Send the code now. Meet me at the station."
GOOD = {"translatedText": ENGLISH, "detectedLanguage": {"language": "ar", "confidence": 92}}


@pytest.fixture
def engine(settings: Any) -> Iterator[Engine]:
    """A local engine on a real socket, set as this house's."""
    with answering(GOOD) as made:
        settings.TRANSLATION_URL = made.url
        yield made


@pytest.fixture
def item(cast: Cast) -> UUID:
    found = stage.wait_for_a_person(ARABIC, detected="ar")
    actions.admit()
    return found


def test_the_translation_stands_below_the_original_and_says_that_a_machine_made_it(
    cast: Cast, client_for: SignIn, engine: Engine, item: UUID
) -> None:
    client = client_for(cast.ana)
    assert "Machine translation" not in client.get(f"/review/{item}").content.decode()
    answer = client.post(f"/review/{item}/translate", headers={"HX-Request": "true"})
    part = answer.content.decode()
    assert answer.status_code == 200 and part.count('id="translation"') == 1
    assert ENGLISH in part and "Machine translation into English" in part and "from Arabic" in part
    assert '<div class="text" lang="en" dir="ltr">' in part
    page = client.get(f"/review/{item}").content.decode()
    assert page.index(ARABIC) < page.index(ENGLISH) and 'lang="ar"' in page
    assert engine.asked == [("/translate", {"q": ARABIC, "source": "ar", "target": "en", "format": "text"})]
    plain = client_for(cast.mo).post(f"/review/{item}/translate")
    assert plain.status_code == 302 and plain.headers["Location"] == f"/review/{item}#translation"


def test_times_that_say_utc_are_utc_wherever_the_reader_is(
    cast: Cast, client_for: SignIn, engine: Engine, item: UUID
) -> None:
    Person.objects.filter(pk=cast.ana.pk).update(time_zone="Asia/Tokyo")
    Item.objects.filter(pk=item).update(created_at=datetime(2026, 3, 1, 20, 15, tzinfo=UTC))
    actions.translate(item=item, person=cast.ana)
    Translation.objects.update(at=datetime(2026, 3, 2, 21, 25, tzinfo=UTC))
    claim = actions.claim_item(item=item, person=cast.ana)
    client = client_for(cast.ana)
    page = client.get(f"/review/{item}").content.decode()
    assert "1 Mar 20:15 UTC" in page and "2 Mar 21:25 UTC" in page
    done = actions.override(
        task=claim.task, epoch=claim.epoch, nonce=uuid4(), label="allowed", person=cast.ana
    )
    Decision.objects.update(at=datetime(2026, 3, 3, 22, 35, tzinfo=UTC))
    assert "3 Mar 2026 22:35:00 UTC" in client.get(f"/decisions/{done.decision}").content.decode()


def test_it_is_asked_once_a_revision_and_language_and_the_log_holds_no_text(
    cast: Cast, engine: Engine, item: UUID
) -> None:
    actions.translate(item=item, person=cast.ana)
    actions.translate(item=item, person=cast.mo)
    assert len(engine.asked) == 1
    set_languages(person=cast.mo.pk, languages={"de": "native", "fr": "basic"}, actor=OPERATOR)
    engine.body = json.dumps({"translatedText": "Schick den Code."}).encode()
    actions.translate(item=item, person=Person.objects.get(pk=cast.mo.pk))
    assert set(Translation.objects.values_list("target", "source")) == {("en", "ar"), ("de", "und")}
    told = Event.objects.filter(verb="item.translated").order_by("at")
    assert [each.data["target"] for each in told] == ["en", "de"]
    assert all(each.subjects == [item] and "code" not in json.dumps(each.data).lower() for each in told)


def test_erasing_the_item_erases_what_was_translated(cast: Cast, engine: Engine, item: UUID) -> None:
    actions.translate(item=item, person=cast.ana)
    erase(items=[item], actor=OPERATOR)
    assert not Translation.objects.exists()
    with pytest.raises(Missing):
        actions.translate(item=item, person=cast.ana)
    assert len(engine.asked) == 1


@pytest.mark.parametrize("what", ["erased", "restricted"])
def test_what_is_taken_away_while_the_engine_thinks_is_not_kept(
    cast: Cast, engine: Engine, item: UUID, what: str
) -> None:
    def meanwhile() -> None:
        if what == "erased":
            intake.ask_erasure(items=[item], actor=OPERATOR)
        else:
            intake.restrict(item=item, reference="R1", person=cast.sam)

    engine.before = lambda: at_once(1, lambda _: meanwhile())
    with pytest.raises(Missing, match="meanwhile"):
        actions.translate(item=item, person=cast.ana)
    assert not Translation.objects.exists()


def test_a_restricted_item_goes_to_no_engine(cast: Cast, engine: Engine, item: UUID) -> None:
    Item.objects.filter(pk=item).update(restricted=True)
    with pytest.raises(Missing):
        actions.translate(item=item, person=cast.ana)
    assert not engine.asked


HOSTILE: list[tuple[int, dict[str, str], bytes, str]] = [
    (200, {}, b"<html><script>alert(1)</script></html>", "something that is no JSON"),
    (200, {}, b"[]", "without a translation"),
    (200, {}, b'{"translatedText": ["a", "b"]}', "without a translation"),
    (200, {}, b'{"translatedText": 7}', "without a translation"),
    (200, {}, b'{"translatedText": "  "}', "without a translation"),
    (200, {}, b'{"error": "no such language"}', "without a translation"),
    (200, {}, b"{" * 200_000, "something that is no JSON"),
    (200, {}, json.dumps({"translatedText": "a" * 1_000_000}).encode(), "far more than was asked"),
    (302, {"Location": "http://169.254.169.254/latest"}, b"", "answered 302"),
    (400, {}, b'{"error": "ar is not supported"}', "answered 400"),
    (500, {}, b"oops", "answered 500"),
]


@pytest.mark.parametrize(("status", "headers", "body", "says"), HOSTILE)
def test_a_hostile_or_broken_engine_changes_nothing_and_the_page_says_what_to_do(
    cast: Cast, client_for: SignIn, engine: Engine, item: UUID,
    status: int, headers: dict[str, str], body: bytes, says: str,
) -> None:  # fmt: skip
    engine.status, engine.headers, engine.body = status, headers, body
    answer = client_for(cast.ana).post(f"/review/{item}/translate", headers={"HX-Request": "true"})
    part = answer.content.decode()
    assert answer.status_code == 503 and says in part and "Nothing was changed" in part
    assert "alert(1)" not in part and len(engine.asked) == 1
    assert not Translation.objects.exists() and not Event.objects.filter(verb="item.translated").exists()


def test_what_an_engine_says_is_escaped_and_its_turning_characters_are_named(
    cast: Cast, client_for: SignIn, engine: Engine, item: UUID
) -> None:
    said = "<b onclick=x>hi</b> \u202egnp.exe \x00"
    engine.body = json.dumps({"translatedText": said}).encode()
    part = client_for(cast.ana).post(f"/review/{item}/translate", headers={"HX-Request": "true"}).content
    assert (
        b"<b onclick" not in part
        and b"&lt;b onclick" in part
        and "\u202e".encode() not in part
        and b"RLO" in part
    )


def test_an_engine_that_hangs_or_is_gone_is_given_up(
    cast: Cast, engine: Engine, item: UUID, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(translator, "SECONDS", 0.2)
    translator._sender.cache_clear()
    ended = threading.Event()
    engine.before = lambda: ended.wait(5)
    with pytest.raises(NotTranslated, match="no answer in time"):
        actions.translate(item=item, person=cast.ana)
    ended.set()
    translator._sender.cache_clear()
    settings.TRANSLATION_URL = "http://127.0.0.1:9"
    with pytest.raises(NotTranslated, match="no connection"):
        actions.translate(item=item, person=cast.ana)


def test_a_slow_engine_takes_two_threads_of_a_process_and_no_more(
    cast: Cast, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [stage.wait_for_a_person(f"{ARABIC} {number}", detected="ar") for number in range(3)]
    inside = threading.Barrier(3)
    ended = threading.Event()
    engine.before = lambda: (inside.wait(5), ended.wait(5))

    def ask(number: int) -> None:
        if number == 2:
            inside.wait(5)
        try:
            actions.translate(item=items[number], person=cast.ana)
        finally:
            if number == 2:
                ended.set()

    results = at_once(3, ask)
    assert results[:2] == [None, None]
    assert isinstance(results[2], NotTranslated) and "busy" in results[2].message


def test_without_an_engine_the_key_is_inert_and_says_why(
    cast: Cast, client_for: SignIn, item: UUID, settings: Any
) -> None:
    settings.TRANSLATION_URL = ""
    client = client_for(cast.ana)
    page = client.get(f"/review/{item}").content.decode()
    button = page[page.index('form="translate"') :].partition(">")[0]
    assert 'aria-disabled="true"' in button and "TRANSLATION_URL" in button
    answer = client.post(f"/review/{item}/translate", headers={"HX-Request": "true"})
    assert answer.status_code == 409 and "No translation engine is set here" in answer.content.decode()
    with pytest.raises(TranslationOff):
        actions.translate(item=item, person=cast.ana)


def test_there_is_nothing_to_translate_in_ones_own_language_or_without_text(
    cast: Cast, client_for: SignIn, engine: Engine
) -> None:
    english, empty = stage.wait_for_a_person(ENGLISH, language="en-GB"), stage.wait_for_a_person("")
    for found, says in ((english, "in English already"), (empty, "no text")):
        with pytest.raises(Unclear, match=says):
            actions.translate(item=found, person=cast.ana)
        assert says in client_for(cast.ana).get(f"/review/{found}").content.decode()
    assert not engine.asked


def test_a_long_text_is_translated_as_far_as_it_goes(cast: Cast, client_for: SignIn, engine: Engine) -> None:
    long = stage.wait_for_a_person("ا" * (MOST_TEXT + 7))
    actions.translate(item=long, person=cast.ana)
    assert len(engine.asked[0][1]["q"]) == MOST_TEXT and engine.asked[0][1]["source"] == "auto"
    assert (
        "7 characters at the end were too many"
        in client_for(cast.ana).get(f"/review/{long}").content.decode()
    )


def test_who_works_no_queue_asks_no_engine(
    cast: Cast, client_for: SignIn, engine: Engine, item: UUID
) -> None:
    assert client_for(cast.au).post(f"/review/{item}/translate").status_code == 403
    assert (
        not engine.asked
        and 'form="translate"' not in client_for(cast.au).get(f"/review/{item}").content.decode()
    )


def test_the_question_and_the_answer() -> None:
    assert target_of({}) == "en" and target_of({"fr": "basic", "de": "fluent", "tr": "native"}) == "tr"
    assert json.loads(question(["x"], source="und", target="de")) == {
        "q": "x", "source": "auto", "target": "de", "format": "text",
    }  # fmt: skip
    assert json.loads(question(["x", "y"], source="ar", target="de"))["q"] == ["x", "y"]
    said = '{"translatedText": "a", "detectedLanguage": {"language": "zz"}}'
    assert answer_of(200, said, count=1) == Translated(("a",), "und")
    said = (
        '{"translatedText": ["a", "b\\u001ec"], "detectedLanguage": [{"language": "ar"}, {"language": "fr"}]}'
    )
    assert answer_of(200, said, count=2) == Translated(("a", "b c"), "ar")
    for short in ('{"translatedText": ["a"]}', '{"translatedText": "ab"}', '{"translatedText": ["a", 1]}'):
        with pytest.raises(Unreadable, match="without a translation"):
            answer_of(200, short, count=2)
    with pytest.raises(Unreadable, match="far more"):
        answer_of(200, "x" * (MOST_ANSWER + 1), count=1)


def test_what_is_asked_is_the_item_and_whole_messages_while_they_fit() -> None:
    assert parts_of("a", ["b", "", "c"]) == ("a", "b", "", "c")
    assert parts_of("a" * (MOST_TEXT - 2), ["b", "long", "c"]) == ("a" * (MOST_TEXT - 2), "b")
    assert parts_of("a" * (MOST_TEXT + 2), ["b"]) == ("a" * MOST_TEXT,)
    assert parts_kept(kept_as(["a", "", "c"])) == ("a", "", "c")


def test_the_thread_is_translated_with_the_item_each_message_below_its_original(
    cast: Cast, client_for: SignIn, engine: Engine, item: UUID
) -> None:
    context = [
        {"role": "parent", "author_id": "u2", "text": "من أنت؟"}, {"role": "photo"}, {"author_id": "u1", "text": "صديق"},
    ]  # fmt: skip
    ItemContent.objects.filter(item=item).update(context=context)
    said = [ENGLISH, "Who are you? <b>", "A friend"]
    engine.body = json.dumps({"translatedText": said, "detectedLanguage": [{"language": "ar"}] * 3}).encode()
    client = client_for(cast.ana)
    assert "Who are you" not in client.get(f"/review/{item}").content.decode()
    part = client.post(f"/review/{item}/translate", headers={"HX-Request": "true"}).content.decode()
    assert engine.asked[0][1]["q"] == [ARABIC, "من أنت؟", "صديق"]
    for page in (part, client.get(f"/review/{item}").content.decode()):
        places = [page.index(each) for each in ("من أنت؟", "Who are you? &lt;b&gt;", "صديق", "A friend")]
        assert places == sorted(places) and page.count("the original stands above") == 2
    read_only = client_for(cast.au).get(f"/review/{item}").content.decode()
    assert "صديق" in read_only and 'id="translation"' not in read_only
    erase(items=[item], actor=OPERATOR)
    assert not Translation.objects.exists()
