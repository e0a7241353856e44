"""Content longer than the engine's context: judged in parts that overlap, never cut; what the parts say, put together."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from inference.prompt import inert, messages
from inference.tokens import count, fits, prompt_tokens
from inference.types import (
    Confidence,
    ContextEntry,
    Failure,
    FailureKind,
    ItemText,
    Label,
    PolicyText,
    Usage,
    Verdict,
)
from inference.verdict import MAX_QUOTES, MAX_RATIONALE, MAX_SECTIONS, MAX_TEXT_BYTES, capped

MOST_PARTS = 16
LEAST_TOKENS = 200
"""A context that leaves less than this for the item is too small for the policy."""
OVERLAP = 300
"""Characters that two neighbouring parts share, so that what stands across a border stands whole in one of them."""
_THREAD_CHARS = (2_000, 500, 100)
_SURE = {Confidence.LOW: 0, Confidence.MEDIUM: 1, Confidence.HIGH: 2}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an item as it is sent: characters `start` to `end` of the item's text; `number` counts from 1."""

    item: ItemText
    number: int = 1
    of: int = 1
    start: int = 0
    end: int = 0
    thread_cut: bool = False


def parts(policy: PolicyText, item: ItemText, room: int, context: int) -> tuple[Part, ...] | Failure:
    """The item whole where it fits in `room` tokens, else in up to 16 parts; a Failure that says why where neither goes.

    `context` is the engine's whole context, for the message. With `room` 0 (not told) the item goes whole.
    """
    whole = Part(item, end=len(item.text))
    if context == 0 or fits([each["content"] for each in messages(policy, item)], room):
        return (whole,)
    bare = ItemText(item.id, "", (), item.attachments, item.language)
    left = room - prompt_tokens(each["content"] for each in messages(policy, bare, (MOST_PARTS, MOST_PARTS)))
    if left < LEAST_TOKENS:
        return _policy_too_long(policy, room, context)
    thread = _thread(policy, item, left // 4, bare)
    left -= _thread_tokens(policy, bare, thread)
    short = replace(item, context=thread)
    cut = thread != item.context
    if cut and fits([each["content"] for each in messages(policy, short)], room):
        return (Part(short, end=len(item.text), thread_cut=True),)
    spans = _spans(item.text, left)
    if len(spans) > MOST_PARTS:
        return Failure(
            FailureKind.TOO_LONG,
            f"The item would take {len(spans)} parts of the engine's context of {context} tokens; at most {MOST_PARTS} "
            "are judged. A person must read it, or the engine needs a larger --max-model-len.",
        )
    return tuple(
        Part(replace(short, text=item.text[start:end]), number, len(spans), start, end, cut)
        for number, (start, end) in enumerate(spans, start=1)
    )


def together(judged: Sequence[tuple[Part, Verdict | Failure]], seconds: float) -> Verdict | Failure:
    """What the parts say of the whole: it violates if one part does, and is allowed only if all are.

    A part without a verdict leaves the whole without one, unless another part violates. The rationale names the
    part; `place` holds its characters.
    """
    verdicts = [(part, answer) for part, answer in judged if isinstance(answer, Verdict)]
    failures = [(part, answer) for part, answer in judged if isinstance(answer, Failure)]
    violating = [each for each in verdicts if each[1].label is Label.VIOLATES]
    if failures and not violating:
        part, failure = failures[0]
        reason = f"{failure.reason} (part {part.number} of {part.of})" if part.of > 1 else failure.reason
        return replace(failure, reason=reason)
    if len(judged) == 1:
        part, verdict = verdicts[0]
        return replace(verdict, rationale=f"{_thread_note(part)}{verdict.rationale}"[:MAX_RATIONALE])
    label = Label.VIOLATES if violating else Label.UNSURE
    if all(verdict.label is Label.ALLOWED for _, verdict in verdicts):
        label = Label.ALLOWED
    deciding = [each for each in verdicts if each[1].label is label]
    best = max if label is Label.VIOLATES else min
    lead = best(deciding, key=lambda each: _SURE[each[1].confidence])
    return _merged(lead, deciding, verdicts, len(failures), seconds)


def _merged(
    lead: tuple[Part, Verdict],
    deciding: Sequence[tuple[Part, Verdict]],
    verdicts: Sequence[tuple[Part, Verdict]],
    failed: int,
    seconds: float,
) -> Verdict:
    part, verdict = lead
    ordered = [verdict, *(other for _, other in deciding if other is not verdict)]
    everything = [each for _, each in verdicts]
    thoughts = "\n\n".join(
        f"Part {one.number} of {one.of}, {each.label.value}:\n{each.reasoning}" for one, each in verdicts
    )
    return replace(
        verdict,
        sections=_each_once(each.sections for each in ordered)[:MAX_SECTIONS],
        unknown_sections=_each_once(each.unknown_sections for each in ordered)[:MAX_SECTIONS],
        evidence_for=_each_once(each.evidence_for for each in ordered)[:MAX_QUOTES],
        evidence_against=_each_once(each.evidence_against for each in ordered)[:MAX_QUOTES],
        dropped_quotes=sum(each.dropped_quotes for each in everything),
        rationale=f"{_note(part, verdict.label, failed)}{verdict.rationale}"[:MAX_RATIONALE],
        reasoning=capped(thoughts, MAX_TEXT_BYTES),
        raw=capped("\n".join(each.raw for each in everything), MAX_TEXT_BYTES),
        usage=_sum([each.usage for each in everything]),
        prompt_hash=hashlib.sha256("".join(each.prompt_hash for each in everything).encode()).hexdigest(),
        injection_suspected=any(each.injection_suspected for each in everything),
        seconds=seconds,
        parts=part.of,
        place=(part.start, part.end) if verdict.label is not Label.ALLOWED else None,
    )


def _note(part: Part, label: Label, failed: int) -> str:
    where = f"part {part.number}, characters {part.start + 1:,} to {part.end:,}"
    finding = "No part violates. " if label is Label.ALLOWED else f"This is about {where}. "
    missing = f"{failed} of the parts gave no verdict. " if failed else ""
    return f"Longer than the engine's context, so judged in {part.of} parts. {finding}{missing}{_thread_note(part)}"


def _thread_note(part: Part) -> str:
    return "The thread around it was shortened to fit. " if part.thread_cut else ""


def _each_once(lists: object) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for each in lists for one in each))  # type: ignore[attr-defined]


def _sum(usages: Sequence[Usage]) -> Usage:
    return Usage(
        sum(each.prompt_tokens for each in usages),
        sum(each.completion_tokens for each in usages),
        sum(each.cached_tokens for each in usages),
        sum(each.reasoning_tokens for each in usages),
    )


def _policy_too_long(policy: PolicyText, room: int, context: int) -> Failure:
    size = prompt_tokens(each["content"] for each in messages(policy, ItemText("", "")))
    return Failure(
        FailureKind.TOO_LONG,
        f"The policy is too long for this engine: it takes {size} tokens of the {max(room, 0)} that a context of {context} "
        "leaves beside the answer. Shorten the policy or start the engine with a larger --max-model-len.",
    )


def _thread(policy: PolicyText, item: ItemText, most: int, bare: ItemText) -> tuple[ContextEntry, ...]:
    """The thread, its entries shortened until it takes at most `most` tokens; empty where nothing helps."""
    for limit in _THREAD_CHARS:
        entries = tuple(_shortened(entry, limit) for entry in item.context)
        if _thread_tokens(policy, bare, entries) <= most:
            return entries
    return ()


def _shortened(entry: ContextEntry, limit: int) -> ContextEntry:
    if limit == _THREAD_CHARS[0] or len(entry.text) <= limit:
        return entry
    return ContextEntry(entry.role, f"{entry.text[:limit]} [shortened]")


def _thread_tokens(policy: PolicyText, bare: ItemText, entries: tuple[ContextEntry, ...]) -> int:
    with_thread = messages(policy, replace(bare, context=entries))[1]["content"]
    return count(with_thread) - count(messages(policy, bare)[1]["content"])


def _spans(text: str, tokens: int) -> list[tuple[int, int]]:
    """Character ranges that cover the text, each of at most `tokens` tokens, neighbours overlapping."""
    spans: list[tuple[int, int]] = []
    start = 0
    while True:
        end = _end(text, start, tokens)
        spans.append((start, end))
        if end >= len(text):
            return spans
        start = end - min(OVERLAP, (end - start) // 4)


def _end(text: str, start: int, tokens: int) -> int:
    """The end of the longest part found from `start` on that takes at most `tokens` tokens; at a space where one is near."""
    end = min(len(text), start + tokens * 4)
    while (size := count(inert(text[start:end]))) > tokens:
        end = start + max(int((end - start) * tokens / size * 0.95), 1)
    if end == len(text):
        return end
    space = max(text.rfind(" ", start, end), text.rfind("\n", start, end))
    return space + 1 if space > end - OVERLAP // 2 and space > start else end
