"""What came of a study in one line, from the figures that it keeps; and what stopped it, in the language of the reader. Pure."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reviewapp.lab.rules_bounds import Rate

Figures = Mapping[str, Any]


def result_words(report: Mapping[str, Any] | None) -> str:
    """What stands in a list; empty before there is a report. Reports without figures have a sentence of their own."""
    if not report:
        return ""
    figures = report.get("figures")
    if figures is None:
        return str(report.get("summary", ""))
    return _WORDS[figures["kind"]](figures)


def shown(stored: str) -> str:
    """A sentence that was stored in English, translated where it is one of ours (`gettext_noop`)."""
    return _(stored) if stored else ""


def _gate(figures: Figures) -> str:
    blocks, missed, gaps = figures["blocks"], figures["missed"], figures["gaps"]
    parts = [ngettext("%(n)d case blocks", "%(n)d cases block", blocks) % {"n": blocks}] if blocks else []
    parts += (
        [ngettext("%(n)d target missed", "%(n)d targets missed", missed) % {"n": missed}] if missed else []
    )
    if parts:
        return ", ".join(parts)
    values = {"gaps": gaps, "right": f"{figures['right']:,}", "all": f"{figures['n']:,}"}
    if gaps:
        return _("Passed, %(gaps)d to sign: %(right)s of %(all)s cases right") % values
    return _("Passed: %(right)s of %(all)s cases right") % values


def _backtest(figures: Figures) -> str:
    shown = {name: f"{each:,}" for name, each in figures.items() if name != "kind"}
    parts = (
        [_("%(flips)s flips of %(decided)s: %(fix)s fixes, %(break)s breaks") % shown]
        if figures["decided"]
        else []
    )
    parts += (
        [_("%(otherwise)s of %(waiting)s that wait judged otherwise") % shown] if figures["waiting"] else []
    )
    return "; ".join(parts)


def _evaluate(figures: Figures) -> str:
    values = {"precision": Rate(*figures["precision"]).words, "recall": Rate(*figures["recall"]).words}
    return _("Precision %(precision)s, recall %(recall)s") % values


_WORDS = {"gate": _gate, "backtest": _backtest, "evaluate": _evaluate}
