"""The model's own renderer of turns (the package that the engine uses), offline, for tests of what becomes a control token.

Its vocabulary is written from the counting package's tables; the file's published hash proves that they are the same.
"""

import base64
import hashlib
import os
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import bpe_openai
import openai_harmony as harmony

VOCABULARY_HASH: Final = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
ORDINARY: Final = 199_998
"""Ids below are ordinary tokens; the rest are control tokens."""
EFFORTS: Final = {
    "low": harmony.ReasoningEffort.LOW,
    "medium": harmony.ReasoningEffort.MEDIUM,
    "high": harmony.ReasoningEffort.HIGH,
}


def write_vocabulary(folder: Path) -> Path:
    """Writes `o200k_base.tiktoken` into the folder and gives its path. Raises ValueError where its hash is another."""
    tables = bpe_openai.get_encoding("o200k_base")
    tokens = (tables.decode_single_token_bytes(rank) for rank in range(ORDINARY))
    lines = b"".join(base64.b64encode(token) + b" %d\n" % rank for rank, token in enumerate(tokens))
    if hashlib.sha256(lines).hexdigest() != VOCABULARY_HASH:
        raise ValueError("The counting package's tables are not the model's vocabulary.")
    path = folder / "o200k_base.tiktoken"
    path.write_bytes(lines)
    return path


@lru_cache(maxsize=1)
def encoding() -> harmony.HarmonyEncoding:
    """The encoding, made without network."""
    with tempfile.TemporaryDirectory() as folder:
        write_vocabulary(Path(folder))
        before = os.environ.get("TIKTOKEN_ENCODINGS_BASE")
        os.environ["TIKTOKEN_ENCODINGS_BASE"] = folder
        try:
            return harmony.load_harmony_encoding(harmony.HarmonyEncodingName.HARMONY_GPT_OSS)
        finally:
            os.environ.pop("TIKTOKEN_ENCODINGS_BASE")
            if before is not None:
                os.environ["TIKTOKEN_ENCODINGS_BASE"] = before


def render(messages: Sequence[dict[str, str]], *, effort: str = "low", date: str = "2025-10-29") -> list[int]:
    """Token ids of a prompt as the engine renders chat messages: its own system turn, theirs, and the cue."""
    system = harmony.SystemContent.new().with_reasoning_effort(EFFORTS[effort])
    turns = [
        harmony.Message.from_role_and_content(harmony.Role.SYSTEM, system.with_conversation_start_date(date))
    ]
    for message in messages:
        role = harmony.Role(message["role"])
        content: object = message["content"]
        if role is harmony.Role.DEVELOPER:
            content = harmony.DeveloperContent.new().with_instructions(message["content"])
        turns.append(harmony.Message.from_role_and_content(role, content))
    conversation = harmony.Conversation.from_messages(turns)
    return list(encoding().render_conversation_for_completion(conversation, harmony.Role.ASSISTANT))


def control_tokens(ids: Sequence[int]) -> int:
    """How many of the ids are control tokens."""
    return sum(token >= ORDINARY for token in ids)


def live_control_tokens(text: str) -> int:
    """Control tokens in a text for an engine that reads control words wherever they stand, as template renderers do."""
    return control_tokens(encoding().encode(text, allowed_special="all"))


def ordinary_count(text: str) -> int:
    """Tokens of a text whose control words are plain text."""
    return len(encoding().encode(text, disallowed_special=()))
