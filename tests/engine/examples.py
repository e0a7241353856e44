"""A small policy, an item and a readable answer, for tests of prompts, verdicts and the client."""

import json
from typing import Any

from inference import ItemText, PolicyText

TEXT = """\
# Spam

Unasked promotion violates. SP-2 wins over SP-1.

## SP-1 Promotion
Promotion that nobody asked for violates.

Violating examples:
- Cheap followers and likes, visit example.com today
- Check out my channel for daily music

Allowed examples:
- You asked for a bike shop: I like the one on Mill Street

## SP-2 Always allowed
Plain conversation is allowed.

Allowed examples:
- The train was late again today"""

POLICY = PolicyText("spam", 3, "0" * 64, TEXT, ("SP-1", "SP-2"))
ITEM = ItemText("0190-item", "Cheap followers today! Visit example.com, I sell likes.")
MODEL = "practice-reasoner-v1"

FIELDS: dict[str, Any] = {
    "label": "violates",
    "sections": ["SP-1"],
    "evidence_for": ["Cheap followers today!"],
    "evidence_against": [],
    "confidence": "high",
    "rationale": "SP-1 forbids promotion that nobody asked for.",
}


def reply(content: Any = None, *, finish: str | None = "stop", **message: Any) -> dict[str, Any]:
    """A chat completion with this content (FIELDS as JSON if left out)."""
    said = json.dumps(FIELDS) if content is None else content
    return {
        "model": MODEL,
        "choices": [
            {
                "message": {"role": "assistant", "content": said, "reasoning": "It sells.", **message},
                "finish_reason": finish,
            }
        ],
        "system_fingerprint": "f-1",
        "usage": {
            "prompt_tokens": 130,
            "completion_tokens": 73,
            "prompt_tokens_details": {"cached_tokens": 128},
            "completion_tokens_details": {"reasoning_tokens": 22},
        },
    }


def changed(**fields: Any) -> str:
    """FIELDS with changes, as JSON text; a value of `...` removes the key."""
    merged = {**FIELDS, **fields}
    return json.dumps({key: value for key, value in merged.items() if value is not ...})
