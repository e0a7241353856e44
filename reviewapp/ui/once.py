"""Forms that make something whose secret is shown once: sent again by a reload, they make nothing more."""

from typing import Final

from django.http import HttpRequest
from django.utils.translation import gettext as _

from reviewapp.ui.errors import Stale

FIELD: Final = "once"
_KEPT: Final = 50


class SentAgain(Stale):
    """The form was taken before; nothing was made this time."""


def take_once(request: HttpRequest) -> None:
    """Take the form of this request, unless this session sent the very same one before. Raises SentAgain.

    The session keeps the number of the form and never what came of it, so that a secret stays nowhere.
    """
    number = request.POST.get(FIELD, "")[:40]
    taken = request.session.get(FIELD, [])
    if number in taken:
        raise SentAgain(
            _(
                "This form was sent before, and its secret was shown then; nothing was made again. "
                "If nobody copied the secret, end that one and make another."
            )
        )
    if number:
        request.session[FIELD] = [*taken, number][-_KEPT:]
