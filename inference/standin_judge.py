"""The practice judge: compares an item's wording with the policy's examples and rules. Not a language model."""

import re
import unicodedata
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from inference.standin_policy import ReadSection, read_item, read_sections

Floats = npt.NDArray[np.float32]

WIDTH = 1 << 14
MAX_CHARS = 4_000
PIECE_CHARS, PIECE_OVERLAP = 800, 100
MAX_QUOTE = 240
# Set on the seeded policies' own cases against ordinary forum text; see tests/engine.
VIOLATES_AT = 0.27
UNSURE_AT = 0.235
ALLOWED_LEAD = 0.0
RULE_SHARE = 0.35

_GRAVITY = {"violates": 2, "unsure": 1, "allowed": 0}
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_SENTENCE = re.compile(r"[^\n]+?(?:[.!?]+(?=\s|$)|(?=\n)|$)")
_SUFFIX = re.compile(r"(?:ations?|ings?|edly|ed|ies|ers?|ly|es|s)$")
_COMMON_WORDS = """
a about above after again all also always am an and any anyone are aren't as ask at away be because been
before being below between both but by can can't come could day did didn't do does doesn't doing don't
down each even ever every everyone example few first for from get go going good got had has have having
he he's her here him his how i i'd i'll i'm i've if in into is isn't it it's item its just know last
let's like look made make man many may me means men might more most much must my need never new no
nobody nor not nothing now of off often on once one only or other others our out over own people please
post posts put really right said same say see she should since so some someone something still such take
text than that that's the their them then there these they they're thing things think this those though
thread time to today too two under until up us use used very violate violates want was way we well went
were what when where which while who whose why will with without word words work would year years yes
yesterday yet you you're your
"""
_COMMON = frozenset(_COMMON_WORDS.split())


@dataclass(frozen=True, slots=True)
class Judged:
    """The practice judge's answer in the order of the reasoner's answer form."""

    label: str
    sections: tuple[str, ...]
    evidence_for: tuple[str, ...]
    evidence_against: tuple[str, ...]
    confidence: str
    rationale: str
    reasoning: str


@dataclass(frozen=True, slots=True)
class _Near:
    """The nearest examples of one kind: blended likeness 0 to 1, the nearest one's section and vector."""

    likeness: float
    section: str
    vector: Floats | None


@dataclass(frozen=True, slots=True)
class _Examples:
    sections: tuple[str, ...]
    vectors: Floats

    def near(self, item: Floats) -> _Near:
        """Blend of the nearest and the mean of the three nearest: one example may be the only one of its kind."""
        if not self.sections:
            return _Near(0.0, "", None)
        likeness = self.vectors @ item
        order = np.argsort(-likeness, kind="stable")[:3]
        blended = 0.7 * float(likeness[order[0]]) + 0.3 * float(likeness[order].mean())
        return _Near(blended, self.sections[int(order[0])], self.vectors[int(order[0])])


class PracticePolicy:
    """One policy as vectors. Deterministic: the same policy and item always give the same answer."""

    def __init__(self, sections: tuple[ReadSection, ...]) -> None:
        self._violating = _examples((one.id, text) for one in sections for text in one.violating)
        self._allowed = _examples((one.id, text) for one in sections for text in one.allowed)
        # A section without violating examples only says what stays allowed; its words forbid nothing.
        forbidding = [one for one in sections if one.violating or not one.allowed]
        self._rules = _rule_words(forbidding)

    def judge(self, text: str) -> Judged:
        """Label, cited section, real quotes and a plain rationale for one item's text."""
        vector = features(text)
        bad, good = self._violating.near(vector), self._allowed.near(vector)
        rule_section, rule, matched = self._rule(text)
        score = bad.likeness + RULE_SHARE * rule
        lead = score - good.likeness
        section = bad.section if bad.likeness >= RULE_SHARE * rule or not rule_section else rule_section
        label = _label(score, lead, bool(section))
        evidence_for = _passages(text, bad.vector, matched) if label != "allowed" else ()
        evidence_against = _passages(text, good.vector, frozenset()) if good.likeness >= 0.1 else ()
        against = tuple(quote for quote in evidence_against if quote not in evidence_for)
        cited = (
            (section,) if label != "allowed" else ((good.section,) if good.likeness >= VIOLATES_AT else ())
        )
        return Judged(
            label=label,
            sections=tuple(one for one in cited if one),
            evidence_for=evidence_for,
            evidence_against=against,
            confidence=_confidence(label, score, lead),
            rationale=_rationale(label, section, bad, good, matched),
            reasoning=_reasoning(bad, good, rule_section, rule, matched, label),
        )

    def _rule(self, text: str) -> tuple[str, float, frozenset[str]]:
        """The section whose rule shares most telling words with the item, how much (0 to 1), and the words."""
        present = frozenset(_stem(word) for word in _words(text) if word not in _COMMON)
        best: tuple[str, float, frozenset[str]] = ("", 0.0, frozenset())
        for section, weights in self._rules:
            shared = present & weights.keys()
            share = min(1.0, sum(weights[word] for word in shared) / 3.0)
            if share > best[1]:
                best = (section, share, frozenset(shared))
        return best


@lru_cache(maxsize=64)
def practice_policy(developer: str) -> PracticePolicy:
    """The policy in a developer message, parsed and measured once."""
    return PracticePolicy(read_sections(developer))


def judge(developer: str, user: str) -> Judged:
    """The practice answer to a developer and a user message. Of a long item each piece is judged; the gravest counts."""
    policy, text = practice_policy(developer), read_item(user)
    if len(text) <= MAX_CHARS:
        return policy.judge(text)
    pieces = (text[at : at + PIECE_CHARS] for at in range(0, len(text), PIECE_CHARS - PIECE_OVERLAP))
    return max((policy.judge(piece) for piece in pieces), key=lambda judged: _GRAVITY[judged.label])


def features(text: str) -> Floats:
    """A unit vector of hashed words, word pairs and character runs; telling words weigh more than common ones."""
    weights: dict[int, float] = {}
    before = ""
    for word in _words(text):
        weight = 0.15 if word in _COMMON else 1.0
        stem = _stem(word)
        _add(weights, f"w{stem}", 1.4 * weight)
        if before:
            _add(weights, f"p{before} {stem}", 0.7 * max(weight, 0.3))
        if weight == 1.0:
            padded = f" {word} "
            for start in range(len(padded) - 3):
                _add(weights, f"c{padded[start : start + 4]}", 0.35)
        before = stem
    vector = np.zeros(WIDTH, np.float32)
    if weights:
        # Square roots so that a word said ten times does not hide the rest.
        vector[list(weights)] = np.sqrt(np.fromiter(weights.values(), np.float32, len(weights)))
        vector /= np.linalg.norm(vector)
    return vector


def _add(weights: dict[int, float], feature: str, weight: float) -> None:
    place = zlib.crc32(feature.encode(errors="replace")) & (WIDTH - 1)
    weights[place] = weights.get(place, 0.0) + weight * weight


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text[:MAX_CHARS]).casefold().replace("\u2019", "'")
    return _WORD.findall(folded)


def _stem(word: str) -> str:
    stem = _SUFFIX.sub("", word) if len(word) > 4 else word
    return stem if len(stem) > 2 else word


def _examples(pairs: Iterable[tuple[str, str]]) -> _Examples:
    listed = list(pairs)
    vectors = np.stack([features(text) for _, text in listed]) if listed else np.zeros((0, WIDTH), np.float32)
    return _Examples(tuple(section for section, _ in listed), vectors)


def _rule_words(sections: list[ReadSection]) -> tuple[tuple[str, dict[str, float]], ...]:
    """Telling words of each rule; a word that several rules use says less about each."""
    words = [
        frozenset(
            _stem(word) for word in _words(f"{one.title} {one.rule}") if word not in _COMMON and len(word) > 3
        )
        for one in sections
    ]
    everywhere = [word for section in words for word in section]
    return tuple(
        (one.id, {word: 1.0 / everywhere.count(word) for word in sorted(section)})
        for one, section in zip(sections, words, strict=True)
    )


def _label(score: float, lead: float, has_section: bool) -> str:
    if score >= VIOLATES_AT and lead > ALLOWED_LEAD and has_section:
        return "violates"
    return "unsure" if score >= UNSURE_AT and lead > -0.05 else "allowed"


def _confidence(label: str, score: float, lead: float) -> str:
    if label == "unsure":
        return "low"
    if label == "violates":
        return "high" if score >= 0.7 and lead > 0.3 else "medium" if score >= 0.4 and lead > 0.1 else "low"
    return "medium" if score < UNSURE_AT / 2 or lead < -0.2 else "low"


def _passages(text: str, example: Floats | None, matched: frozenset[str]) -> tuple[str, ...]:
    """The sentence of the item that is nearest to the example or shares most words with the rule."""
    best, quote = 0.0, ""
    for found in list(_SENTENCE.finditer(text[:MAX_CHARS]))[:40]:
        sentence = found.group().strip()[:MAX_QUOTE].strip()
        if len(sentence) < 3:
            continue
        score = float(features(sentence) @ example) if example is not None else 0.0
        score += 0.2 * len(matched & {_stem(word) for word in _words(sentence)})
        if score > best:
            best, quote = score, sentence
    return (quote,) if best > 0.05 else ()


def _rationale(label: str, section: str, bad: _Near, good: _Near, matched: frozenset[str]) -> str:
    parts = []
    if bad.section and bad.likeness >= 0.05:
        parts.append(f"closest to a violating example of {bad.section} (likeness {bad.likeness:.2f})")
    if good.section and good.likeness >= 0.05:
        parts.append(f"likeness to an allowed example of {good.section} {good.likeness:.2f}")
    if matched and label != "allowed":
        parts.append(f"shares with a rule the words {', '.join(sorted(matched)[:5])}")
    found = "; ".join(parts) or "resembles none of the policy's examples"
    closing = {
        "violates": f"Judged under {section}.",
        "allowed": "Not near enough to what the policy forbids.",
        "unsure": "Near the border, so a person must say.",
    }[label]
    return f"Practice: {found}. {closing} This compares wording; it is not a language model."


def _reasoning(
    bad: _Near, good: _Near, section: str, rule: float, matched: frozenset[str], label: str
) -> str:
    words = ", ".join(sorted(matched)) or "none"
    return (
        "Practice reasoner, no language model. Compared the item's words with the policy's examples.\n"
        f"Nearest violating examples: {bad.section or 'none'}, likeness {bad.likeness:.3f}.\n"
        f"Nearest allowed examples: {good.section or 'none'}, likeness {good.likeness:.3f}.\n"
        f"Words shared with rule {section or '(none)'}: {words} (share {rule:.2f}).\n"
        f"Violates from {VIOLATES_AT} on, unless an allowed example is nearer. Result: {label}."
    )
