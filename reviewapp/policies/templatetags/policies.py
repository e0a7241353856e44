"""Template filters of the policy screens: words for codes, words that came and went, characters that nobody sees."""

from collections.abc import Iterable

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from reviewapp.policies import rules_diff
from reviewapp.policies.reads import Step
from reviewapp.policies.rules_cases import LABEL_WORDS, WAY_WORDS
from reviewapp.policies.rules_diff import Kind, Piece
from reviewapp.policies.rules_front import EFFORT_WORDS
from reviewapp.policies.rules_states import STATE_WORDS, STEP_WORDS
from reviewapp.ui.words import Words

register = template.Library()
_TAGS = {Kind.ADDED: "ins", Kind.REMOVED: "del"}


@register.filter
def named(text: str) -> SafeString:
    """Escaped text with each invisible character named in its place."""
    return format_html_join(
        "", "{}{}",
        ((part.text, format_html('<span class="ctl">{}</span>', part.name) if part.name else "")
         for part in rules_diff.shown(text)),
    )  # fmt: skip


@register.filter
def diffed(pieces: Iterable[Piece], side: str) -> SafeString:
    """Pieces as escaped text with ins and del; `side` is old, new or both."""
    hidden = {"old": Kind.ADDED, "new": Kind.REMOVED}.get(side)
    return mark_safe("".join(_piece(piece) for piece in pieces if piece.kind is not hidden))  # noqa: S308  each escaped


def _piece(piece: Piece) -> str:
    text = named(piece.text)
    tag = _TAGS.get(piece.kind)
    return f"<{tag}>{text}</{tag}>" if tag else str(text)


@register.filter
def part(mapping: dict[str, object], key: str) -> object:
    """An entry of a mapping whose key is only known in the template."""
    return mapping.get(key, "")


@register.filter
def judged(label: str) -> Words:
    """A label in the middle of a line: `violates`."""
    return LABEL_WORDS.get(label, label)


@register.filter
def in_state(state: str) -> Words:
    """A version's state in the middle of a line: `published`."""
    return STATE_WORDS[state]


@register.filter
def came_from(way: str) -> Words:
    """How a case came in."""
    return WAY_WORDS.get(way, way)


@register.filter
def effort_word(effort: str) -> Words:
    """How long the reasoner may think."""
    return EFFORT_WORDS.get(effort, effort)


@register.filter
def done_by(step: Step) -> SafeString:
    """Who did what to a version, the name in bold."""
    return format_html(str(STEP_WORDS[step.act]), who=format_html("<b><bdi>{}</bdi></b>", step.who))
