"""`manage.py ingest`: sends a file, again without harm, on after a stop, and says which lines were refused."""

import gzip
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from reviewapp.accounts.models import ApiKey
from reviewapp.intake import sending
from reviewapp.intake.models import Item
from reviewapp.intake.sending import CannotSend, Line, Progress, Resume, Sender, batches
from tests.rooms.intake.post import sent

pytestmark = pytest.mark.usefixtures("store")


def write(path: Path, *rows: Any) -> Path:
    """A JSONL file; strings go as they are."""
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    with override_settings(REVIEW_HOME=tmp_path / "home"):
        yield tmp_path / "home"


@pytest.fixture
def ingest(live_server: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs the command against the running server, as `up` would let it; gives what it printed."""
    monkeypatch.setenv("REVIEW_URL", live_server)

    def run(*arguments: str) -> str:
        out = io.StringIO()
        call_command("ingest", *arguments, stdout=out, stderr=io.StringIO())
        return out.getvalue()

    return run


def test_a_file_goes_in_and_going_in_again_changes_nothing(
    ingest: Callable[..., str], tmp_path: Path
) -> None:
    path = tmp_path / "items.jsonl.gz"
    rows = [sent(f"i{number}", f"text {number} ü") for number in range(1200)]
    path.write_bytes(gzip.compress("\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()))
    assert ingest(str(path)) == "created 1,200 · duplicate 0 · refused 0\n"
    assert ingest(str(path)) == "created 0 · duplicate 1,200 · refused 0\n"
    assert Item.objects.count() == 1200
    assert ApiKey.objects.count() == 1, "its key is kept in the home"


def test_refused_and_broken_lines_are_named_and_the_rest_is_stored(
    ingest: Callable[..., str], tmp_path: Path
) -> None:
    without = {"external_id": "c", "content": {"text": "no source"}}
    path = write(
        tmp_path / "items.jsonl", sent("a"), "{broken", "", sent("b", colour=1), "[1]", without, '"\\ud800"',
        json.dumps(sent("d", "\ud800")), sent("e"),
    )  # fmt: skip
    printed = ingest(str(path), "--source", "named")
    lines = printed.splitlines()
    assert [line.split(":")[0] for line in lines[:-1]] == ["line 2", "line 4", "line 5", "line 7", "line 8"]
    assert "broken line" in lines[0]
    assert "`colour`" in lines[1]
    assert "surrogate" in lines[4]
    assert lines[-1] == "created 3 · duplicate 0 · refused 5"
    assert Item.objects.get(external_id="c").source.name == "named"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.jsonl"], "is no file"),
        ([__file__, "--url", "http://localhost:1"], "--key"),
    ],
)
def test_it_says_what_it_lacks(home: Path, db: str, arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("ingest", *arguments)


def test_without_a_server_it_says_how_to_start_one(
    home: Path, db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REVIEW_URL", raising=False)
    with pytest.raises(CommandError, match=r"manage\.py up"):
        call_command("ingest", __file__)


def test_a_wrong_key_stops_it_with_the_words_of_the_server(
    live_server: str, home: Path, tmp_path: Path
) -> None:
    path = write(tmp_path / "items.jsonl", sent())
    with pytest.raises(CommandError, match=r"401.*valid key.*issue one\. Run it again"):
        call_command("ingest", str(path), "--url", live_server, "--key", "rk_wrong_key", stderr=io.StringIO())


class Server:
    """Answers in order; the last one again and again. Remembers what was posted."""

    def __init__(self, *answers: httpx.Response | httpx.TransportError) -> None:
        self.answers = list(answers)
        self.bodies: list[Any] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """The next answer."""
        self.bodies.append(json.loads(request.content))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, httpx.TransportError):
            raise answer
        return answer

    def sender(self) -> Sender:
        """A sender that talks to this server."""
        return Sender(
            httpx.Client(transport=httpx.MockTransport(self), base_url="http://x"), lambda words: None
        )


def stored(count: int) -> httpx.Response:
    """A 202 for `count` new items."""
    return httpx.Response(202, json={"items": [{"created": True}] * count})


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits, which take no time here."""
    taken: list[float] = []
    monkeypatch.setattr("reviewapp.intake.sending.time.sleep", taken.append)
    return taken


BATCH = [Line(1, json.dumps(sent("a")), 10), Line(3, json.dumps(sent("b")), 20)]


def test_it_waits_as_long_as_it_is_asked_to(naps: list[float]) -> None:
    busy = httpx.Response(429, headers={"Retry-After": "7"}, json={"error": {"message": "Later."}})
    away = httpx.Response(503, headers={"Retry-After": "5"})
    server = Server(busy, away, httpx.ConnectError("no"), stored(2))
    progress = Progress()
    server.sender().send(BATCH, progress)
    assert naps == [7.0, 5.0, 1.0]
    assert (progress.created, progress.line) == (2, 3)


def test_a_server_that_never_answers_ends_it_with_a_word(naps: list[float]) -> None:
    with pytest.raises(CannotSend, match="http://x does not answer"):
        Server(httpx.ConnectError("no")).sender().send(BATCH, Progress())
    assert 20 < sum(naps) <= sending.FIRST_SECONDS


def test_a_server_that_went_away_is_waited_for(naps: list[float]) -> None:
    sender = Server(stored(2), httpx.ConnectError("no")).sender()
    sender.send(BATCH, Progress())
    with pytest.raises(CannotSend, match="does not answer"):
        sender.send(BATCH, Progress())
    assert len(naps) == sending.MOST_TRIES - 1


def test_what_is_too_large_together_is_sent_apart(naps: list[float]) -> None:
    large = httpx.Response(413, json={"error": {"message": "Too large."}})
    progress = Progress()
    server = Server(large, stored(1), large)
    server.sender().send(BATCH, progress)
    assert [len(body["items"]) for body in server.bodies] == [2, 1, 1]
    assert (progress.created, progress.refused, progress.line) == (1, [(3, "Too large.")], 3)


def test_batches_keep_to_lines_and_bytes() -> None:
    small = [Line(number, "x", 0) for number in range(1001)]
    assert [len(batch) for batch in batches(iter(small))] == [500, 500, 1]
    big = [Line(number, "x" * 3_000_000, 0) for number in range(3)]
    assert [len(batch) for batch in batches(iter(big))] == [1, 1, 1]


def test_it_goes_on_after_the_last_line_that_was_answered(tmp_path: Path) -> None:
    path = write(tmp_path / "items.jsonl", sent("a"), sent("b"))
    resume = Resume(tmp_path / "kept", path, "http://x", "")
    assert resume.load() == Progress()
    resume.keep(Progress(line=1, created=1, refused=[(1, "why")]))
    again = Resume(tmp_path / "kept", path, "http://x", "")
    assert again.load() == Progress(line=1, created=1, refused=[(1, "why")])
    assert [line.number for line in sending.lines(path, "", lambda *_: None, after=1)] == [2]
    assert Resume(tmp_path / "kept", path, "http://elsewhere", "").load() == Progress()
    write(path, sent("changed"))
    assert Resume(tmp_path / "kept", path, "http://x", "").load() == Progress(), "another content starts anew"


def test_a_gzip_file_that_ends_early_is_told_and_can_be_mended(
    ingest: Callable[..., str], tmp_path: Path
) -> None:
    whole = gzip.compress(
        "".join(json.dumps(sent(f"i{n}", f"{n}" * 50)) + "\n" for n in range(2000)).encode()
    )
    path = tmp_path / "items.jsonl.gz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CommandError, match="cannot be read further"):
        ingest(str(path))
    path.write_bytes(whole)
    ingest(str(path))
    assert Item.objects.count() == 2000
