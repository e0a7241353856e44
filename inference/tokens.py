"""Counts tokens as the engine does, with the model's own vocabulary, without network."""

from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from typing import Any

FRAME_TOKENS = 74
"""The chat frame that vLLM adds around a developer and a user message, the cue for the answer included."""


@lru_cache(maxsize=1)
def _encoding() -> Any:
    # Loaded at the first count: 150 MB of tables and a second of start-up that most processes never need.
    return import_module("bpe_openai").get_encoding("o200k_base")


def count(text: str) -> int:
    """Tokens of one text. Control words in it count as plain text, as the engine's chat door treats them.

    A lone surrogate, which no engine can be sent, counts as the mark that takes its place.
    """
    return len(_encoding().encode_ordinary(text))


@lru_cache(maxsize=256)
def count_once(text: str) -> int:
    """Like `count`, remembered: for the policy part, which is the same for every item."""
    return count(text)


def prompt_tokens(contents: Iterable[str]) -> int:
    """Tokens of a whole prompt made of these message texts, frame included; the first is the policy part."""
    first, *rest = contents
    return count_once(first) + sum(count(text) for text in rest) + FRAME_TOKENS


def fits(contents: Iterable[str], room: int) -> bool:
    """Whether the prompt fits in `room` tokens. No token is shorter than a byte, so most are not counted."""
    texts = list(contents)
    upper = sum(len(text.encode(errors="replace")) for text in texts) + FRAME_TOKENS
    return upper <= room or prompt_tokens(texts) <= room


def cut(text: str, tokens: int) -> str:
    """The first `tokens` tokens of a text, as an answer cut off by its limit would end."""
    kept = _encoding().encode_ordinary(text)[: max(tokens, 0)]
    return str(_encoding().decode(kept))


def preload() -> None:
    """Loads the vocabulary now, so that the first count is not the slow one."""
    _encoding()
