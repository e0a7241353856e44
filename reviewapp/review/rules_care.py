"""How heavy a shift was: points for what somebody decided, and from when only lighter items come; how one is greeted. Pure."""

from collections.abc import Iterable
from typing import Final

from django.utils.translation import gettext as _

SHIFT_HOURS: Final = 10
HEAVY_FROM: Final = 3
"""Items whose lead verdict has this severity or more are not served to who reached their limit."""
LIGHT_REACH: Final = 512
"""So far into a queue a light item is looked for, so that a queue of heavy ones costs the same at any length."""
POINTS: Final = {0: 0, 1: 1, 2: 1, 3: 3, 4: 6}


def points(severities: Iterable[int]) -> int:
    """The exposure of decisions on items of these severities."""
    return sum(POINTS.get(each, 6) for each in severities)


def is_spent(reached: int, cap: int) -> bool:
    """Whether somebody with a limit of `cap` points (0: none) has reached it."""
    return bool(cap) and reached >= cap


def greeting(hour: int) -> str:
    """What is said at this hour, 0 to 23, of somebody's own day; `%(name)s` stands for them."""
    if 5 <= hour < 12:
        return _("Good morning, %(name)s.")
    if 12 <= hour < 18:
        return _("Good afternoon, %(name)s.")
    return _("Good evening, %(name)s.")
