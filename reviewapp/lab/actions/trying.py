"""Trying a text: a draft's verdict beside the published one's. The request only asks; a fragment looks for the answer."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from reviewapp.accounts.access import check_may
from reviewapp.accounts.models import Person
from reviewapp.audit.actions import SWEEPER
from reviewapp.intake import reads as intake_reads
from reviewapp.lab.actions.studies import published_beside, version_to_judge
from reviewapp.lab.models import Study
from reviewapp.lab.rules import MOST_TEXT, OPEN_STATES, StudyKind
from reviewapp.screening.actions import runs
from reviewapp.screening.models import Judgement, Run
from reviewapp.screening.rules import RunKind
from reviewapp.ui.errors import Missing, ProductError

RUNS_AT_ONCE: Final = 500


class NothingToTry(ProductError):
    """There is no text and no item; the message says what to give."""

    status = 422
    code = "nothing_to_try"


@transaction.atomic
def start_try(*, version: UUID, text: str, item: str, person: Person) -> UUID:
    """Ask a draft, and the published version beside it, about a text or an item; returns the run to look at.

    `item` is an id of ours or of the source. Raises NothingToTry, Missing (also for restricted items), BadRun while the
    draft cannot be read, Forbidden.
    """
    check_may(person, "lab.run")
    draft = version_to_judge(version)
    picked = _picked(item.strip()) if item.strip() else None
    if picked is None and not text.strip():
        raise NothingToTry(_("Paste a text, or give the id of an item."))
    if len(text) > MOST_TEXT or "\x00" in text:
        raise NothingToTry(
            _("The text is longer than %(most_text)s characters or holds a NUL character. Shorten it.")
            % {"most_text": f"{MOST_TEXT:,}"}
        )
    against = published_beside(draft)
    run = runs.start_run(kind=RunKind.TRY_IT, person=person, title=f"Try {draft.policy.slug} v{draft.number}")
    for asked in [draft, against] if against else [draft]:
        subject = {"items": [picked]} if picked else {"texts": [text]}
        told = runs.ask(run=run, version=asked.pk, now=True, **subject)
        if told.left_out:
            raise Missing(_("This item may not be judged: it is restricted or erased. Paste another text."))
    runs.finish_asking(run=run)
    return run


def forget_tries() -> int:
    """For the sweeper: remove the texts of tries older than TRIES_KEPT_DAYS, and the run's copies of evaluations that ended.

    The rows of an evaluation keep theirs until somebody erases them. Returns how many texts went.
    """
    old = Now() - timedelta(days=settings.TRIES_KEPT_DAYS)
    over = Study.objects.filter(kind=StudyKind.EVALUATE).exclude(state__in=OPEN_STATES).values("run")
    wanted = Q(kind=RunKind.TRY_IT, started_at__lt=old) | Q(kind=RunKind.EVALUATE, pk__in=over)
    kept = Judgement.objects.filter(run=OuterRef("pk"), text__gt="", state__in=["done", "failed"])
    found = Run.objects.filter(wanted, Exists(kept)).order_by("started_at").values_list("pk", flat=True)
    keys = list(found[:RUNS_AT_ONCE])
    return runs.forget_texts(runs=keys, actor=SWEEPER) if keys else 0


def _picked(typed: str) -> UUID:
    item = intake_reads.named(typed)
    if item is None:
        raise Missing(
            _("There is no item with this id that you may see. Copy the id from its page, or paste the text.")
        )
    return item
