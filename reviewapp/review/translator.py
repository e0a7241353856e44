"""The one module that asks a translation engine: a local server, over the sender that webhooks use."""

import threading
from collections.abc import Sequence
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reviewapp.review.rules_translation import MOST_ANSWER, Translated, Unreadable, answer_of, question
from reviewapp.ui.errors import ProductError
from reviewapp.webhooks.wire import Sender

SECONDS: Final = 8.0
"""For a whole call; somebody waits in front of the screen."""
AT_ONCE: Final = 2
"""Calls of one process: an engine that hangs takes so many of its threads and no more."""
_HEADERS: Final = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "User-Agent": "review-translation",
}
_NEXT: Final = gettext_lazy(
    "Nothing was changed. Try again in a moment, or hand the item to somebody who reads it."
)
_places: Final = threading.BoundedSemaphore(AT_ONCE)


class TranslationOff(ProductError):
    """No engine is set."""

    status = 409
    code = "translation_off"


class NotTranslated(ProductError):
    """The engine gave no translation; the message says what it did instead, and what to do."""

    status = 503
    code = "not_translated"


OFF: Final = gettext_lazy(
    "No translation engine is set here. Whoever runs this can set TRANSLATION_URL; until then, hand the item to somebody who reads it."
)


def translate(texts: Sequence[str], *, source: str, target: str) -> Translated:
    """Each of `texts` in the language `target`; `source` is their language, or `und`. Raises TranslationOff, NotTranslated."""
    address = settings.TRANSLATION_URL
    if not address:
        raise TranslationOff(str(OFF))
    if not _places.acquire(blocking=False):
        raise NotTranslated(f"{_('The translation engine is busy with other items.')} {_NEXT}")
    try:
        answer = _sender(address).post(f"{address}/translate", _HEADERS, question(texts, source=source, target=target))  # fmt: skip
    finally:
        _places.release()
    if answer.status is None:
        told = _("The translation engine could not be asked: %(problem)s.") % {"problem": answer.problem}
        raise NotTranslated(f"{told} {_NEXT}")
    try:
        return answer_of(answer.status, answer.text, count=len(texts))
    except Unreadable as unreadable:
        raise NotTranslated(f"{unreadable} {_NEXT}") from unreadable


@cache
def _sender(address: str) -> Sender:
    """Connections to the operator's own engine and nowhere else: its host is the one that may be private."""
    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return Sender(
        {f"{parts.hostname}:{port}"}, connections=AT_ONCE, seconds=SECONDS, most=MOST_ANSWER, kept=MOST_ANSWER + 1
    )  # fmt: skip
