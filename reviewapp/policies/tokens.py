"""How many tokens a policy text has, with the model's own vocabulary."""

from functools import lru_cache
from importlib import import_module
from typing import Any, Final

LEAST: Final = 400
MOST: Final = 600
"""The length in tokens between which a policy is followed best."""


@lru_cache(maxsize=1)
def _encoding() -> Any:
    # Loaded at the first count: a second and 150 MB that processes without policy pages never need.
    return import_module("bpe_openai").get_encoding("o200k_base")


@lru_cache(maxsize=4_096)
def count(text: str) -> int:
    """Tokens of one text; control words in it count as plain text."""
    return len(_encoding().encode_ordinary(text))
