"""Signs that content talks to the machine that judges it. A hint for people and for sampling, never a verdict."""

import re
import unicodedata

# Every repeat is bounded: content of 100,000 characters must not cost more than some milliseconds.
_SIGNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("control words of the model's format", re.compile(r"<\s{0,3}\|\s{0,3}\w{1,20}\s{0,3}\|\s{0,3}>|<\|")),
    (
        "speaks of the output format",
        re.compile(
            r"\"(?:label|sections|evidence_for|evidence_against|rationale|confidence)\"\s{0,3}:"
            r"|\b(?:respond|reply|answer|output)\b.{0,30}\b(?:json|violates|allowed|\"?label\"?)\b"
            r"|\b(?:label|verdict|classify|mark)\b.{0,30}\b(?:as|is|=|:)\s{0,3}[\"']?(?:allowed|safe|violates|benign)\b",
            re.I | re.S,
        ),
    ),
    (
        "carries policy or section markers",
        re.compile(
            r"^[ \t]{0,3}#{1,3}[ \t]{0,3}(?:[A-Z]{2,4}-\d|instructions?\b|policy\b|definitions\b|violates\b|safe\b|how to answer)"
            r"|^[ \t]{0,8}(?:violating|allowed) examples\s{0,3}:|\[\[\s{0,3}(?:end )?(?:item|context)\b"
            r"|\bnew (?:policy|content policy|rules)\s{0,3}:",
            re.I | re.M,
        ),
    ),
    (
        "asks to ignore instructions",
        re.compile(
            r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}"
            r"\b(?:instructions?|polic(?:y|ies)|rules?|prompts?|guidelines|above|previous)\b",
            re.I | re.S,
        ),
    ),
    (
        "assigns a role or speaks to the moderator model",
        re.compile(
            r"\byou are (?:now )?(?:an? )?(?:\w{1,20} )?(?:ai|assistant|model|moderator|classifier|dan)\b"
            r"|\b(?:pretend|act|roleplay|role-play)\b.{0,20}\b(?:as|to be)\b.{0,20}\b(?:ai|assistant|moderator|dan)\b"
            r"|\b(?:system|developer) (?:prompt|message)\b|^[ \t]{0,8}(?:system|developer|assistant)\s{0,3}:"
            r"|\b(?:note|message) to (?:the )?(?:ai|model|moderator|classifier|reviewer)\b",
            re.I | re.M,
        ),
    ),
    ("a long run of encoded text", re.compile(r"[A-Za-z0-9+/]{120,}={0,2}|(?:[0-9a-f]{2}[\s:]?){100,}")),
)
_JOINERS = frozenset("\u200c\u200d")


def injection_suspected(text: str) -> list[str]:
    """Reasons to suspect that the text tries to steer the judge; empty if none. Plain words for people."""
    reasons = [name for name, pattern in _SIGNS if pattern.search(text)]
    if _hidden(text):
        reasons.append("invisible or tag characters")
    return reasons


def _hidden(text: str) -> bool:
    """Tag characters or direction overrides at all, or other invisible marks in number (emoji use a few)."""
    invisible = 0
    for char in text:
        if char < "\u00ad":
            continue
        code = ord(char)
        if 0xE0000 <= code <= 0xE007F or 0x202A <= code <= 0x202E:
            return True
        if char not in _JOINERS and unicodedata.category(char) == "Cf":
            invisible += 1
    return invisible >= 3
