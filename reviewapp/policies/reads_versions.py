"""The read door of histories: two versions beside each other, word by word and case by case."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reviewapp.policies import reads, reads_cases, rules, tokens
from reviewapp.policies.models import Version
from reviewapp.policies.reads import VersionSection
from reviewapp.policies.reads_cases import CaseChanges
from reviewapp.policies.rules_diff import Kind, Piece, count_words, word_diff
from reviewapp.ui.errors import Missing

TEXTS: Final = {
    "model": gettext_lazy("Model"),
    "guidance": gettext_lazy("Guidance"),
    "public": gettext_lazy("Public"),
}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two versions: its number, state in words, tokens of what is sent, hash."""

    id: UUID
    number: int
    state: str
    label: str
    tokens: int
    hash: str
    cases_hash: str


@dataclass(frozen=True, slots=True)
class Length:
    """How long what is sent is; `tick` is the meter's, 0 to 100 for 0 to 800 tokens."""

    tokens: int

    @property
    def tick(self) -> float:
        """Where the meter's tick stands."""
        return min(100.0, self.tokens / 8)


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One part of the text: its section id or a word for the head, and the pieces; a side that lacks it is False."""

    label: str
    part: str
    pieces: tuple[Piece, ...]
    in_old: bool
    in_new: bool

    @property
    def changed(self) -> bool:
        """Whether anything came or went."""
        return any(piece.kind is not Kind.SAME for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions: rows in the order of the newer text, words that came and went, what the cases do."""

    old: Side
    new: Side
    text: str
    rows: tuple[DiffRow, ...]
    added: int
    removed: int
    cases: CaseChanges

    @property
    def changed(self) -> tuple[DiffRow, ...]:
        """The rows with a change."""
        return tuple(row for row in self.rows if row.changed)

    @property
    def unchanged(self) -> tuple[DiffRow, ...]:
        """The rows without one."""
        return tuple(row for row in self.rows if not row.changed)


_TOUCHED: Final = """
    SELECT v.id, each.code
    FROM unnest(%s::uuid[], %s::int[]) AS pair(version, before)
    JOIN policies_version v ON v.id = pair.version
    JOIN policies_version b ON b.policy_id = v.policy_id AND b.number = pair.before
    CROSS JOIN LATERAL (
        SELECT coalesce(n.code, o.code) AS code, coalesce(n.ordinal, o.ordinal) AS place
        FROM (SELECT * FROM policies_section WHERE version_id = v.id) n
        FULL JOIN (SELECT * FROM policies_section WHERE version_id = b.id) o ON o.code = n.code
        WHERE (n.title, n.severity, n.model_text, n.guidance) IS DISTINCT FROM (o.title, o.severity, o.model_text, o.guidance)
    ) each
    ORDER BY v.id, each.place, each.code
"""


def compare(slug: str, before: int, after: int, text: str = "model") -> Comparison:
    """Version `before` against version `after` of a policy; `text` is model, guidance or public. Raises Missing."""
    rows = {row.number: row for row in Version.objects.filter(policy__slug=slug, number__in=[before, after])}
    for number in (before, after):
        if number not in rows:
            raise Missing(
                _("There is no version %(number)s of %(slug)s. Look at the policy's list of versions.")
                % {"number": number, "slug": slug}
            )
    old, new = rows[before], rows[after]
    parts = _PARTS[text]
    sections = reads.sections_of({old.pk, new.pk})
    found = tuple(_diff(parts(old, sections[old.pk]), parts(new, sections[new.pk])))
    pieces = [piece for row in found for piece in row.pieces]
    return Comparison(
        _side(old), _side(new), text, found, count_words(pieces, Kind.ADDED), count_words(pieces, Kind.REMOVED),
        reads_cases.case_changes(old.pk, new.pk),
    )  # fmt: skip


def touched(pairs: Iterable[tuple[UUID, int]]) -> dict[UUID, tuple[str, ...]]:
    """For each version and the number of an earlier one: the sections that came, went, or say something else to who reviews."""
    pairs = list(pairs)
    found: dict[UUID, tuple[str, ...]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_TOUCHED, [[each[0] for each in pairs], [each[1] for each in pairs]])
        for version, code in cursor.fetchall():
            found[version] = (*found.get(version, ()), code)
    return found


def lengths_of(versions: Iterable[UUID]) -> dict[UUID, Length]:
    """The length of what is sent under each version that has a readable text."""
    rows = Version.objects.filter(pk__in=list(versions)).exclude(model_text="")
    return {key: Length(tokens.count(text)) for key, text in rows.values_list("pk", "model_text")}


Parts = Mapping[tuple[str, str], str]
"""(label, part) to its text, in the order in which they stand."""


def _diff(old: Parts, new: Parts) -> list[DiffRow]:
    found = []
    for key in _in_order(list(old), list(new)):
        pieces = word_diff(old.get(key, ""), new.get(key, ""))
        if pieces:
            found.append(DiffRow(key[0], key[1], pieces, bool(old.get(key)), bool(new.get(key))))
    return found


def _in_order(old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The keys of the newer text in their order, each that only the older has after the one it followed there."""
    keys = list(new)
    for place, key in enumerate(old):
        if key not in keys:
            before = next((each for each in reversed(old[:place]) if each in keys), None)
            keys.insert(keys.index(before) + 1 if before else 0, key)
    return keys


def _model(row: Version, sections: Sequence[VersionSection]) -> Parts:
    parts = {(_("head"), ""): _head(row), (_("preamble"), ""): _preamble(row)}
    for each in sections:
        parts[each.code, ""] = "\n".join(part for part in (each.title, _keys(each), each.model_text) if part)
        parts[each.code, _("violating examples")] = "\n".join(f"- {line}" for line in each.violating)
        parts[each.code, _("allowed examples")] = "\n".join(f"- {line}" for line in each.allowed)
    return parts


def _guidance(row: Version, sections: Sequence[VersionSection]) -> Parts:
    return {(each.code, ""): each.guidance for each in sections}


def _public(row: Version, sections: Sequence[VersionSection]) -> Parts:
    parts = {}
    for each in sections:
        parts[each.code, ""] = each.public
        for language, text in sorted(each.public_in.items()):
            parts[each.code, language] = text
    return parts


_PARTS: Final[dict[str, Callable[[Version, Sequence[VersionSection]], Parts]]] = {
    "model": _model,
    "guidance": _guidance,
    "public": _public,
}


def _head(row: Version) -> str:
    """Title, language, effort and where it applies, one a line."""
    lines = [f"title: {row.title}", f"language: {row.language}", f"effort: {row.effort}"]
    lines += [f"{name}: {_words(value)}" for name, value in sorted(row.applies.items()) if value]
    return "\n".join(lines)


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items() if each)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _preamble(row: Version) -> str:
    try:
        return rules.parse(row.source).preamble
    except rules.PolicyFileError:
        return row.source


def _keys(section: VersionSection) -> str:
    words = [f"severity {section.severity}", section.response]
    words += [f"recall {section.recall:g} %"] if section.recall is not None else []
    words += [f"precision {section.precision:g} %"] if section.precision is not None else []
    return " · ".join(word for word in words if word)


def _side(row: Version) -> Side:
    label = str(rules.VERSION_STATES[row.state].label)
    return Side(row.pk, row.number, row.state, label, tokens.count(row.model_text), row.hash, row.cases_hash)
