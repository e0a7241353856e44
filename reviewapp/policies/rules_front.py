"""Reading the front matter of a policy file, and the error that names what is wrong on which line. Pure."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import yaml
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from reviewapp.ui.errors import ProductError
from reviewapp.ui.words import Words

FAMILIES: Final = ("spam", "harassment", "hate", "threat", "self_harm", "sexual")
"""The prefilter's heads, by name: what `family` may say."""

EFFORT_WORDS: Final[dict[str, Words]] = {
    "low": pgettext_lazy("effort", "low"),
    "medium": pgettext_lazy("effort", "medium"),
    "high": pgettext_lazy("effort", "high"),
}
"""How long the reasoner may think, as screens say it."""
MOST_TITLE: Final = 200
# Escapes in quoted YAML can bring back what the file itself may not hold.
_UNFIT: Final = re.compile(r"[\x00\ud800-\udfff]")
RESERVED_SLUGS: Final = frozenset({"new"})
LINE_END: Final = re.compile(r"\r\n|\n|\r")
_SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")
_FRONT_KEYS: Final = ("slug", "title", "family", "language", "effort", "applies")

Problem = tuple[int, str]
"""A line of the file, counted from 1, and what is wrong there and what to do."""


class PolicyFileError(ProductError):
    """The file is not a policy yet; `problems` says what is wrong on which line."""

    status = 422
    code = "invalid_policy_file"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = sorted(problems)
        listed = "; ".join(
            _("line %(line)s: %(message)s") % {"line": line, "message": message}
            for line, message in self.problems[:10]
        )
        more = (
            _("; and %(count)s more") % {"count": len(self.problems) - 10} if len(self.problems) > 10 else ""
        )
        super().__init__(
            _("The policy file needs a change. %(listed)s%(more)s") % {"listed": listed, "more": more},
            problems=[list(each) for each in self.problems],
        )


def front_matter(lines: list[str], problems: list[Problem]) -> tuple[dict[str, Any], int]:
    """The checked front matter, and the index of the first line after it."""
    marks = [index for index, line in enumerate(lines) if line.rstrip() == "---"]
    if len(marks) < 2 or marks[0] != 0:
        problems.append(
            (1, _("The file must start with front matter: a line ---, the keys, and a line --- again."))
        )
        raise PolicyFileError(problems)
    start = marks[1] + 1
    values, at = _load_yaml("\n".join(lines[1 : marks[1]]), problems)
    unknown = [key for key in at if key not in _FRONT_KEYS]
    problems += [
        (
            at[key],
            _("Unknown key %(key)s. Known are %(keys)s.")
            % {"key": repr(key), "keys": ", ".join(_FRONT_KEYS)},
        )
        for key in unknown
    ]
    return {key: _FRONT_CHECKS[key](values.get(key), at.get(key, 1), problems) for key in _FRONT_KEYS}, start


def _load_yaml(text: str, problems: list[Problem]) -> tuple[dict[str, Any], dict[str, int]]:
    """The mapping, and each key's line in the file. A broken mapping is a problem and gives nothing."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        loaded = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or _("it cannot be read")
        problems.append(
            (mark.line + 2 if mark else 2, _("The front matter is not YAML: %(what)s.") % {"what": what})
        )
        raise PolicyFileError(problems) from error
    if not isinstance(loaded, dict) or not isinstance(node, yaml.MappingNode):
        problems.append((2, _("The front matter must be keys and values, such as `slug: spam`.")))
        raise PolicyFileError(problems)
    at: dict[str, int] = {}
    for key, _value in node.value:
        line = key.start_mark.line + 2
        if str(key.value) in at:
            problems.append(
                (
                    line,
                    _("The key %(key)s stands here for the second time. Keep one.")
                    % {"key": repr(key.value)},
                )
            )
        at[str(key.value)] = line
    return {str(key): value for key, value in loaded.items()}, at


def _slug(value: Any, line: int, problems: list[Problem]) -> str:
    if not isinstance(value, str) or not _SLUG.match(value) or len(value) > 60 or value in RESERVED_SLUGS:
        problems.append(
            (line, _("`slug` must be small letters, digits and hyphens, at most 60, such as `self-harm`."))
        )
        return ""
    return value


def _title(value: Any, line: int, problems: list[Problem]) -> str:
    title = value.strip() if isinstance(value, str) else ""
    if not title or len(title) > MOST_TITLE or LINE_END.search(title) or _UNFIT.search(title):
        problems.append(
            (
                line,
                _("`title` must be one line of 1 to %(most)s characters; quote it if it holds a colon.")
                % {"most": MOST_TITLE},
            )
        )
    return title


def _family(value: Any, line: int, problems: list[Problem]) -> str | None:
    if value in (None, "none"):
        return None
    if not isinstance(value, str) or value not in FAMILIES:
        problems.append(
            (
                line,
                _("`family` must be one of %(families)s, or be left out.")
                % {"families": ", ".join(FAMILIES)},
            )
        )
        return None
    return value


def _language(value: Any, line: int, problems: list[Problem]) -> str:
    value = "en" if value is None else value
    if not isinstance(value, str) or not LANGUAGE.match(value):
        problems.append((line, _("`language` must be a code such as en or pt-BR; put no in quotes.")))
        return "en"
    return value


def _effort(value: Any, line: int, problems: list[Problem]) -> str:
    value = "low" if value is None else value
    if value not in ("low", "medium", "high"):
        problems.append((line, _("`effort` must be low, medium or high.")))
        return "low"
    return str(value)


def _applies(value: Any, line: int, problems: list[Problem]) -> dict[str, Any]:
    value = {} if value is None else value
    checked: dict[str, Any] = {"sources": [], "countries": []}
    if not isinstance(value, dict) or set(value) - {*checked, "languages", "dates"}:
        problems.append(
            (
                line,
                _(
                    "`applies` may hold `sources`, `countries`, `languages`, each a list, and `dates` with `from` and `until`."
                ),
            )
        )
        return checked
    for key in ("sources", "countries", "languages"):
        words = value.get(key) or []
        if not isinstance(words, list) or not all(_is_word(word) for word in words):
            problems.append(
                (
                    line,
                    _("`%(key)s` under `applies` must be a list of words, such as [forum, chat].")
                    % {"key": key},
                )
            )
        elif words or key in checked:
            checked[key] = words
    dates = _dates(value.get("dates"), line, problems)
    return checked | ({"dates": dates} if dates else {})


def _dates(value: Any, line: int, problems: list[Problem]) -> dict[str, str]:
    """The first and the last day, as ISO dates; either may be left out."""
    if value is None:
        return {}
    found: dict[str, str] = {}
    fits = isinstance(value, dict) and bool(value) and not set(value) - {"from", "until"}
    for key in ("from", "until"):
        day = value.get(key) if fits else None
        if type(day) is date:
            found[key] = day.isoformat()
        elif day is not None:
            fits = False
    if not fits or ("from" in found and "until" in found and found["until"] < found["from"]):
        problems.append(
            (
                line,
                _(
                    "`dates` holds `from: 2026-01-31` and `until: 2026-12-31`, or one of them, the first not after the last."
                ),
            )
        )
        return {}
    return found


def applies_on(applies: Mapping[str, Any], day: date) -> bool:
    """Whether a policy applies on a day (UTC), both ends included."""
    dates = applies.get("dates") or {}
    today = day.isoformat()
    return str(dates.get("from", "")) <= today <= str(dates.get("until", "9999-12-31"))


def _is_word(word: Any) -> bool:
    return isinstance(word, str) and 0 < len(word) <= 100 and not _UNFIT.search(word)


_FRONT_CHECKS: Final = {
    "slug": _slug, "title": _title, "family": _family, "language": _language, "effort": _effort, "applies": _applies,
}  # fmt: skip
