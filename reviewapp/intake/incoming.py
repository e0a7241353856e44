"""What a program may send: the shape of one item, its limits, and how bytes become it or a reason. Pure."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from reviewapp.intake.rules import FLAGS_BY_PEOPLE, FlagKind, content_hash, flag_digest

MOST_ITEMS: Final = 1_000
MOST_TEXT: Final = 100_000
YEARS: Final = range(1900, 2201)
MOST_CONTEXT: Final = 50
MOST_ATTACHMENTS: Final = 50
MOST_FLAGS: Final = 500
MOST_POLICIES: Final = 50
MOST_REASON: Final = 10_000
MOST_BODY: Final = 16 * 1024 * 1024
"""Bytes of one request."""

Name = Annotated[str, Meta(min_length=1, max_length=500)]
Short = Annotated[str, Meta(max_length=500)]
Url = Annotated[str, Meta(max_length=4_000)]
Moment = Annotated[datetime, Meta(tz=True)]
SourceName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:@+ -]{0,99}\Z")]
Slug = Annotated[str, Meta(min_length=1, max_length=100)]
Language = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,34}\Z")]
Country = Annotated[str, Meta(pattern=r"^([A-Za-z]{2})?\Z")]


class Attachment(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A file that goes with the text, by its address."""

    url: Annotated[str, Meta(min_length=1, max_length=4_000)]
    media_type: Annotated[str, Meta(max_length=200)] = ""


class SentContent(Struct, forbid_unknown_fields=True):
    """What the item says. Text may be empty only beside an attachment."""

    text: str
    attachments: list[Attachment] = []


class SentAuthor(Struct, forbid_unknown_fields=True):
    """Who wrote it, under the id that the source gave."""

    id: Name
    name: Short = ""


class ContextEntry(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One text of the thread around the item."""

    text: str
    role: Annotated[str, Meta(max_length=50)] = ""
    author_id: Short = ""


class SentFlag(Struct, forbid_unknown_fields=True):
    """Somebody points at the item."""

    kind: FlagKind
    reason: str = ""
    reporter_id: Short = ""
    org: Short = ""
    reference: Short = ""
    deadline: Moment | None = None
    at: Moment | None = None

    def digest(self) -> bytes:
        """What makes this flag itself: 32 bytes (see `rules.flag_digest`)."""
        at = self.at.astimezone(UTC).isoformat() if self.at else ""
        return flag_digest(self.kind, self.reporter_id, self.reason, at)


class IncomingItem(Struct, forbid_unknown_fields=True):
    """One item as sent to `POST /api/v1/items`."""

    external_id: Name
    source: SourceName
    content: SentContent
    author: SentAuthor | None = None
    created_at: Moment | None = None
    language: Language | None = None
    country: Country | None = None
    url: Url | None = None
    context: list[ContextEntry] = []
    flags: list[SentFlag] = []
    policies: list[Slug] = []

    @property
    def by_people(self) -> bool:
        """Whether a person, not a machine, points at it."""
        return any(flag.kind in FLAGS_BY_PEOPLE for flag in self.flags)

    def hash(self) -> bytes:
        """SHA-256 of what it says: 32 bytes (see `rules.content_hash`)."""
        return content_hash(self.content.text, self.context, self.content.attachments)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why the item at `index` of a request was not stored: a code for programs, a message that says what to do."""

    index: int
    code: str
    message: str


class BadItem(Exception):
    """An item that cannot be taken: `code` is invalid or too_large."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class BadBody(Exception):
    """A request that is not one item and not a list of items."""


class _Batch(Struct, forbid_unknown_fields=True):
    items: list[msgspec.Raw]


class _GoodBatch(Struct, forbid_unknown_fields=True):
    items: list[IncomingItem]


_batch_decoder: Final = msgspec.json.Decoder(_Batch)
_good_batch_decoder: Final = msgspec.json.Decoder(_GoodBatch)
_item_decoder: Final = msgspec.json.Decoder(IncomingItem)
_FORMS: Final = {
    "source": "use 1 to 100 letters, digits, spaces and _ . : @ + -, such as forum",
    "language": "use a language tag such as en or pt-BR",
    "country": "use the two letters of a country, such as DE",
}
_PLACE: Final = re.compile(r" - at `\$\.?(.*)`\Z")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def read_item(sent: bytes | msgspec.Raw | Any) -> IncomingItem:
    """One checked item out of its JSON bytes, or out of the mapping that JSON gave. Raises BadItem."""
    try:
        if isinstance(sent, bytes | msgspec.Raw):
            item = _item_decoder.decode(sent)
        else:
            _check_characters(sent)
            item = msgspec.convert(sent, IncomingItem)
    except msgspec.ValidationError as error:
        raise BadItem("invalid", explain(str(error))) from error
    except UnicodeDecodeError as error:
        raise BadItem(
            "invalid", "The item is not valid UTF-8. Encode the text as UTF-8 and send it again."
        ) from error
    return _checked(item)


def read_body(body: bytes) -> tuple[list[tuple[int, IncomingItem]], list[Refused], bool]:
    """Items of a request with their places, those refused with the reason, and whether it was a batch.

    Raises BadBody when the bytes are not JSON or not a request, BadItem with code too_large for too many items.
    """
    whole = _good_batch(body)
    parts, is_batch = (whole, True) if whole is not None else _parts(body)
    if len(parts) > MOST_ITEMS:
        raise BadItem(
            "too_large",
            f"{len(parts):,} items were sent; at most {MOST_ITEMS:,} fit into one request. Send them in several.",
        )
    read = read_item if whole is None else _checked
    good: list[tuple[int, IncomingItem]] = []
    refused: list[Refused] = []
    for index, part in enumerate(parts):
        try:
            good.append((index, read(part)))
        except BadItem as error:
            refused.append(Refused(index, error.code, error.message))
    return good, refused, is_batch


def explain(message: str) -> str:
    """A validation message of the decoder with the place first, as a sentence."""
    found = _PLACE.search(message)
    place = found[1] if found else ""
    text = (
        _PLACE.sub("", message)
        .replace("Object contains", "there is an")
        .replace("Object missing", "there is no")
    )
    text = text.replace("`datetime`", "a date and time")
    if "matching regex" in text:
        text = f"a value in another form; {_FORMS.get(place, 'see the API description')}"
    elif "enum value" in text:
        text += f"; use one of {', '.join(FlagKind)}"
    text = text[:1].lower() + text[1:]
    if "RFC3339" in text or "a date and time" in text:
        text += "; send a time such as 2026-01-31T12:00:00Z"
    return f"In {place}: {text}." if place else f"In the item: {text}."


def _good_batch(body: bytes) -> list[IncomingItem] | None:
    """The items of a batch in one pass, not yet checked for limits; None where any of them has another shape."""
    # Far more items than are allowed would take a hundred times the memory of their bytes.
    if not _looks_like_batch(body) or body.count(b'"external_id"') > MOST_ITEMS:
        return None
    try:
        return _good_batch_decoder.decode(body).items
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _parts(body: bytes) -> tuple[list[Any], bool]:
    """The items of a body, undecoded where that is possible, and whether they came as a batch."""
    is_batch = _looks_like_batch(body)
    try:
        if not is_batch:
            return [msgspec.json.decode(body, type=msgspec.Raw)], False
        return list(_batch_decoder.decode(body).items), True
    except msgspec.ValidationError as error:
        raise BadBody(explain(str(error)).replace("the item", "the request")) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _parts_slowly(body)


def _looks_like_batch(body: bytes) -> bool:
    """Whether the first key of the object is `items`; the exact decoder decides all the rest."""
    return re.match(rb'\s*\{\s*"items"\s*:', body) is not None


def _parts_slowly(body: bytes) -> tuple[list[Any], bool]:
    """Like `_parts` for bytes that the strict decoder refuses as a whole, so that one bad item stays one error."""
    try:
        whole = json.loads(body)
    except UnicodeDecodeError as error:
        raise BadBody("The body is not valid UTF-8. Encode it as UTF-8 and send it again.") from error
    except RecursionError as error:
        raise BadBody("The body is nested too deeply. Send items as the API describes them.") from error
    except ValueError as error:
        raise BadBody(f'The body is not JSON: {error}. Send one item, or {{"items": [...]}}.') from error
    if isinstance(whole, dict) and set(whole) == {"items"} and isinstance(whole["items"], list):
        return whole["items"], True
    return [whole], False


def _strings(value: Any) -> Iterator[str]:
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            stack.extend(each)
            stack.extend(each.values())
        elif isinstance(each, list | tuple):
            stack.extend(each)


def _check_characters(sent: Any) -> None:
    if any(_SURROGATE.search(text) for text in _strings(sent)):
        raise BadItem(
            "invalid",
            "The item holds half of a surrogate pair (U+D800 to U+DFFF), which is no character."
            " Remove it, or send the whole pair.",
        )


def _checked(item: IncomingItem) -> IncomingItem:
    if not _is_plain(item):
        _check_limits(item)
        _check_words(item)
    return item


def _is_plain(item: IncomingItem) -> bool:
    """Whether a look is enough: most items are a short text with ids, and nothing unprintable is in them."""
    content, author = item.content, item.author
    return (
        not (item.context or item.flags or item.policies or content.attachments)
        and 0 < len(content.text) <= MOST_TEXT
        and "\x00" not in content.text
        and (item.created_at is None or item.created_at.year in YEARS)
        and item.external_id.isprintable()
        and (item.url is None or item.url.isprintable())
        and (author is None or (author.id.isprintable() and author.name.isprintable()))
    )


def _check_limits(item: IncomingItem) -> None:
    content = item.content
    _check_size("content.text", len(content.text), MOST_TEXT, "characters")
    _check_size("content.attachments", len(content.attachments), MOST_ATTACHMENTS, "entries")
    _check_size("context", len(item.context), MOST_CONTEXT, "entries")
    _check_size("flags", len(item.flags), MOST_FLAGS, "entries")
    _check_size("policies", len(item.policies), MOST_POLICIES, "entries")
    for index, entry in enumerate(item.context):
        _check_size(f"context[{index}].text", len(entry.text), MOST_TEXT, "characters")
    for index, flag in enumerate(item.flags):
        _check_size(f"flags[{index}].reason", len(flag.reason), MOST_REASON, "characters")
    moments = [("created_at", item.created_at)]
    for index, flag in enumerate(item.flags):
        moments += [(f"flags[{index}].at", flag.at), (f"flags[{index}].deadline", flag.deadline)]
    for place, moment in moments:
        if moment is not None and moment.year not in YEARS:
            raise BadItem(
                "invalid", f"{place} is in the year {moment.year}; send a time between 1900 and 2200."
            )
    if not content.text and not content.attachments:
        raise BadItem("invalid", "In content: text is empty and there is no attachment. Send one of them.")


def _check_size(place: str, size: int, most: int, what: str) -> None:
    if size > most:
        raise BadItem(
            "too_large",
            f"{place} has {size:,} {what}; at most {most:,} are allowed. Shorten it, or split the item.",
        )


def _check_words(item: IncomingItem) -> None:
    """No NUL anywhere (the database cannot keep one), no control characters in ids and addresses."""
    author = item.author
    lines = [("external_id", item.external_id), ("url", item.url or "")]
    lines += [("author.id", author.id), ("author.name", author.name)] if author else []
    lines += [(f"policies[{at}]", slug) for at, slug in enumerate(item.policies)]
    texts = [("content.text", item.content.text)]
    for at, attachment in enumerate(item.content.attachments):
        lines += [
            (f"content.attachments[{at}].{name}", getattr(attachment, name)) for name in ("url", "media_type")
        ]
    for at, entry in enumerate(item.context):
        lines += [(f"context[{at}].{name}", getattr(entry, name)) for name in ("role", "author_id")]
        texts.append((f"context[{at}].text", entry.text))
    for at, flag in enumerate(item.flags):
        lines += [
            (f"flags[{at}].{name}", getattr(flag, name)) for name in ("reporter_id", "org", "reference")
        ]
        texts.append((f"flags[{at}].reason", flag.reason))
    for place, text in texts:
        if "\x00" in text:
            raise BadItem(
                "invalid", f"{place} holds a NUL character (U+0000). Remove it and send the item again."
            )
    for place, line in lines:
        if _CONTROL.search(line):
            raise BadItem(
                "invalid", f"{place} holds a control character such as NUL or a line break. Remove it."
            )
