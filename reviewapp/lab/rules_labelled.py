"""What a labelled file for an evaluation may hold, and how several policies are asked in one call. Pure."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

from inference import FAMILIES, PolicyText
from reviewapp.lab.rules import MOST_TEXT
from reviewapp.policies.reads import PublishedPolicy

MOST_ROWS: Final = 50_000
_HEADS: Final = frozenset(FAMILIES)


class UnfitRow(ValueError):
    """A row that no evaluation can use; the message says what to mend."""


@dataclass(frozen=True, slots=True)
class LabelledText:
    """One row: the label that `text` must get, and its section where the file names one."""

    key: str
    text: str
    expect: str
    section: str = ""


def labelled_text(
    value: Any, *, place: int, families: Collection[str], sections: Collection[str]
) -> LabelledText | None:
    """Read one line: `{"id", "text", "expect", "section"}`, or `"labels": {family: 0 or 1}` in place of the last two.

    With labels, a row violates when one of the policies' `families` is marked, and is allowed when all are known to be
    absent. None for a row that says nothing about them. Raises UnfitRow.
    """
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise UnfitRow(_('"text" is missing or no string'))
    if len(value["text"]) > MOST_TEXT or "\x00" in value["text"]:
        raise UnfitRow(
            _('"text" is longer than %(most_text)s characters or holds a NUL')
            % {"most_text": f"{MOST_TEXT:,}"}
        )
    key = str(value.get("id", place))[:200]
    if "expect" in value:
        return _expected(key, value, sections)
    labels = value.get("labels")
    if not isinstance(labels, dict) or not labels:
        raise UnfitRow(_('neither "expect" (violates or allowed) nor "labels" is there'))
    if any(family not in _HEADS or mark not in (0, 1) for family, mark in labels.items()):
        raise UnfitRow(_('"labels" may name %(families)s, each 0 or 1') % {"families": ", ".join(FAMILIES)})
    marks = [labels.get(family) for family in families]
    if any(mark == 1 for mark in marks):
        return LabelledText(key, value["text"], "violates")
    return LabelledText(key, value["text"], "allowed") if marks and None not in marks else None


def _expected(key: str, value: dict[str, Any], sections: Collection[str]) -> LabelledText:
    expect, section = value["expect"], value.get("section", "") or ""
    if expect not in ("violates", "allowed"):
        raise UnfitRow(
            _('"expect" is %(expect)s; use violates or allowed') % {"expect": repr(str(expect)[:40])}
        )
    if not isinstance(section, str) or (section and section not in sections):
        raise UnfitRow(_("section %(section)s is not in the policy") % {"section": repr(str(section)[:40])})
    return LabelledText(key, value["text"], expect, section)


def digest(rows: Sequence[LabelledText]) -> str:
    """SHA-256 over what the rows ask: two evaluations with the same one can be compared row by row."""
    said = hashlib.sha256()
    for row in rows:
        said.update(json.dumps([row.key, row.text, row.expect, row.section]).encode())
    return said.hexdigest()


def policy_text(policy: PublishedPolicy) -> PolicyText:
    """A version as inference takes it."""
    return PolicyText(policy.slug, policy.number, policy.hash, policy.text, policy.section_ids)


def together(policies: Sequence[PublishedPolicy]) -> PolicyText:
    """Several versions as one text, asked in one call. Raises UnfitRow where two share a section id."""
    codes = tuple(code for policy in policies for code in policy.section_ids)
    if len(set(codes)) < len(codes):
        twice = next(code for code in codes if codes.count(code) > 1)
        raise UnfitRow(
            _("section %(twice)s is in two of these policies, so one call could not tell them apart")
            % {"twice": twice}
        )
    return PolicyText(
        slug="+".join(policy.slug for policy in policies),
        number=policies[0].number,
        hash=hashlib.sha256("".join(policy.hash for policy in policies).encode()).hexdigest(),
        text="\n\n".join(policy.text.strip() for policy in policies) + "\n",
        section_ids=codes,
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one row. `label` is empty and `failure` says why where there is no readable verdict."""

    ordinal: int
    label: str = ""
    sections: tuple[str, ...] = ()
    confidence: str = ""
    rationale: str = ""
    failure: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    seconds: float = 0.0


def joined(answers: Sequence[Answer]) -> Answer:
    """What several policies say of one row, one call each: violates if one does; without an answer if one has none.

    An answer that violates counts even where another call failed: it would have reached people.
    """
    lead = min(answers, key=lambda each: {"violates": 0, "": 1, "unsure": 2, "allowed": 3}[each.label])
    return Answer(
        ordinal=lead.ordinal, label=lead.label, confidence=lead.confidence, rationale=lead.rationale,
        failure=lead.failure if not lead.label else "",
        sections=tuple(code for each in answers if each.label == lead.label for code in each.sections),
        prompt_tokens=sum(each.prompt_tokens for each in answers),
        completion_tokens=sum(each.completion_tokens for each in answers),
        cached_tokens=sum(each.cached_tokens for each in answers),
        seconds=sum(each.seconds for each in answers),
    )  # fmt: skip
