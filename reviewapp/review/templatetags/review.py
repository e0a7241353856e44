"""Template filters of the review screens."""

from collections.abc import Iterable
from typing import Any, Final

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from reviewapp.review import rules, rules_text
from reviewapp.review.reads_desk import OtherPolicy
from reviewapp.review.rules_mask import Veil
from reviewapp.screening.rules import CONFIDENCE_WORDS
from reviewapp.ui.words import Words

register = template.Library()
SELECTED: Final = SafeString(" selected")


@register.inclusion_tag("review/inline.html", takes_context=True)
def veiled(context: dict[str, Any], veil: Veil, text: str, part: str) -> dict[str, object]:
    """What is said about an item, on one line, masked as `veil` says; `part` makes the keys of its masks its own."""
    paragraphs = rules_text.plain(text, masks=veil.over_words_on(text), part=part)
    return {"paragraphs": paragraphs, "shown": context.get("shown", ())}


@register.simple_tag
def section_options(policies: Iterable[OtherPolicy], chosen: str) -> SafeString:
    """The sections of `policies` as options, a group each; `chosen` is the value that is selected."""
    groups = (
        (
            policy.title,
            format_html_join(
                "", '<option dir="auto" value="{}"{}>{} {}</option>',
                ((each.value, SELECTED if each.value == chosen else "", each.code, each.title) for each in policy.options),
            ),
        )
        for policy in policies
    )  # fmt: skip
    return format_html_join("", '<optgroup label="{}">{}</optgroup>', groups)


@register.filter
def visible(text: object) -> str:
    """Text from outside with every invisible or turning character named in place; escaping stays the template's."""
    return rules_text.visible(str(text)) if text is not None else ""


@register.filter
def label_words(label: str | None) -> Words:
    """A label in words: `Violates`; empty for none."""
    return rules.LABEL_WORDS.get(label or "", "")


@register.filter
def confidence_word(confidence: str) -> Words:
    """How sure the reasoner says it is, in the middle of a line: `high`."""
    return CONFIDENCE_WORDS.get(confidence, confidence)


@register.filter
def confidence_words(confidence: str) -> Words:
    """How sure a verdict is, in words: `high confidence`; empty where it does not say."""
    return rules.CONFIDENCE_WORDS.get(confidence, "")
