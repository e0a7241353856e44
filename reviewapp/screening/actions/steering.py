"""What an admin does to the reasoner: pause, drain and resume an endpoint; the price, second looks and the canary's limit."""

from dataclasses import asdict, dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from reviewapp import doorbell
from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import Actor, record
from reviewapp.screening.actions.circuits import end_pause
from reviewapp.screening.models import Circuit, ScreeningSettings
from reviewapp.ui.errors import Missing, ProductError, Stale

LONGEST_REASON = 200
LONGEST_MINUTES = 7 * 24 * 60


class BadSetting(ProductError):
    """A field makes no sense; the message says which and what it may be."""

    status = 422


@dataclass(frozen=True, slots=True)
class ReasonerSettings:
    """What an admin sets on the engine page; shares from 0 to 1. `second_look_severity` 5: none is grave enough."""

    engine_hour_price: float = 0.0
    second_look_on: bool = True
    second_look_severity: int = 4
    second_look_doubtful: bool = True
    second_look_times: int = 3
    escalate_on: bool = True
    canary_share: float = 0.1


@transaction.atomic
def pause_engine(*, endpoint: int, reason: str, drop: bool, minutes: int | None, person: Person) -> None:
    """Claim nothing more for an endpoint; `drop` gives back what is in flight too, uncounted, else it is finished.

    `minutes` (up to a week) end the pause by themselves. Waiting judgements stay. Raises Forbidden, Missing, BadSetting
    without a reason, Stale when it is paused already.
    """
    check_may(person, "engine.manage")
    said = " ".join(reason.split())
    if not said or len(said) > LONGEST_REASON:
        raise BadSetting(
            _("Say why in up to %(longest_reason)s letters: others will read it.")
            % {"longest_reason": LONGEST_REASON}
        )
    if minutes is not None and not 1 <= minutes <= LONGEST_MINUTES:
        raise BadSetting(_("A pause lasts from a minute to a week, or until it is resumed."))
    row = _circuit(endpoint)
    if row.paused:
        raise Stale(_("Somebody paused this engine a moment ago. Load the page again."))
    until = Now() + timedelta(minutes=minutes) if minutes else None
    Circuit.objects.filter(pk=endpoint).update(
        paused=True, dropping=drop, paused_reason=said, paused_until=until, paused_at=Now(), paused_by=person
    )
    record(
        verb="engine.paused", actor=Actor.person(person.pk), subjects=[],
        data={"endpoint": endpoint, "drop": drop, "minutes": minutes},
    )  # fmt: skip


@transaction.atomic
def resume_engine(*, endpoint: int, person: Person) -> None:
    """Let a paused endpoint go on. Raises Forbidden, Missing, Stale when it is not paused."""
    check_may(person, "engine.manage")
    if not _circuit(endpoint).paused:
        raise Stale(_("This engine is not paused any more. Load the page again."))
    end_pause(endpoint=endpoint, actor=Actor.person(person.pk))
    doorbell.ring("reason", endpoint)


@transaction.atomic
def set_reasoner(*, wanted: ReasonerSettings, person: Person) -> None:
    """Keep the settings of the engine page; each that changes is an event. Raises Forbidden, BadSetting."""
    check_may(person, "engine.manage")
    _check(wanted)
    ScreeningSettings.objects.get_or_create(pk=True)
    current = ScreeningSettings.objects.select_for_update().get(pk=True)
    values = asdict(wanted)
    for field, after in values.items():
        before = getattr(current, field)
        if before != after:
            record(
                verb="engine.set", actor=Actor.person(person.pk), subjects=[],
                data={"field": field, "before": str(before), "after": str(after)},
            )  # fmt: skip
    ScreeningSettings.objects.filter(pk=True).update(**values, changed_at=Now())


def _check(wanted: ReasonerSettings) -> None:
    if not 0 <= wanted.engine_hour_price <= 1_000_000:
        raise BadSetting(
            _("The price of an engine-hour is a number, such as 2.5, and 0 if you do not want to see costs.")
        )
    if not 1 <= wanted.second_look_severity <= 5:
        raise BadSetting(_("Choose from which severity on a verdict gets a second look."))
    if not 2 <= wanted.second_look_times <= 5:
        raise BadSetting(_("An item can be judged 2 to 5 times in all."))
    if not 0 <= wanted.canary_share <= 1:
        raise BadSetting(_("The share of changed answers is a number from 0 to 100 per cent."))


def _circuit(endpoint: int) -> Circuit:
    if endpoint >= len(settings.REASONER_URLS):
        raise Missing(_("REASONER_URL has no engine at this place. Look at the engine page."))
    Circuit.objects.get_or_create(pk=endpoint, defaults={"address": settings.REASONER_URLS[endpoint]})
    return Circuit.objects.select_for_update().get(pk=endpoint)
