"""Template filters of the review screens."""

from django import template

from reviewapp.review import rules_text

register = template.Library()


@register.filter
def visible(text: object) -> str:
    """Text from outside with every invisible or turning character named in place; escaping stays the template's."""
    return rules_text.visible(str(text)) if text is not None else ""
