"""Template tags that every screen may use."""

import json
from datetime import datetime
from functools import lru_cache
from typing import Final

from django import template
from django.templatetags.i18n import do_block_translate, do_translate
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

from reviewapp.ids import new_id
from reviewapp.ui import once
from reviewapp.ui.folding import folded
from reviewapp.ui.languages import UNKNOWN, base_of, language_of, words_of

register = template.Library()
register.tag("translate", folded(do_translate))
register.tag("blocktranslate", folded(do_block_translate))

_TURNS: Final = frozenset({"arrow-left", "arrow-right", "log-in", "send", "skip-forward", "undo-2"})
"""Icons that point on or back, so that they turn with the direction of the page; `.chev` turns in the style sheet."""


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """One icon of the sprite, hidden from screen readers; the word stands beside it."""
    if name in _TURNS and get_language_bidi():
        classes = f"{classes} mirror".lstrip()
    return _drawn(name, classes)


register.tag("icon", folded(register.tags["icon"]))


@lru_cache(maxsize=512)
def _drawn(name: str, classes: str) -> SafeString:
    return format_html(
        '<svg class="i{}" aria-hidden="true"><use href="{}#i-{}"></use></svg>',
        f" {classes}" if classes else "",
        static("icons.svg"),
        name,
    )


@register.simple_tag
def one_time() -> SafeString:
    """The number of this form, for what `ui.once.take_once` guards."""
    return format_html('<input type="hidden" name="{}" value="{}">', once.FIELD, new_id())


@register.simple_tag
def language_words(sent: str, detected: str) -> str:
    """The language of an item in words: `German`, or `detected: German`; empty where it is not known."""
    return "" if language_of(sent, detected) == UNKNOWN else words_of(sent, detected)


@register.simple_tag
def language_code(sent: str, detected: str) -> str:
    """What `lang` says of an item's text: the tag as sent, else what was detected; `und` where it is not known."""
    return sent if base_of(sent) != UNKNOWN else base_of(detected)


@register.filter
def as_json(value: object) -> str:
    """A value for a script, in an attribute: no page holds a script of its own."""
    return json.dumps(value, ensure_ascii=False)


@register.filter
def span(moment: datetime | None) -> str:
    """How far `moment` is from now, in the two largest units that matter: `41 min`, `1 h 10 min`, `3 d`."""
    return duration(abs((timezone.now() - moment).total_seconds())) if moment else "–"


@register.filter
def duration(seconds: float) -> str:
    """Seconds in words: `12 s`, `41 min`, `1 h 10 min`, `3 d`."""
    whole = int(seconds)
    if whole < 60:
        return _("%(seconds)d s") % {"seconds": whole}
    minutes = whole // 60
    if minutes < 60:
        return _("%(minutes)d min") % {"minutes": minutes}
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        words = _("%(hours)d h %(minutes)s min") if minutes else _("%(hours)d h")
        return words % {"hours": hours, "minutes": f"{minutes:02d}"}
    return _("%(days)d d") % {"days": hours // 24}


@register.filter
def is_past(moment: datetime | None) -> bool:
    """Whether `moment` lies behind us."""
    return moment is not None and moment < timezone.now()
