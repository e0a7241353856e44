"""Marks that every reader of policy text shares. Pure."""

import re
from typing import Final

CODE: Final = re.compile(r"[A-Z]{2,4}-[0-9]{1,4}(\.[0-9]{1,4})*\Z")
NAMED: Final = re.compile(r"(?<![\w.@-])[A-Z]{2,4}-[0-9]{1,4}(?:\.[0-9]{1,4})*(?![\w-])", re.IGNORECASE)
"""A section id as people write it in the middle of a sentence."""
CASE_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}\Z")
SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
