"""The golden set: questions whose answers show whether an engine still judges as it did. Pinned in `golden.jsonl`."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).with_name("golden.jsonl")
CASES_OF_ONE_LABEL: Final = 2


@dataclass(frozen=True, slots=True)
class Question:
    """A text to judge under the policy `policy`, and the label that a good reasoner gives."""

    policy: str
    text: str
    expect: str


@cache
def questions() -> tuple[Question, ...]:
    """Every question of the file, for the seeded policies."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return tuple(Question(**json.loads(line)) for line in lines if line.strip())
