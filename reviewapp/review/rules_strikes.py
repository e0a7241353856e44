"""What a violation counts for its author, for how long, and what the count recommends. Pure."""

from collections.abc import Iterable
from typing import Final

from django.utils.translation import gettext as _

LASTS_DAYS: Final = {1: 30, 2: 90, 3: 180, 4: 365}
POINTS: Final = {1: 1, 2: 1, 3: 2, 4: 3}
LIMIT_AT: Final = 3
SUSPEND_AT: Final = 5


def points(severities: Iterable[int]) -> int:
    """The sum over strikes that count: 1 for severity 1 and 2, 2 for 3, 3 for 4."""
    return sum(POINTS.get(severity, 1) for severity in severities)


def recommended(counted: int) -> str:
    """What `counted` points recommend, in words; a recommendation acts on nobody."""
    if counted >= SUSPEND_AT:
        return _("Suspend the author; a second person confirms")
    if counted >= LIMIT_AT:
        return _("Limit the author for 7 days")
    return _("Nothing beyond the item itself")
