"""A share with its interval, and how it is written: the same in every room. Pure."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from inference.intervals import clopper_pearson


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `n` with the two-sided 95 % Clopper-Pearson interval."""

    hits: int
    n: int
    low: float
    high: float

    def __str__(self) -> str:
        """`91 % (87–93, n 412)`; one decimal when n > 1,000 or the share is under 5 %; “not yet measured” without any."""
        if not self.n:
            return _("not yet measured")
        return f"{self.percent} ({self.around})"

    @property
    def percent(self) -> str:
        """The share alone, as `91 %`; nothing shows it without its interval beside it."""
        return f"{100 * self.hits / self.n:.{self._places}f} %" if self.n else "–"

    @property
    def around(self) -> str:
        """The interval and the count alone, as `87–93, n 412`."""
        if not self.n:
            return "n 0"
        low, high = (f"{100 * each:.{self._places}f}" for each in (self.low, self.high))
        return f"{low}–{high}, n {self.n:,}"

    @property
    def _places(self) -> int:
        return 1 if self.n > 1_000 or self.hits / self.n < 0.05 else 0


def share(hits: int, n: int) -> Share:
    """The share of `hits` in `n`. Clopper & Pearson, Biometrika 1934."""
    return Share(hits, n, *clopper_pearson(hits, n))
