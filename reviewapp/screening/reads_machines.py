"""The read door for the reasoner's chip in the top bar and for the prefilter page."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from inference import Prefilter
from inference.prefilter import SHIPPED
from reviewapp.screening import reads, rules
from reviewapp.screening.models import ScreeningSettings
from reviewapp.screening.reads_engine import CAP, engine_rows
from reviewapp.ui.words import Words

SLOW_MINUTES: Final = 5
"""A line of verdicts that takes longer than this is worth a word to who works meanwhile."""


@dataclass(frozen=True, slots=True)
class Chip:
    """The reasoner in the top bar: `tone` is empty (well), warn or bad."""

    tone: str
    words: str
    short: str


@dataclass(frozen=True, slots=True)
class Strain:
    """A reasoner that keeps people waiting: for `waiting` verdicts (`capped`: or more), about `minutes`; None: none answers."""

    waiting: int
    capped: bool
    minutes: int | None


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the model card: what, and shares with their intervals as the card prints them."""

    what: str
    recall: str
    near_miss: str
    ordinary: str


@dataclass(frozen=True, slots=True)
class PrefilterPage:
    """What the prefilter page shows. `routes` are (route, why in words, count) of the last 24 hours."""

    name: str
    threshold: float
    threshold_label: str
    groups: tuple[tuple[str, tuple[Figure, ...]], ...]
    send_everything_on: bool
    sample_percent: str
    routes: tuple[tuple[Words, Words, int], ...]
    scored: int
    passed: int

    @property
    def passed_percent(self) -> int | None:
        """Share of the last 24 hours' items that were passed."""
        return round(100 * self.passed / self.scored) if self.scored else None


def chip() -> Chip:
    """The reasoner's state in a few words, for the top bar of every page."""
    engines = engine_rows()
    if not engines:
        return Chip("warn", _("No reasoner is configured"), pgettext("reasoner", "None"))
    working = [each for each in engines if each.tone == "good"]
    name = _("Practice reasoner") if all(each.practice for each in engines) else _("Reasoner")
    if not working:
        return _not_working(name, [each.standing for each in engines if each.tone == "warn"])
    waiting, _leased = reads.waiting()
    rate = sum(each.rate for each in working)
    values = {"reasoner": name, "rate": f"{rate:.0f}", "waiting": _capped(waiting)}
    if _minutes(waiting, rate) >= SLOW_MINUTES:
        slow = _("%(reasoner)s slow: %(rate)s verdicts/s · %(waiting)s waiting") % values
        return Chip("warn", slow, pgettext("reasoner", "Slow"))
    words = (
        _("%(reasoner)s: %(rate)s verdicts/s · %(waiting)s waiting") % values
        if waiting
        else _("%(reasoner)s: nothing waits") % values
    )
    return Chip("" if len(working) == len(engines) else "warn", words, pgettext("reasoner", "OK"))


def strain() -> Strain | None:
    """Why verdicts come late or not at all, for who works queues meanwhile; None where they come in time."""
    engines = engine_rows()
    waiting, _leased = reads.waiting()
    if engines and all(each.tone == "bad" for each in engines):
        return Strain(waiting, waiting >= CAP, None)
    minutes = _minutes(waiting, sum(each.rate for each in engines if each.tone == "good"))
    return Strain(waiting, waiting >= CAP, minutes) if minutes >= SLOW_MINUTES else None


def _minutes(waiting: int, rate: float) -> int:
    """How long the line takes at `rate` verdicts a second; nothing is told while nothing is being judged."""
    return round(waiting / rate / 60) if rate else 0


def _not_working(name: str, standings: Sequence[str]) -> Chip:
    values = {"reasoner": name}
    if not standings:
        return Chip("bad", _("%(reasoner)s is away") % values, pgettext("reasoner", "Away"))
    if set(standings) == {"unasked"}:
        return Chip("warn", _("%(reasoner)s: not heard of yet") % values, "…")
    words, short = {
        "half_open": (_("%(reasoner)s: half open, trying one call"), _("Half open")),
        "paused": (_("%(reasoner)s: paused"), _("Paused")),
        "draining": (_("%(reasoner)s: draining"), _("Draining")),
        "unasked": (_("%(reasoner)s: not asked yet"), _("Not asked yet")),
    }[standings[0]]
    return Chip("warn", words % values, short)


def prefilter_page() -> PrefilterPage:
    """The model in force with its card's figures, the switches, and where items went in the last 24 hours."""
    model = Prefilter.shipped()
    switches = ScreeningSettings.objects.filter(pk=True).first() or ScreeningSettings()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT route, why, count(*) FROM screening_score WHERE scored_at > now() - interval '24 hours'"
            " GROUP BY route, why ORDER BY 3 DESC, 1, 2"
        )
        rows = cursor.fetchall()
    return PrefilterPage(
        name=model.name,
        threshold=model.threshold,
        threshold_label=model.label,
        groups=card_figures(SHIPPED / "MODEL_CARD.md"),
        send_everything_on=switches.send_everything_on,
        sample_percent=f"{100 * switches.sample_share:g}",
        routes=tuple(
            (rules.ROUTE_WORDS[route], rules.WHY_WORDS[rules.Why(why)], count) for route, why, count in rows
        ),
        scored=sum(row[2] for row in rows),
        passed=sum(row[2] for row in rows if row[0] == rules.Route.PASS),
    )


@lru_cache(maxsize=4)
def card_figures(path: Path) -> tuple[tuple[str, tuple[Figure, ...]], ...]:
    """The figure tables of a model card: for each group its heading and its lines, as printed; empty without a card."""
    if not path.exists():
        return ()
    groups: list[tuple[str, list[Figure]]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("## ") and groups:
            break
        if line.startswith("### "):
            groups.append((line[4:], []))
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if groups and len(cells) == 5 and re.search(r"\d", line):
            groups[-1][1].append(Figure(*cells[:4]))
    return tuple((heading, tuple(figures)) for heading, figures in groups)


def _capped(count: int) -> str:
    return f"{count:,}" if count < CAP else f"{CAP:,}+"
