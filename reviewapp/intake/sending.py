"""The client of `POST /api/v1/items`: sends a file of items in batches, waits when asked to, and can go on later."""

import gzip
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final, cast

import httpx

MOST_LINES: Final = 500
MOST_BYTES: Final = 4 * 1024 * 1024
LONGEST_LINE: Final = 15 * 1024 * 1024
MOST_TRIES: Final = 40
"""Attempts in a row without an answer, about six minutes."""
FIRST_SECONDS: Final = 30.0
"""How long a server that never answered is waited for; it may just be starting."""


class CannotSend(Exception):
    """The server refused the whole request, or does not answer."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file that is JSON: its number, the item as JSON, and how much of the file was read with it."""

    number: int
    body: str
    read: int


@dataclass(slots=True)
class Progress:
    """How far a file has been sent; what `resume` files hold."""

    line: int = 0
    created: int = 0
    duplicate: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Items that have an answer."""
        return self.created + self.duplicate + len(self.refused)


def lines(path: Path, source: str, refuse: Callable[[int, str], None], after: int = 0) -> Iterator[Line]:
    """Items of a JSONL file (gzip by its first bytes) after line `after`; `source` for those that name none.

    `refuse` is called for lines that are no JSON object. Empty lines are passed over.
    """
    with path.open("rb") as raw:
        is_gzip = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        stream = cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if is_gzip else raw
        for number, line in enumerate(stream, start=1):
            if number <= after or not line.strip():
                continue
            try:
                body = _item(line, source)
            except ValueError as error:
                refuse(number, f"broken line: {error}")
                continue
            yield Line(number, body, raw.tell())


def _item(line: bytes, source: str) -> str:
    if len(line) > LONGEST_LINE:
        raise ValueError(f"{len(line):,} bytes are too many for one request; shorten it")
    try:
        text = line.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise ValueError("not UTF-8; save the file as UTF-8") from error
    try:
        item = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(item, dict):
        raise ValueError("not a JSON object")
    if source and "source" not in item:
        return json.dumps({**item, "source": source})
    return text


def batches(found: Iterator[Line]) -> Iterator[list[Line]]:
    """Lines in groups that fit into one request."""
    batch: list[Line] = []
    size = 0
    for line in found:
        if batch and (len(batch) >= MOST_LINES or size + len(line.body) > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += 4 * len(line.body) if not line.body.isascii() else len(line.body)
    if batch:
        yield batch


class Sender:
    """Sends batches to one server with one key."""

    def __init__(self, client: httpx.Client, say: Callable[[str], None]) -> None:
        self._client = client
        self._say = say
        self._answered = False

    def send(self, batch: list[Line], progress: Progress) -> None:
        """Send one batch and count its answers into `progress`. Raises CannotSend."""
        body = '{"items": [' + ", ".join(line.body for line in batch) + "]}"
        answer = self._answer(body.encode("utf-8"))
        if answer.status_code == 413 and len(batch) > 1:
            half = len(batch) // 2
            self.send(batch[:half], progress)
            self.send(batch[half:], progress)
            return
        if answer.status_code == 413:
            progress.refused.append((batch[0].number, _words(answer)))
        elif answer.status_code == 202:
            _count(answer.json(), batch, progress)
        else:
            raise CannotSend(f"the server answered {answer.status_code}: {_words(answer)}")
        progress.line = batch[-1].number

    def _answer(self, body: bytes) -> httpx.Response:
        """The first answer that is not "later": waits as long as the server asks for."""
        failures, waited = 0, 0.0
        while True:
            try:
                answer = self._client.post("/api/v1/items", content=body)
            except httpx.TransportError as error:
                failures += 1
                pause = min(10.0, 0.5 * 2**failures)
                waited += pause
                if failures >= MOST_TRIES or (not self._answered and waited > FIRST_SECONDS):
                    raise CannotSend(
                        f"{self._client.base_url} does not answer ({type(error).__name__})"
                    ) from error
                self._wait(pause, f"{self._client.base_url} does not answer")
                continue
            self._answered = True
            if answer.status_code not in {429, 503}:
                return answer
            self._wait(_seconds(answer.headers.get("Retry-After", "")), _words(answer))

    def _wait(self, seconds: float, why: str) -> None:
        self._say(
            f"{why} Waiting {seconds:.0f} s …" if why.endswith(".") else f"{why}. Waiting {seconds:.0f} s …"
        )
        time.sleep(seconds)


def _count(answer: dict[str, Any], batch: list[Line], progress: Progress) -> None:
    made = sum(1 for item in answer["items"] if item["created"])
    progress.created += made
    progress.duplicate += len(answer["items"]) - made
    for error in answer.get("errors", ()):
        progress.refused.append((batch[error["index"]].number, f"{error['code']}: {error['message']}"))


def _words(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase


def _seconds(header: str) -> float:
    return float(min(600, max(1, int(header)))) if header.isdigit() else 5.0


class Resume:
    """Remembers how far a file was sent to a server, in the home; another content of the file starts anew."""

    def __init__(self, folder: Path, path: Path, url: str, source: str) -> None:
        about = path.stat()
        self._mark = f"{about.st_size}-{about.st_mtime_ns}"
        name = hashlib.sha256(f"{path.resolve()}\n{url}\n{source}".encode()).hexdigest()[:32]
        self._file = folder / f"{name}.json"

    def load(self) -> Progress:
        """The progress of an earlier, unfinished run; none: from the start."""
        try:
            kept = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return Progress()
        if kept.pop("mark", None) != self._mark:
            return Progress()
        kept["refused"] = [(line, why) for line, why in kept["refused"]]
        return Progress(**kept)

    def keep(self, progress: Progress) -> None:
        """Write down how far it is; the file appears whole."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps({**asdict(progress), "mark": self._mark}))
        fresh.rename(self._file)

    def forget(self) -> None:
        """The file is sent; the next run starts from its first line."""
        self._file.unlink(missing_ok=True)
