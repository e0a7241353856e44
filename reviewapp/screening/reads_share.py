"""A share with its interval, for the rooms above that may not ask inference themselves."""

from dataclasses import dataclass

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
            return "not yet measured"
        rate = self.hits / self.n
        places = 1 if self.n > 1_000 or rate < 0.05 else 0
        low, high = (f"{100 * each:.{places}f}" for each in (self.low, self.high))
        return f"{100 * rate:.{places}f} % ({low}–{high}, n {self.n:,})"


def share(hits: int, n: int) -> Share:
    """The share of `hits` in `n`. Clopper & Pearson, Biometrika 1934."""
    return Share(hits, n, *clopper_pearson(hits, n))
