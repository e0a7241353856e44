"""Reads one chat completion into a Verdict, or says as a Failure why it cannot be read. Never a default."""

import json
from dataclasses import dataclass
from typing import Any, NoReturn

from inference.injection import injection_suspected
from inference.prompt import ZERO_WIDTH_SPACE, clean
from inference.types import Confidence, Failure, FailureKind, ItemText, Label, PolicyText, Usage, Verdict

MAX_TEXT_BYTES = 32 * 1024
MAX_RATIONALE = 2_000
MAX_QUOTE = 500
MAX_QUOTES = 8
MAX_SECTIONS = 16
MAX_SECTION_CHARS = 64
KEYS = frozenset(("label", "sections", "evidence_for", "evidence_against", "confidence", "rationale"))


class _Unreadable(Exception):
    """Raised inside this module only; becomes the Failure that `parse` returns."""

    def __init__(self, kind: FailureKind, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Answer:
    content: str
    reasoning: str


def parse(
    reply: object,
    policy: PolicyText,
    item: ItemText,
    *,
    model: str,
    prompt_hash: str = "",
    seconds: float = 0.0,
) -> Verdict | Failure:
    """The verdict in a decoded chat completion, or the Failure that names the first thing wrong with it.

    `model` is the model id that was asked for; an answer by another one is no verdict. Kinds returned:
    `invalid`, `cut_off`, `wrong_model`.
    """
    raw = ""
    try:
        body = _object(reply, "The answer is not a JSON object.")
        raw = capped(_raw_text(body), MAX_TEXT_BYTES)
        _check_model(body, model)
        answer = _answer(body)
        fields = _fields(answer.content)
        return _verdict(fields, answer, body, policy, item, prompt_hash, seconds)
    except _Unreadable as problem:
        return Failure(problem.kind, problem.reason, raw, prompt_hash)


def capped(text: str, limit: int) -> str:
    """Text cleaned for the database and cut to at most `limit` bytes of UTF-8, whole characters only."""
    data = clean(text).encode()
    return data.decode() if len(data) <= limit else data[:limit].decode(errors="ignore")


def _invalid(reason: str) -> NoReturn:
    raise _Unreadable(FailureKind.INVALID, reason)


def _object(value: object, reason: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        _invalid(reason)
    return value


def _raw_text(body: dict[str, Any]) -> str:
    """The answer as sent: the content, or the reasoning where nothing but that arrived."""
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        return ""
    for key in ("content", "reasoning", "reasoning_content"):
        if isinstance(message.get(key), str) and message[key]:
            return str(message[key])
    return ""


def _check_model(body: dict[str, Any], model: str) -> None:
    if "choices" not in body:
        _invalid("The engine's reply is no answer to a chat.")
    if body.get("model") != model:
        raise _Unreadable(
            FailureKind.WRONG_MODEL,
            "The answer came from another model than the one that was asked. Check REASONER_MODEL.",
        )


def _answer(body: dict[str, Any]) -> _Answer:
    """Content and reasoning of a finished, single, plain answer."""
    choices = body.get("choices")
    if not isinstance(choices, list) or len(choices) != 1:
        _invalid("The answer does not hold exactly one choice.")
    choice = _object(choices[0], "The answer's choice is not an object.")
    message = _object(choice.get("message"), "The answer holds no message.")
    finish = choice.get("finish_reason")
    if finish == "length":
        raise _Unreadable(FailureKind.CUT_OFF, "The answer was cut off by its token limit.")
    if finish != "stop":
        _invalid("The engine did not finish the answer.")
    if message.get("role") not in (None, "assistant"):
        _invalid("The answer is a turn of somebody else than the model.")
    if message.get("tool_calls") or message.get("function_call") or message.get("refusal"):
        _invalid("The answer is a tool call or a refusal instead of a verdict.")
    content = message.get("content")
    if content is None or content == "":
        _invalid("The answer is empty.")
    if not isinstance(content, str):
        _invalid("The answer's content is not text.")
    if "<|" in content:
        _invalid("The answer holds control words of the model's own format: the engine could not read it.")
    reasoning = message.get("reasoning") or message.get("reasoning_content") or ""
    return _Answer(content, reasoning if isinstance(reasoning, str) else "")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        _invalid("The answer's JSON names a key twice.")
    return fields


def _no_constants(word: str) -> NoReturn:
    _invalid(f"The answer's JSON holds {word}, which is not JSON.")


def _fields(content: str) -> dict[str, Any]:
    """Exactly one JSON object with exactly our keys; whitespace around it is all that may be there."""
    try:
        value = json.loads(content, object_pairs_hook=_no_duplicates, parse_constant=_no_constants)
    except (ValueError, RecursionError):
        _invalid("The answer is not one JSON object and nothing else.")
    fields = _object(value, "The answer's JSON is not an object.")
    if missing := sorted(KEYS - fields.keys()):
        _invalid(f"The answer lacks {', '.join(missing)}.")
    if fields.keys() - KEYS:
        _invalid("The answer holds keys that were not asked for.")
    return fields


def _verdict(
    fields: dict[str, Any],
    answer: _Answer,
    body: dict[str, Any],
    policy: PolicyText,
    item: ItemText,
    prompt_hash: str,
    seconds: float,
) -> Verdict:
    label = _label(fields["label"])
    known, unknown = _sections(fields["sections"], policy)
    if label is Label.VIOLATES and not known:
        _invalid("The answer says that the item violates, but cites no section of this policy version.")
    evidence_for, dropped_for = _quotes(fields["evidence_for"], "evidence_for", item.text)
    evidence_against, dropped_against = _quotes(fields["evidence_against"], "evidence_against", item.text)
    fingerprint = body.get("system_fingerprint")
    return Verdict(
        label=label,
        confidence=_confidence(fields["confidence"]),
        sections=known,
        unknown_sections=unknown,
        evidence_for=evidence_for,
        evidence_against=evidence_against,
        dropped_quotes=dropped_for + dropped_against,
        rationale=_rationale(fields["rationale"]),
        reasoning=capped(answer.reasoning, MAX_TEXT_BYTES),
        raw=capped(answer.content, MAX_TEXT_BYTES),
        model=capped(str(body["model"]), 200),
        fingerprint=capped(fingerprint, 200) if isinstance(fingerprint, str) else "",
        usage=_usage(body.get("usage")),
        prompt_hash=prompt_hash,
        injection_suspected=_steered(item),
        seconds=seconds,
    )


def _label(value: object) -> Label:
    if value not in tuple(Label):
        _invalid("The answer's label is none of violates, allowed, unsure.")
    return Label(str(value))


def _confidence(value: object) -> Confidence:
    if value not in tuple(Confidence):
        _invalid("The answer's confidence is none of low, medium, high.")
    return Confidence(str(value))


def _rationale(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        _invalid("The answer gives no rationale.")
    return clean(value.strip())[:MAX_RATIONALE]


def _strings(value: object, name: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        _invalid(f"The answer's {name} is not a list of texts.")
    return value


def _sections(value: object, policy: PolicyText) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Cited ids that the pinned version has, and those it has not, each once and in the order cited."""
    cited = list(dict.fromkeys(entry.strip() for entry in _strings(value, "sections")))
    known = tuple(entry for entry in cited if entry in policy.section_ids)
    unknown = tuple(clean(entry)[:MAX_SECTION_CHARS] for entry in cited if entry not in policy.section_ids)
    return known[:MAX_SECTIONS], unknown[:MAX_SECTIONS]


def _quotes(value: object, name: str, text: str) -> tuple[tuple[str, ...], int]:
    """Quotes that stand word for word in the item, and how many do not. Quotes over the caps are cut."""
    kept: list[str] = []
    dropped = 0
    for entry in _strings(value, name):
        quote = entry.strip()
        if quote not in text:
            # The prompt broke "<|" apart with a zero-width space; a faithful quote carries it back.
            quote = quote.replace(f"<{ZERO_WIDTH_SPACE}|", "<|")
        if not quote or quote not in text:
            dropped += 1
        elif quote not in kept:
            kept.append(quote)
    return tuple(clean(quote)[:MAX_QUOTE] for quote in kept[:MAX_QUOTES]), dropped


def _usage(value: object) -> Usage:
    usage = value if isinstance(value, dict) else {}
    prompt = usage.get("prompt_tokens_details")
    completion = usage.get("completion_tokens_details")
    return Usage(
        prompt_tokens=_count(usage, "prompt_tokens"),
        completion_tokens=_count(usage, "completion_tokens"),
        cached_tokens=_count(prompt, "cached_tokens"),
        reasoning_tokens=_count(completion, "reasoning_tokens"),
    )


def _count(values: object, name: str) -> int:
    value = values.get(name) if isinstance(values, dict) else None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
        return 0
    return value


def _steered(item: ItemText) -> bool:
    texts = (item.text, *(entry.text for entry in item.context))
    return any(injection_suspected(text) for text in texts)
