"""What is wrong with a list of routing rules: rules that can take nothing, and rules that no item ever reaches. Pure."""

import re
from collections.abc import Collection, Sequence
from typing import Final

from django.utils.translation import gettext as _

from reviewapp.intake.rules import FlagKind
from reviewapp.review.rules import NO_LABEL, Facts, Label, Route, misses
from reviewapp.ui.languages import base_of

CONFIDENCES: Final = ("low", "medium", "high")
LABELS: Final = (*(each.value for each in Label), "unsure", NO_LABEL)
_COUNTRY: Final = re.compile(r"[A-Z]{2}\Z")


def firing(routes: Sequence[Route], facts: Facts) -> int | None:
    """The place of the first rule whose conditions all hold."""
    return next((place for place, each in enumerate(routes) if not misses(each, facts)), None)


def shadows(above: Route, below: Route) -> bool:
    """Whether `above` takes everything that `below` could, whatever the item."""
    lists = (
        (above.policies, below.policies), (above.sources, below.sources), (above.flag_kinds, below.flag_kinds),
        (_bases(above.languages), _bases(below.languages)), (above.countries, below.countries),
        (above.authors, below.authors), (above.confidences, below.confidences), (above.labels, below.labels),
    )  # fmt: skip
    wide = all(not wider or (narrower and narrower <= wider) for wider, narrower in lists)
    return wide and above.severity_from <= below.severity_from


def unknown_words(
    *, flag_kinds: Collection[str], labels: Collection[str], confidences: Collection[str], countries: Collection[str]
) -> str:  # fmt: skip
    """What in the closed lists of a rule is no word of theirs, as a sentence that names the words; empty for nothing."""
    kinds = [kind.value for kind in FlagKind]
    for words, named, known in (
        (_("There is no kind of flag called %(names)s. There are: %(known)s."), flag_kinds, kinds),
        (_("There is no label called %(names)s. There are: %(known)s."), labels, LABELS),
        (_("There is no confidence called %(names)s. There are: %(known)s."), confidences, CONFIDENCES),
    ):
        unknown = sorted(set(named) - set(known))
        if unknown:
            return words % {"names": ", ".join(unknown), "known": ", ".join(known)}
    wrong = [each for each in countries if not _COUNTRY.match(each)]
    if wrong:
        return _("%(names)s is no country. Write two letters, such as DE.") % {"names": ", ".join(wrong)}
    return ""


def impossible(
    rule: Route, *, policies: Collection[str], sources: Collection[str], flag_kinds: Collection[str]
) -> list[str]:
    """What in a rule no item can meet, as sentences; `policies`, `sources` and `flag_kinds` are those that there are."""
    named = (
        (_("There is no policy called %(names)s."), rule.policies, policies),
        (_("There is no source called %(names)s."), rule.sources, sources),
        (_("There is no kind of flag called %(names)s."), rule.flag_kinds, flag_kinds),
        (_("There is no label called %(names)s."), rule.labels, LABELS),
        (_("There is no confidence called %(names)s."), rule.confidences, CONFIDENCES),
    )  # fmt: skip
    wrong = [
        words % {"names": ", ".join(sorted(unknown))}
        for words, names, known in named
        if (unknown := names - frozenset(known))
    ]
    if rule.severity_from and rule.labels and Label.VIOLATES not in rule.labels:
        wrong.append(_("A severity needs a verdict of violates, which the labels leave out."))
    if rule.confidences and rule.labels == {NO_LABEL}:
        wrong.append(_("A confidence needs a verdict, which the labels leave out."))
    return wrong


def _bases(languages: frozenset[str]) -> frozenset[str]:
    return frozenset(map(base_of, languages))
