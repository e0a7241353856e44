"""Policies from elsewhere: one markdown text without section ids, labelled examples in a CSV beside it. Pure.

What is understood becomes a file of ours with ids assigned; everything else is listed, never dropped in silence.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.utils.translation import gettext as _

from reviewapp.policies import rules
from reviewapp.policies.rules_cases import case_problem, delimiter_of
from reviewapp.policies.rules_file import CODE
from reviewapp.policies.rules_front import LINE_END, MOST_TITLE, PolicyFileError

_HEADING: Final = re.compile(r"(#{1,6})\s+(.*?)\s*#*\Z")
_OUTPUT: Final = re.compile(r"\b(instructions?|output|response|answer|format|return)\b", re.IGNORECASE)
_ALLOWED: Final = re.compile(
    r"\b(safe|non-?violating|does not violate|allowed|permitted|acceptable|exceptions?|exempt|benign)\b",
    re.IGNORECASE,
)
_VIOLATES: Final = re.compile(
    r"\b(violat\w*|unsafe|disallowed|not allowed|prohibited|forbidden|harmful|remove)\b", re.IGNORECASE
)
_EXAMPLES: Final = re.compile(r"\bexamples?\b", re.IGNORECASE)
_ABOUT: Final = re.compile(
    r"\b(goal|purpose|overview|introduction|background|scope|summary|definitions?|terms?|glossary|notes?|ambigu\w*|"
    r"context|principles?|precedence|edge cases?)\b",
    re.IGNORECASE,
)
_PAIR: Final = re.compile(
    r"[-*]?\s*(?:content|input|text|example)\s*:\s*[“\"']?(.*?)[”\"']?\s*\Z", re.IGNORECASE
)
_ANSWER: Final = re.compile(r"[-*]?\s*(?:answer|label|output|expected)\s*:\s*(.+?)\s*\Z", re.IGNORECASE)
_ARROW: Final = re.compile(r"[-*]\s+[“\"']?(.+?)[”\"']?\s*(?:→|->|=>|\|)\s*([\w .()-]{1,40})\s*\Z")
_LABELS: Final = {
    "violates": {"1", "true", "yes", "violates", "violating", "violation", "unsafe", "flagged", "positive", "spam", "remove", "invalid"},
    "allowed": {"0", "false", "no", "allowed", "safe", "benign", "ok", "negative", "not spam", "ham", "keep", "valid", "non-violating"},
}  # fmt: skip
_TEXTS: Final = ("text", "content", "prompt", "message", "input", "comment", "post")
_MARKS: Final = (
    "expect",
    "label",
    "answer",
    "expected",
    "violates",
    "violation",
    "class",
    "ground_truth",
    "target",
)
_PLACES: Final = ("section", "category", "policy", "rule", "subcategory", "subpolicy")

Note = tuple[int, str]
"""A line of the file that was read, and what became of it or why it was left out."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """The file of ours, and what could not be mapped: by line of the text, and of the list of examples."""

    source: str
    text_notes: tuple[Note, ...]
    list_notes: tuple[Note, ...]


@dataclass(slots=True)
class _Piece:
    """A heading with what stands under it; `kind` is violates, allowed, about, output or examples."""

    line: int
    title: str
    kind: str
    body: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Section:
    """A section of ours in the making."""

    code: str
    title: str
    allowed: bool
    rule: str
    violating: list[str] = field(default_factory=list)
    permitted: list[str] = field(default_factory=list)


def adopt(text: str, slug: str, examples: str = "") -> Adopted:
    """Turn a foreign policy into a file of ours. Raises PolicyFileError where nothing in it is a rule."""
    rules.check_storable(text)
    notes: list[Note] = []
    title, pieces = _pieces(text, slug)
    sections, preamble = _sections(pieces, slug, notes)
    if not sections:
        raise PolicyFileError(
            [
                (
                    1,
                    _(
                        "No heading in this text says what violates or what is allowed. Write it from the start here."
                    ),
                )
            ]
        )
    _give_examples(pieces, sections, notes)
    listed: list[Note] = []
    cases = list(_cases(examples, sections, slug, listed)) if examples.strip() else []
    source = _written(title, slug, preamble, sections, cases)
    while cases and len(source.encode()) > rules.MOST_BYTES:
        cases = cases[: len(cases) * 3 // 4]
        source = _written(title, slug, preamble, sections, cases)
        listed.append(
            (
                1,
                _(
                    "The file would be too large; the first %(count)s cases are in it. Import the rest on the page of cases."
                )
                % {"count": len(cases)},
            )
        )
    rules.parse(source)
    return Adopted(source, tuple(sorted(notes)), tuple(sorted(listed)))


def _pieces(text: str, slug: str) -> tuple[str, list[_Piece]]:
    title = ""
    pieces = [_Piece(1, "", "about")]
    inside_fence = False
    for number, raw in enumerate(LINE_END.split(text.removeprefix("\ufeff")), start=1):
        inside_fence ^= raw.lstrip().startswith("```")
        found = None if inside_fence else _HEADING.match(raw.strip())
        if found is None:
            pieces[-1].body.append(raw.rstrip())
        elif len(found[1]) == 1 and not title:
            title = found[2]
        elif len(found[1]) <= 2 or _kind(found[2], "") != "":
            pieces.append(_Piece(number, found[2], _kind(found[2], "rule")))
        else:
            pieces[-1].body += ["", f"**{found[2]}**", ""]
    return (title or slug.replace("-", " ").capitalize())[:MOST_TITLE], pieces


def _kind(title: str, otherwise: str) -> str:
    """What a heading announces; output goes first, because "answer format" is never a rule."""
    for kind, words in (
        ("examples", _EXAMPLES), ("violates", re.compile(r"\b(not allowed|disallowed|unsafe)\b", re.IGNORECASE)),
        ("allowed", _ALLOWED), ("violates", _VIOLATES), ("output", _OUTPUT), ("about", _ABOUT),
    ):  # fmt: skip
        if words.search(title):
            return kind
    return otherwise


def _sections(pieces: Sequence[_Piece], slug: str, notes: list[Note]) -> tuple[list[_Section], str]:
    sections: list[_Section] = []
    preamble: list[str] = []
    for piece in pieces:
        body = rules.normalise("\n".join(piece.body))
        if piece.kind == "output":
            notes.append(
                (
                    piece.line,
                    _("“%(title)s” was left out: the form of the answer is generated here.")
                    % {"title": piece.title},
                )
            )
        elif piece.kind == "about" and body:
            preamble.append(f"**{piece.title}**: {body}" if piece.title else body)
        elif piece.kind in ("violates", "allowed", "rule"):
            if not body:
                notes.append(
                    (
                        piece.line,
                        _("“%(title)s” has no text under it and was left out.") % {"title": piece.title},
                    )
                )
                continue
            sections.append(_section(piece, body, slug, sections))
            if piece.kind == "rule":
                notes.append(
                    (
                        piece.line,
                        _("“%(title)s” was taken as a rule. Move it to the preamble if it is none.")
                        % {"title": piece.title},
                    )
                )
    return sections, "\n\n".join(preamble)


def _section(piece: _Piece, body: str, slug: str, before: Sequence[_Section]) -> _Section:
    first, _, rest = piece.title.partition(" ")
    known = {each.code for each in before}
    own = (
        first.rstrip(":.")
        if CODE.match(first.rstrip(":.")) and first.rstrip(":.") not in known and rest
        else ""
    )
    number = len(before) + 1
    code = own or f"{_prefix(slug)}-{number}.1"
    title = (rest if own else piece.title)[:MOST_TITLE]
    lines = [
        f"\\{line}" if line.startswith(("## ", "### ", "```cases")) else line for line in body.split("\n")
    ]
    return _Section(code, title, piece.kind == "allowed", "\n".join(lines))


def _prefix(slug: str) -> str:
    words = [word for word in slug.split("-") if word[:1].isalpha()]
    letters = "".join(word[0] for word in words) if len(words) > 1 else "".join(words)
    letters = re.sub(r"[^A-Z]", "", letters.upper())[:2]
    return letters if len(letters) == 2 else "NP"


def _give_examples(pieces: Sequence[_Piece], sections: Sequence[_Section], notes: list[Note]) -> None:
    """Labelled examples of an examples part go to the first section of their kind; what is unlabelled is listed."""
    for piece in (each for each in pieces if each.kind == "examples"):
        waiting = ""
        for number, line in enumerate(piece.body, start=piece.line + 1):
            if not line.strip():
                continue
            arrow, pair, answer = (
                _ARROW.match(line.strip()),
                _PAIR.match(line.strip()),
                _ANSWER.match(line.strip()),
            )
            if arrow:
                _give(arrow[1], arrow[2], number, sections, notes)
            elif pair:
                waiting = pair[1]
            elif answer and waiting:
                _give(waiting, answer[1], number, sections, notes)
                waiting = ""
            else:
                notes.append(
                    (number, _("This line of the examples has no label that could be read; it was left out."))
                )


def _give(text: str, label: str, number: int, sections: Sequence[_Section], notes: list[Note]) -> None:
    meaning = _meaning(label)
    if not meaning:
        notes.append(
            (
                number,
                _("The label %(label)s says neither violates nor allowed; the example was left out.")
                % {"label": repr(label[:40])},
            )
        )
        return
    section = _home(sections, meaning)
    (section.violating if meaning == "violates" else section.permitted).append(" ".join(text.split()))


def _home(sections: Sequence[_Section], meaning: str) -> _Section:
    """The first section of the kind that a label speaks for."""
    return next((each for each in sections if each.allowed == (meaning == "allowed")), sections[0])


def _meaning(label: str) -> str:
    word = re.sub(r"[()\[\].*`\"']", " ", label).strip().lower()
    candidates = {word, *word.split()}
    return next((meaning for meaning, words in _LABELS.items() if word in words), "") or next(
        (meaning for meaning, words in _LABELS.items() if candidates & words), ""
    )


def _cases(text: str, sections: Sequence[_Section], slug: str, notes: list[Note]) -> Iterator[dict[str, str]]:
    """The rows of a CSV as cases; columns are found by their usual names."""
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter_of(text))
    try:
        columns = [name.strip().lower() for name in next(rows)]
        at = {kind: next((columns.index(name) for name in names if name in columns), None)
              for kind, names in (("text", _TEXTS), ("label", _MARKS), ("place", _PLACES))}  # fmt: skip
        if at["text"] is None or at["label"] is None:
            notes.append(
                (
                    1,
                    _("No column for the text (%(texts)s) or the label (%(marks)s) was found.")
                    % {"texts": ", ".join(_TEXTS), "marks": ", ".join(_MARKS)},
                )
            )
            return
        if at["place"] is None:
            notes.append(
                (
                    1,
                    _(
                        "The list names no section; violating rows went to the first rule, allowed ones to the first exception."
                    ),
                )
            )
        seen: set[str] = set()
        for row in rows:
            case = _case(row, at, rows.line_num, sections, seen, notes)
            if case is not None:
                yield {"id": f"{_prefix(slug)}-C{len(seen)}", **case}
    except csv.Error as error:
        notes.append(
            (rows.line_num, _("The list cannot be read from here on: %(error)s.") % {"error": error})
        )


def _case(
    row: Sequence[str],
    at: dict[str, int | None],
    line: int,
    sections: Sequence[_Section],
    seen: set[str],
    notes: list[Note],
) -> dict[str, str] | None:
    cells = {kind: row[place] if place is not None and place < len(row) else "" for kind, place in at.items()}
    meaning = _meaning(cells["label"])
    if not meaning:
        notes.append(
            (
                line,
                _("The label %(label)s says neither violates nor allowed; the row was left out.")
                % {"label": repr(cells["label"][:40])},
            )
        )
        return None
    wanted = cells["place"].strip().lower()
    home = next(
        (each for each in sections if wanted and wanted in (each.code.lower(), each.title.lower())), None
    )
    if home is None and wanted:
        notes.append(
            (
                line,
                _("No section is called %(label)s; the row went to the first one of its kind.")
                % {"label": repr(cells["place"][:40])},
            )
        )
    section = (home or _home(sections, meaning)).code
    problem = case_problem(section, cells["text"], meaning, "")
    if problem or cells["text"] in seen:
        notes.append((line, problem or _("The same text stood in the list before; the row was left out.")))
        return None
    seen.add(cells["text"])
    return {"section": section, "text": cells["text"], "expect": meaning, "note": ""}


def _written(
    title: str, slug: str, preamble: str, sections: Sequence[_Section], cases: Sequence[dict[str, str]]
) -> str:
    """The file of ours."""
    quoted = json.dumps(title, ensure_ascii=False)
    parts = [f"---\nslug: {slug}\ntitle: {quoted}\nfamily: none\nlanguage: en\neffort: low\n---\n"]
    parts += [f"{preamble}\n"] if preamble else []
    for each in sections:
        parts.append(
            f"## {each.code} {each.title}\nseverity: {1 if each.allowed else 2}\n\n{_rule(each.rule)}\n"
        )
        for name, examples in (("Violating", each.violating), ("Allowed", each.permitted)):
            if examples:
                parts.append(f"{name} examples:\n" + "".join(f"- {example}\n" for example in examples))
    if cases:
        parts.append(
            "```cases\n" + "".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases) + "```\n"
        )
    return "\n".join(parts)


def _rule(text: str) -> str:
    """A rule whose lines are not taken for our own list headings."""
    ours = ("Violating examples:", "Allowed examples:")
    return "\n".join(f"**{line.strip()}**" if line.strip() in ours else line for line in text.split("\n"))
