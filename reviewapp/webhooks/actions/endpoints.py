"""Endpoints: who is told, of what, signed with which secret."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from reviewapp import doorbell
from reviewapp.audit.actions import Actor, record
from reviewapp.ids import new_id
from reviewapp.ui.errors import Missing, ProductError, Stale
from reviewapp.webhooks.models import Delivery, Endpoint
from reviewapp.webhooks.rules import (
    OLD_SECRET_LIVES,
    SECRET_MARK,
    TEST_EVENT,
    Announced,
    DeliveryState,
    problem_of_url,
)

MOST_NAME = 100


class WasRemoved(Stale):
    """An endpoint that was removed changes no more."""


class BadEndpoint(ProductError):
    """An endpoint that cannot be saved, and why."""

    status = 422


@dataclass(frozen=True, slots=True)
class Issued:
    """An endpoint and its secret, which no page shows again."""

    endpoint: UUID
    secret: str


@transaction.atomic
def add_endpoint(*, name: str, url: str, events: Sequence[str], actor: Actor) -> Issued:
    """Tell `url` of `events` (none: of all) from now on. Raises BadEndpoint."""
    name, url, wanted = _checked(name, url, events)
    secret = _new_secret()
    made = Endpoint.objects.create(name=name, url=url, events=wanted, secret=secret)
    record(verb="webhook.added", actor=actor, subjects=[made.pk], data={"events": wanted})
    return Issued(made.pk, secret)


@transaction.atomic
def change_endpoint(*, endpoint: UUID, name: str, url: str, events: Sequence[str], actor: Actor) -> None:
    """Give an endpoint another name, address or list of events. Raises BadEndpoint, Missing, WasRemoved."""
    kept = locked(endpoint)
    kept.name, kept.url, kept.events = _checked(name, url, events)
    kept.save(update_fields=["name", "url", "events"])
    record(verb="webhook.changed", actor=actor, subjects=[endpoint], data={"events": kept.events})


@transaction.atomic
def turn_secret(*, endpoint: UUID, actor: Actor) -> Issued:
    """Sign with a new secret; with the old one too for OLD_SECRET_LIVES, so that no delivery fails. Raises Missing,
    WasRemoved."""
    kept = locked(endpoint)
    kept.previous_secret, kept.secret = kept.secret, _new_secret()
    kept.previous_until = Now() + OLD_SECRET_LIVES
    kept.save(update_fields=["secret", "previous_secret", "previous_until"])
    record(verb="webhook.secret_turned", actor=actor, subjects=[endpoint])
    return Issued(endpoint, kept.secret)


@transaction.atomic
def pause_endpoint(*, endpoint: UUID, why: str, actor: Actor) -> None:
    """Send nothing until somebody resumes it; what waits is kept. A paused one stays paused. Raises Missing, WasRemoved."""
    kept = locked(endpoint)
    if kept.active:
        kept.active, kept.stopped_why = False, " ".join(why.split())[:MOST_NAME] or gettext_noop("paused")
        kept.save(update_fields=["active", "stopped_why"])
        record(verb="webhook.paused", actor=actor, subjects=[endpoint])


@transaction.atomic
def resume_endpoint(*, endpoint: UUID, actor: Actor) -> None:
    """Send again, what waited first. Raises Missing, WasRemoved."""
    kept = locked(endpoint)
    if not kept.active:
        kept.active, kept.stopped_why = True, ""
        kept.failures, kept.failing_since, kept.retry_at = 0, None, None
        kept.save(update_fields=["active", "stopped_why", "failures", "failing_since", "retry_at"])
        record(verb="webhook.resumed", actor=actor, subjects=[endpoint])
        doorbell.ring("deliver")


@transaction.atomic
def remove_endpoint(*, endpoint: UUID, actor: Actor) -> None:
    """Announce nothing to it any more and send nothing of what waits; its log stays. Raises Missing, WasRemoved."""
    kept = locked(endpoint)
    kept.active, kept.stopped_why, kept.removed_at = False, gettext_noop("removed"), Now()
    kept.previous_secret, kept.previous_until = "", None
    kept.save(update_fields=["active", "stopped_why", "removed_at", "previous_secret", "previous_until"])
    record(verb="webhook.removed", actor=actor, subjects=[endpoint])


@transaction.atomic
def restore_endpoint(*, endpoint: UUID, actor: Actor) -> None:
    """Undo a removal: announced to from now on, and paused until somebody resumes it. Raises Missing."""
    kept = _found(endpoint)
    if kept.removed_at is not None:
        kept.removed_at, kept.stopped_why = None, gettext_noop("paused")
        kept.save(update_fields=["removed_at", "stopped_why"])
        record(verb="webhook.restored", actor=actor, subjects=[endpoint])


@transaction.atomic
def send_test(*, endpoint: UUID, actor: Actor) -> UUID:
    """Send one `webhook.test` to this endpoint now; gives the delivery. Raises Missing, WasRemoved."""
    kept = locked(endpoint)
    test = Delivery.objects.create(
        announcement=new_id(), endpoint=kept, event=TEST_EVENT, item=endpoint,
        state=DeliveryState.WAITING.value, release_at=Now(),
    )  # fmt: skip
    record(verb="webhook.tested", actor=actor, subjects=[endpoint], data={"delivery": str(test.pk)})
    doorbell.ring("deliver")
    return test.pk


def _checked(name: str, url: str, events: Sequence[str]) -> tuple[str, str, list[str]]:
    name, url = " ".join(name.split()), url.strip()
    if not name or len(name) > MOST_NAME:
        raise BadEndpoint(
            _("Name the endpoint in 1 to %(most)d characters, such as: Marketplace actions.")
            % {"most": MOST_NAME}
        )
    problem = problem_of_url(url, settings.WEBHOOK_HOSTS)
    if problem:
        raise BadEndpoint(problem)
    unknown = sorted(set(events) - set(Announced))
    if unknown:
        raise BadEndpoint(
            _("There is no event %(events)s. Choose from the list.") % {"events": ", ".join(unknown)}
        )
    wanted = [event.value for event in Announced if event in events]
    return name, url, wanted


def locked(endpoint: UUID) -> Endpoint:
    """The endpoint, locked until the transaction ends. Raises Missing, WasRemoved."""
    kept = _found(endpoint)
    if kept.removed_at is not None:
        raise WasRemoved(_("This endpoint was removed. Put it back before you change or test it."))
    return kept


def _found(endpoint: UUID) -> Endpoint:
    found = Endpoint.objects.select_for_update().filter(pk=endpoint).first()
    if found is None:
        raise Missing(_("There is no such endpoint. Look at the list of webhooks."))
    return found


def _new_secret() -> str:
    return SECRET_MARK + base64.b64encode(secrets.token_bytes(32)).decode()
