"""How the lab's pages write intervals, probabilities, cells of a table, and codes as words."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import template
from django.utils.translation import gettext as _

from reviewapp.lab.rules import STATE_WORDS
from reviewapp.lab.rules_gate import Measure
from reviewapp.lab.rules_measure import ANSWER_WORDS
from reviewapp.lab.rules_results import shown
from reviewapp.policies.rules_cases import LABEL_WORDS
from reviewapp.policies.rules_diff import Kind, Piece
from reviewapp.review import rules_text
from reviewapp.review.rules_mask import Veil
from reviewapp.screening.reasons import reason_words
from reviewapp.ui.words import Words

register = template.Library()


@register.filter
def span2(interval: tuple[float, float]) -> str:
    """An interval with two decimals, `0.88–0.94`."""
    low, high = interval
    return f"{low:.2f}–{high:.2f}"


@register.filter
def pvalue(p: float) -> str:
    """A probability with two digits that count, never as zero."""
    return f"{p:.2g}" if p >= 0.0001 else _("less than 0.0001")


@register.filter
def at(table: Mapping[str, Any], key: str) -> Any:
    """The entry of a table under a key; 0 where it has none."""
    return table.get(key, 0)


@register.filter
def minutes(count: float) -> str:
    """Minutes in words: `under a minute`, `about 7 min`, `about 3 h 20 min`."""
    if count < 1:
        return _("under a minute")
    hours, rest = divmod(round(count), 60)
    if hours:
        return _("about %(hours)d h %(minutes)s min") % {"hours": hours, "minutes": f"{rest:02d}"}
    return _("about %(minutes)d min") % {"minutes": rest}


@register.filter
def share1(share: float) -> str:
    """A share as `93.2 %`."""
    return f"{100 * share:.1f} %"


@register.filter
def hundred(share: float) -> str:
    """A share as a place from 0 to 100 in a drawing."""
    return f"{100 * share:.1f}"


@register.filter
def bandwidth(measure: Measure) -> str:
    """How wide the band from the lower bound to the upper end of a measure's interval is."""
    return f"{100 * max(measure.rate.interval[1] - measure.rate.lower, 0):.1f}"


@register.filter
def answer_word(label: str) -> Words:
    """A label at the start of a line; `No answer` for none."""
    return ANSWER_WORDS.get(label, label)


@register.filter
def answers_words(labels: Iterable[str]) -> str:
    """The labels of several repeats in the middle of a line; one without an answer stays empty."""
    return ", ".join(str(LABEL_WORDS.get(label, label)) for label in labels)


@register.filter
def study_state(state: str) -> Words:
    """Where a study stands, in the middle of a line."""
    return STATE_WORDS[state]


@register.filter
def row_failure(stored: str) -> str:
    """Why a row has no answer, from `kind: reason` as it was stored."""
    whole = shown(stored)
    if whole != stored:
        return whole
    kind, colon, reason = stored.partition(": ")
    return f"{shown(kind)}{colon}{reason_words(reason)}"


@register.filter
def bare(pieces: Sequence[Piece], veil: Veil) -> Sequence[Piece]:
    """The pieces of two rationales, where the page's veil masks nothing of either: a mask may reach over several."""
    both = [
        "".join(piece.text for piece in pieces if piece.kind is not gone)
        for gone in (Kind.ADDED, Kind.REMOVED)
    ]
    return () if any(veil.over_words_on(text) for text in both) else pieces


@register.inclusion_tag("review/inline.html", takes_context=True)
def veiled_text(context: dict[str, Any], text: str, part: object) -> dict[str, object]:
    """What somebody wrote, masked as the page's `veil` says; `part` makes the keys of its masks its own."""
    veil: Veil = context["veil"]
    paragraphs = rules_text.plain(text, masks=veil.over(text), part=f"{part}-")
    return {"paragraphs": paragraphs, "shown": context.get("shown", ())}


@register.simple_tag(takes_context=True)
def first_words(context: dict[str, Any], text: str) -> str:
    """The first words of what somebody wrote on one line, masked as the page's `veil` says."""
    veil: Veil = context["veil"]
    return rules_text.preview(text, veil=veil)
