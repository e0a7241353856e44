"""What deserves a look in a policy text, line by line; each finding names the rule that the manual explains. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final

from django.utils.translation import gettext as _

from reviewapp.policies.rules_diff import BIDI, INVISIBLE, name_of
from reviewapp.policies.rules_walk import SENT, Line, Part, walk

LEAST_TOKENS: Final = 400
MOST_TOKENS: Final = 600
_LEAK_LEAST: Final = 20


class Rule(StrEnum):
    """The lint rules; the value is the anchor on the manual's page."""

    LENGTH = "length"
    HEDGING = "hedging-words"
    TERMS = "undefined-terms"
    NO_ALLOWED = "no-allowed-example"
    REUSED_ID = "reused-ids"
    PRECEDENCE = "missing-precedence"
    CONTRADICTION = "contradictory-examples"
    TWO_POLICIES = "two-policies-in-one"
    INVISIBLE = "invisible-characters"
    BIDI = "direction-characters"
    CONTROL = "control-tokens"
    OUTPUT = "output-instructions"
    LEAK = "leaked-cases"
    NO_PUBLIC = "no-public-text"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at: its line from 1, the rule, a sentence, and the section it stands in, if any."""

    line: int
    rule: Rule
    message: str
    section: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """What a text is checked against: its tokens, (text, label, id) of its cases, ids that meant something else before."""

    tokens: int = 0
    cases: Sequence[tuple[str, str, str]] = ()
    once: Mapping[str, str] = field(default_factory=dict)


_HEDGES: Final = re.compile(
    r"\b(usually|generally|typically|normally|often|sometimes|probably|perhaps|possibly|maybe|might|may be|"
    r"in most cases|in general|as appropriate|where appropriate|appropriate|inappropriate|reasonable(?! (?:reader|person|people|target))|unreasonable|"
    r"excessive|as needed|if necessary|and so on|etc)\b\.?",
    re.IGNORECASE,
)
_PRECEDENCE: Final = re.compile(
    r"\b(wins? over|takes? precedence|prevails?|outranks?|overrides?|goes before|comes before|beats|stronger than)\b",
    re.IGNORECASE,
)
_EXCEPTION: Final = re.compile(r"\b(always allowed|exceptions?|permitted|allowed:)", re.IGNORECASE)
_CONTROL: Final = re.compile(r"<\|[^|<>\n]{0,40}\|?>?|\[/?INST\]|</?s>|<</?SYS>>")
_OUTPUT: Final = re.compile(
    r"\b(respond|reply|answer|return|output)\b[^.\n]{0,40}\b(json|yes or no|0 or 1|one word|a label|the label|format|only with)\b|"
    r"\boutput (format|instructions?)\b|\breturn only\b|\bonly (output|return)\b",
    re.IGNORECASE,
)
_ACRONYM: Final = re.compile(r"(?<![\w-])[A-Z][A-Z0-9]{1,5}s?(?![\w-])")
_QUOTED: Final = re.compile(r"[“\"]([A-Za-z][A-Za-z -]{2,30})[”\"]")
_KNOWN: Final = frozenset(
    {
        "URL",
        "URLS",
        "ID",
        "IDS",
        "OK",
        "AI",
        "API",
        "EU",
        "US",
        "UK",
        "UN",
        "PDF",
        "TV",
        "FAQ",
        "HTML",
        "SMS",
        "GPS",
        "CV",
    }
)


def lint(source: str, around: Around | None = None) -> list[Finding]:
    """Everything that deserves a look, by line. Never raises, whatever the text is."""
    seen = list(walk(source))
    context = around or Around()
    found = [finding for check in _CHECKS for finding in check(seen, context)]
    return sorted(set(found), key=lambda each: (each.line, each.rule, each.message))


def _length(lines: Sequence[Line], around: Around) -> Iterator[Finding]:
    if around.tokens > MOST_TOKENS:
        yield Finding(
            1,
            Rule.LENGTH,
            _("%(tokens)s tokens; %(least)s to %(most)s are followed best. Shorten it, or split the policy.")
            % {"tokens": around.tokens, "least": LEAST_TOKENS, "most": MOST_TOKENS},
        )
    elif 0 < around.tokens < LEAST_TOKENS:
        yield Finding(
            1,
            Rule.LENGTH,
            _(
                "%(tokens)s tokens; %(least)s to %(most)s are followed best. Add definitions or close examples."
            )
            % {"tokens": around.tokens, "least": LEAST_TOKENS, "most": MOST_TOKENS},
        )


def _hedging(lines: Sequence[Line], around: Around) -> Iterator[Finding]:
    for line in _of(lines, Part.PREAMBLE, Part.RULE):
        for found in _HEDGES.finditer(line.text):
            yield _at(
                line,
                Rule.HEDGING,
                _("Hedging word “%(word)s”. Say when it is so and when not.") % {"word": found[0].lower()},
            )


def _terms(lines: Sequence[Line], around: Around) -> Iterator[Finding]:
    sent = list(_of(lines, Part.PREAMBLE, Part.RULE, Part.HEADING))
    whole = "\n".join(line.text for line in sent)
    told: set[str] = set()
    for line in _of(lines, Part.PREAMBLE, Part.RULE):
        for found in _ACRONYM.finditer(line.text):
            word = found[0].removesuffix("s")
            if word not in told and word not in _KNOWN and not _is_defined(word, whole):
                told.add(word)
                yield _at(
                    line,
                    Rule.TERMS,
                    _("“%(word)s” is used but not defined. Add half a line or an example.") % {"word": word},
                )
        for found in _QUOTED.finditer(line.text) if line.part is Part.RULE else ():
            word = found[1].strip()
            if word.lower() not in told and not _is_defined(word, whole):
                told.add(word.lower())
                yield _at(
                    line,
                    Rule.TERMS,
                    _(
                        "“%(word)s” stands in quotes but is not defined. Define it in the preamble, or drop the quotes."
                    )
                    % {"word": word},
                )


def _is_defined(word: str, text: str) -> bool:
    """`**word**:`, `word means`, `word: …`, `(word)` or `word (…)` somewhere in the text."""
    name = re.escape(word)
    return bool(
        re.search(
            rf"\*\*{name}\*\*|\({name}s?\)|[“\"]?{name}s?[”\"]? (\(|means?\b|is\b|are\b)|[“\"]?{name}[”\"]?:",
            text,
            re.IGNORECASE,
        )
    )


def _no_allowed(lines: Sequence[Line], around: Around) -> Iterator[Finding]:
    for heading in _of(lines, Part.HEADING):
        lists = {line.list for line in lines if line.section == heading.section and line.part is Part.EXAMPLE}
        if "allowed" not in lists:
            yield _at(
                heading,
                Rule.NO_ALLOWED,
                _("%(section)s has no allowed example. Add the closest thing that is allowed.")
                % {"section": heading.section},
            )


def _reused(lines: Sequence[Line], around: Around) -> Iterator[Finding]:
    for heading in _of(lines, Part.HEADING):
        before = around.once.get(heading.section)
        if before is not None:
            yield _at(
                heading,
                Rule.REUSED_ID,
                _(
                    "%(section)s was “%(before)s” in an older version. Decisions cite it by id; take a new one."
                )
                % {"section": heading.section, "before": before},
            )


def _precedence(lines: Sequence[Line], around: Around) -> Iterator[Finding]:
    headings = list(_of(lines, Part.HEADING))
    excepted = [line for line in headings if _is_exception(line, lines)]
    stated = any(_PRECEDENCE.search(line.text) for line in _of(lines, Part.PREAMBLE, Part.RULE))
    if excepted and len(headings) > 1 and not stated:
        yield _at(
            excepted[0],
            Rule.PRECEDENCE,
            _(
                "Nothing says whether %(section)s wins over the other sections. Write “%(section)s wins over …”."
            )
            % {"section": excepted[0].section},
        )


def _is_exception(heading: Line, lines: Sequence[Line]) -> bool:
    lists = {line.list for line in lines if line.section == heading.section and line.part is Part.EXAMPLE}
    return bool(_EXCEPTION.search(heading.text)) or lists == {"allowed"}


def _contradictions(lines: Sequence[Line], around: Around) -> Iterator[Finding]:
    first: dict[str, tuple[str, str]] = {
        _plain(text): ("violating" if label == "violates" else "allowed", _("case %(code)s") % {"code": code})
        for text, label, code in around.cases
    }
    for line in lines:
        if line.part is not Part.EXAMPLE or not line.text.strip().startswith("- "):
            continue
        key = _plain(line.text.strip()[2:])
        side, where = first.setdefault(key, (line.list, _("line %(line)s") % {"line": line.number}))
        if side != line.list:
            yield _at(line, Rule.CONTRADICTION, _against(line.list) % {"where": where})


def _against(side: str) -> str:
    if side == "violating":
        return _(
            "This example is violating here and allowed in %(where)s. Keep one, or add what makes the difference."
        )
    return _(
        "This example is allowed here and violating in %(where)s. Keep one, or add what makes the difference."
    )


def _two_policies(lines: Sequence[Line], around: Around) -> Iterator[Finding]:
    headings = list(_of(lines, Part.HEADING))
    prefixes = list(dict.fromkeys(line.section.partition("-")[0] for line in headings if "-" in line.section))
    if len(prefixes) > 1:
        line = next(each for each in headings if each.section.startswith(f"{prefixes[1]}-"))
        yield _at(
            line,
            Rule.TWO_POLICIES,
            _(
                "Ids start with %(prefixes)s: this looks like two policies. One rule of one kind a policy is judged better."
            )
            % {"prefixes": f" {_('and')} ".join(prefixes[:3])},
        )


def _invisible(lines: Sequence[Line], around: Around) -> Iterator[Finding]:
    for line in lines:
        for found in INVISIBLE.finditer(line.text):
            rule = Rule.BIDI if BIDI.match(found[0]) else Rule.INVISIBLE
            yield _at(
                line,
                rule,
                _("%(character)s: nobody sees it. Remove it unless the rule is about it.")
                % {"character": name_of(found[0]).capitalize()},
            )


def _control(lines: Sequence[Line], around: Around) -> Iterator[Finding]:
    for line in lines:
        found = _CONTROL.search(line.text) if line.part in SENT else None
        if found:
            yield _at(
                line,
                Rule.CONTROL,
                _("“%(word)s” looks like a control word of a model. Describe it in words instead.")
                % {"word": found[0]},
            )


def _output(lines: Sequence[Line], around: Around) -> Iterator[Finding]:
    for line in _of(lines, Part.PREAMBLE, Part.RULE):
        if _OUTPUT.search(line.text):
            yield _at(
                line,
                Rule.OUTPUT,
                _(
                    "The form of the answer is generated and stands in every request. Delete this line, or the model is told two forms."
                ),
            )


def _leaks(lines: Sequence[Line], around: Around) -> Iterator[Finding]:
    sent = [(line, _plain(line.text)) for line in lines if line.part in SENT]
    whole = "\n".join(plain for _, plain in sent)
    for text, _label, code in around.cases:
        wanted = _plain(text)
        if len(wanted) < _LEAK_LEAST or wanted not in whole:
            continue
        line = next((line for line, plain in sent if wanted in plain), None)
        if line is not None:
            yield _at(
                line, Rule.LEAK,
                _("The text of case %(code)s stands here, so the case proves nothing. Reword one of the two.") % {"code": code},
            )  # fmt: skip


def _no_public(lines: Sequence[Line], around: Around) -> Iterator[Finding]:
    for heading in _of(lines, Part.HEADING):
        if not any(line.section == heading.section and line.part is Part.PUBLIC for line in lines):
            yield _at(
                heading,
                Rule.NO_PUBLIC,
                _("%(section)s has no public text; author and reporter will read its title only.")
                % {"section": heading.section},
            )


def _of(lines: Iterable[Line], *parts: Part) -> Iterator[Line]:
    return (line for line in lines if line.part in parts)


def _at(line: Line, rule: Rule, message: str) -> Finding:
    return Finding(line.number, rule, message, line.section)


@lru_cache(maxsize=20_000)
def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


_Check = Callable[[Sequence[Line], Around], Iterator[Finding]]
_CHECKS: Final[tuple[_Check, ...]] = (
    _length, _hedging, _terms, _no_allowed, _reused, _precedence, _contradictions, _two_policies, _invisible, _control,
    _output, _leaks, _no_public,
)  # fmt: skip
