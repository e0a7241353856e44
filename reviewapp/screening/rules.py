"""Where a scored item goes, which policies judge it, and what becomes of a failed judgement. Pure."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from reviewapp.screening.reasons import reason_words
from reviewapp.ui.languages import language_of
from reviewapp.ui.states import State
from reviewapp.ui.words import Words


class Route(StrEnum):
    """Where the prefilter sends an item."""

    PASS = "pass"  # noqa: S105
    REASON = "reason"
    PEOPLE = "people"


class RunKind(StrEnum):
    """Why something is judged."""

    LIVE = "live"
    SECOND_LOOK = "second_look"
    GATE = "gate"
    BACKTEST = "backtest"
    TRY_IT = "try_it"
    EVALUATE = "evaluate"
    CANARY = "canary"


class JudgementState(StrEnum):
    """Where one judgement stands."""

    PENDING = "pending"
    LEASED = "leased"
    DONE = "done"
    FAILED = "failed"


JUDGEMENT_STATES: Final[dict[str, State]] = {
    "pending": State(_("Waiting"), "reasoner", _("is claimed by the pump"), ("leased", "failed")),
    "leased": State(
        _("Being judged"),
        "reasoner",
        _("ends, or goes back when its lease lapses"),
        ("pending", "done", "failed"),
    ),
    "done": State(_("Judged"), "moderator", _("its verdict is shown to a person")),
    "failed": State(_("No verdict"), "moderator", _("the item goes to people with the reason")),
}


OPEN_FOR_VERDICTS: Final = frozenset({"awaiting_verdict", "awaiting_review"})
"""States of an item in which a verdict still counts for somebody."""

PRACTICE_NOTICE: Final = _("Practice reasoner: compares with the policy's examples; not a language model")
CONFIDENCE_WORDS: Final[dict[str, Words]] = {
    "low": pgettext_lazy("confidence", "low"),
    "medium": pgettext_lazy("confidence", "medium"),
    "high": pgettext_lazy("confidence", "high"),
}
"""How sure the reasoner says it is, in the middle of a line."""
ROUTE_WORDS: Final[dict[str, Words]] = {
    "pass": pgettext_lazy("route", "pass"),
    "reason": pgettext_lazy("route", "reason"),
    "people": pgettext_lazy("route", "people"),
}
MEASURED_LANGUAGES: Final = frozenset({"en", "und"})
"""Languages for which the shipped prefilter has a measured recall bound; `und` is what an item without one gets."""
_LETTER: Final = re.compile(r"[^\W\d_]")
_LATIN: Final = re.compile(r"[A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]")


class Why(StrEnum):
    """Why an item went where it went."""

    OVER_THRESHOLD = "over_threshold"
    FLAGGED = "flagged_by_people"
    ATTACHMENTS = "attachments"
    LANGUAGE = "language_not_measured"
    UNSURE_LANGUAGE = "language_not_sure"
    HEADLESS_POLICY = "policy_without_head"
    EVERYTHING = "everything_sent_on"
    SAMPLE = "sample"
    BELOW_THRESHOLD = "below_threshold"
    NOTHING_TO_READ = "nothing_to_read"
    NO_POLICY = "no_policy_applies"
    NOT_SCORED = "not_scored"


WHY_WORDS: Final[dict[Why, Words]] = {
    Why.OVER_THRESHOLD: _("the prefilter found it risky"),
    Why.FLAGGED: _("people flagged it"),
    Why.ATTACHMENTS: _("it has attachments that no machine reads"),
    Why.LANGUAGE: _("the prefilter is not measured for its language"),
    Why.UNSURE_LANGUAGE: _("it may be in a language that the prefilter is not measured for"),
    Why.HEADLESS_POLICY: _("a policy that the prefilter cannot score applies to it"),
    Why.EVERYTHING: _("everything is sent on"),
    Why.SAMPLE: _("it is in the random sample of what would have passed"),
    Why.BELOW_THRESHOLD: _("the prefilter found it ordinary"),
    Why.NOTHING_TO_READ: _("it has no text that a machine could read"),
    Why.NO_POLICY: _("no published policy applies to it"),
    Why.NOT_SCORED: _("the prefilter did not score it in time"),
}

_BEST_SCORING: Final = frozenset(
    {Why.FLAGGED, Why.ATTACHMENTS, Why.UNSURE_LANGUAGE, Why.EVERYTHING, Why.SAMPLE}
)
"""With none over the threshold, the best-scoring policy judges these; heads say nothing in an unmeasured language."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an item before it is judged. `flags` are (by a person?, reason) pairs.

    `language` is as sent. A `detected` one keeps an item from being passed, never a policy from judging it; so does the one
    that an item without either is `leaning` to, and a text that is not `latin`, whatever language its sender named.
    """

    source: str
    source_policies: frozenset[str] = frozenset()
    policies: frozenset[str] = frozenset()
    flags: tuple[tuple[bool, str], ...] = ()
    attachments: int = 0
    language: str = "und"
    detected: str = "und"
    leaning: str = "und"
    latin: bool = True
    country: str = ""
    has_text: bool = True

    @property
    def reported(self) -> bool:
        """Whether a person, not only a machine, flagged it."""
        return any(by_person for by_person, _ in self.flags)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One published policy as far as choosing needs it. Empty `sources`, `countries` or `languages`: everywhere."""

    version: UUID
    slug: str
    family: str | None
    sources: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Way:
    """Where an item goes, why, and the versions that judge it (none unless the route is `reason`)."""

    route: Route
    why: Why
    versions: tuple[UUID, ...] = ()


def way(
    *,
    facts: Facts,
    heads: Mapping[str, float],
    over: Collection[str],
    published: Sequence[Candidate],
    everything: bool,
    sample_share: float,
    draw: float,
) -> Way:
    """Route one scored item and choose what judges it (design, section 2, steps 2 and 3).

    `heads`: family to probability; `over`: families over the threshold; `draw`: a random number in [0, 1).
    An item for which nothing applies goes to people with the reason: what no machine has judged, none closes.
    """
    route_, why = route(
        facts=facts, risky=bool(over), headless=bool(_headless(facts, _candidates(facts, published))),
        everything=everything, sample_share=sample_share, draw=draw,
    )  # fmt: skip
    if route_ is not Route.REASON:
        return Way(route_, why)
    versions = policies_for(
        facts=facts, heads=heads, over=over, published=published, best=why in _BEST_SCORING
    )
    if versions:
        return Way(route_, why, versions)
    return Way(Route.PEOPLE, Why.NO_POLICY if why in {Why.OVER_THRESHOLD, Why.FLAGGED} else why)


def route(
    *, facts: Facts, risky: bool, headless: bool, everything: bool, sample_share: float, draw: float
) -> tuple[Route, Why]:
    """Where one scored item goes, and why. The first row that holds decides; only the last one passes anything.

    `risky`: some family is over the threshold; `headless`: a policy without a trained head asks to judge it, so
    that no recall bound speaks for passing it; `draw` in [0, 1) puts a share of what would pass into the sample.
    """
    rows: tuple[tuple[bool, Route, Why], ...] = (
        (not facts.has_text, Route.PEOPLE, Why.NOTHING_TO_READ),
        (risky, Route.REASON, Why.OVER_THRESHOLD),
        (facts.reported, Route.REASON, Why.FLAGGED),
        (facts.attachments > 0, Route.REASON, Why.ATTACHMENTS),
        (_is_unmeasured(facts), Route.REASON, Why.LANGUAGE),
        (facts.leaning not in MEASURED_LANGUAGES, Route.REASON, Why.UNSURE_LANGUAGE),
        (headless, Route.REASON, Why.HEADLESS_POLICY),
        (everything, Route.REASON, Why.EVERYTHING),
        (draw < sample_share, Route.REASON, Why.SAMPLE),
    )
    for holds, to, why in rows:
        if holds:
            return to, why
    return Route.PASS, Why.BELOW_THRESHOLD


def is_latin(text: str) -> bool:
    """Whether most letters of `text` are Latin; so is a text without any."""
    return text.isascii() or 2 * len(_LATIN.findall(text)) >= len(_LETTER.findall(text))


def _is_unmeasured(facts: Facts) -> bool:
    return not facts.latin or language_of(facts.language, facts.detected) not in MEASURED_LANGUAGES


def policies_for(
    *,
    facts: Facts,
    heads: Mapping[str, float],
    over: Collection[str],
    published: Sequence[Candidate],
    best: bool,
) -> tuple[UUID, ...]:
    """The versions that judge an item, in the order of their slugs.

    Of the candidates: those whose family is over the threshold, those named by the item or by a flag, and those
    without a trained head that may look. `best`: with none of these, the one with the highest head probability.
    """
    candidates = _candidates(facts, published)
    named = facts.policies | {reason for _, reason in facts.flags}
    chosen = {each for each in candidates if each.family in over or each.slug in named}
    chosen |= set(_headless(facts, candidates))
    if not chosen and best:
        scored = [each for each in candidates if each.family in heads]
        chosen = set(sorted(scored, key=lambda each: (-heads[str(each.family)], each.slug))[:1])
    return tuple(each.version for each in sorted(chosen, key=lambda each: each.slug))


def applying(facts: Facts, published: Sequence[Candidate]) -> tuple[UUID, ...]:
    """Every version that may judge an item, whatever its risk, in the order of their slugs."""
    return tuple(each.version for each in sorted(_candidates(facts, published), key=lambda each: each.slug))


def _candidates(facts: Facts, published: Sequence[Candidate]) -> list[Candidate]:
    """The item's policies, else its source's, else all published; of these the ones that apply where it was posted."""
    listed = facts.policies or facts.source_policies
    return [
        each
        for each in published
        if (not listed or each.slug in listed)
        and (not each.sources or facts.source in each.sources)
        and (not each.countries or not facts.country or facts.country in each.countries)
        and _speaks(each.languages, facts.language)
    ]


def _speaks(languages: frozenset[str], language: str) -> bool:
    """Whether a policy for these languages applies; an item of unknown language is never left unjudged for it."""
    return (
        not languages or language == "und" or not languages.isdisjoint({language, language.partition("-")[0]})
    )


def _headless(facts: Facts, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Policies without a trained head: only for items that name them, whose source lists them, or that carry a flag."""
    return [
        each
        for each in candidates
        if each.family is None
        and (each.slug in facts.policies or each.slug in facts.source_policies or bool(facts.flags))
    ]


def priority(*, flag_kinds: Collection[str], why: Why) -> int:
    """The place of a judgement in the line: lower is sooner."""
    if not {"authority_order", "legal_notice", "trusted_flagger"}.isdisjoint(flag_kinds):
        return 10
    if "user_report" in flag_kinds:
        return 50
    return 150 if why is Why.SAMPLE else 100


class Then(StrEnum):
    """What becomes of a judgement whose call gave no verdict."""

    RELEASE = "release"
    RETRY = "retry"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Aftermath:
    """`counter`: the column that grows by one, or none; `delay`: seconds until the next try; `trips`: opens the circuit."""

    then: Then
    counter: str = ""
    delay: float = 0.0
    trips: bool = False


MOST_TRANSIENTS: Final = 5
MOST_TIMEOUTS: Final = 2
MOST_INVALIDS: Final = 2
MOST_CRASHES: Final = 3
SUSPECTS_AT_ONCE: Final = (32, 1)
"""How many may be in one pump's hands that were in one or two crashes: whoever causes them is alone at last, and of a window
of 256 a poisoned one leaves at most 31 others to be judged alone."""
BUSY_SECONDS: Final = 1.0


def after_failure(kind: str, *, transients: int, timeouts: int, invalids: int) -> Aftermath:
    """The failure table of the pump: `kind` is one of inference's FailureKind, the counts are those before this one.

    The delay of a transient fault doubles: 2, 4, 8, 16 s; the caller adds jitter. Raises KeyError for another kind.
    """
    return {
        "transient": _counted("transients", transients, MOST_TRANSIENTS, 2.0 ** (transients + 1)),
        "timeout": _counted("timeouts", timeouts, MOST_TIMEOUTS, 0.0),
        "invalid": _counted("invalids", invalids, MOST_INVALIDS, 0.0),
        "cut_off": _counted("invalids", invalids, MOST_INVALIDS, 0.0),
        "busy": Aftermath(Then.RELEASE, delay=BUSY_SECONDS),
        "refused": Aftermath(Then.FAIL),
        "too_long": Aftermath(Then.FAIL),
        "unauthorised": Aftermath(Then.RELEASE, delay=BUSY_SECONDS, trips=True),
        "wrong_model": Aftermath(Then.RELEASE, delay=BUSY_SECONDS, trips=True),
    }[kind]


def room_for_suspects(held: Collection[int]) -> list[int]:
    """How many more that were in one or two crashes may be taken beside suspects with the counts `held`."""
    worst = max(held, default=1)
    return [
        max(SUSPECTS_AT_ONCE[max(crashes, worst) - 1] - len(held), 0) for crashes in range(1, MOST_CRASHES)
    ]


def _counted(counter: str, before: int, most: int, delay: float) -> Aftermath:
    return Aftermath(Then.FAIL, counter) if before + 1 >= most else Aftermath(Then.RETRY, counter, delay)


FAILURE_WORDS: Final[dict[str, Words]] = {
    "transient": _("the reasoner could not be reached"),
    "timeout": _("the reasoner did not answer in time"),
    "invalid": _("the reasoner's answer could not be read"),
    "cut_off": _("the reasoner's answer was cut off"),
    "refused": _("the reasoner refused the request"),
    "too_long": _("policy and item are too long for the reasoner"),
    "crash": _("judging it ended in a crash three times"),
    "withdrawn": _("the item was taken out of judging"),
    "rewritten": _("the draft was changed after it was asked"),
    "pending": _("verdict still pending"),
}
"""Why there is no verdict, in words for the review screen."""
NO_VERDICT: Final = _("no verdict")
"""What is said where nothing more is known."""


def failure_words(kind: str, reason: str) -> str:
    """Why there is no verdict, for the review screen. What does not fit is told with its figures: a person can act on them."""
    if kind == "too_long" and reason:
        words = reason_words(reason)
        return f"{words[0].lower()}{words[1:]}".removesuffix(".")
    return str(FAILURE_WORDS.get(kind, NO_VERDICT))


KEPT_UNREAD: Final = frozenset({"invalid", "cut_off", "wrong_model", "refused"})
"""Failures of the answer itself: what was sent is kept, so that people can see what is wrong with it."""

FAILURES_THAT_OPEN: Final = 20
FAILURE_WINDOW_SECONDS: Final = 10.0


def probe_delay(probes: int) -> float:
    """Seconds until the next look at an endpoint whose circuit is open: 2, 4, then 8, so that it is back within 8."""
    return min(2.0 * 2.0 ** min(probes, 10), 8.0)


def rank_verdict(label: str, severity: int, confidence: str) -> tuple[int, int, int]:
    """Sort key that puts the lead verdict first: violating, then highest severity of its sections, then confidence."""
    labels = {"violates": 0, "unsure": 1, "allowed": 2}
    return labels[label], -severity, -{"low": 0, "medium": 1, "high": 2}[confidence]
