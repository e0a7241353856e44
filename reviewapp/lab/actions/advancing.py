"""Moves every running study one step on. The sweeper calls it: all state is in Postgres, so a killed one loses nothing."""

import logging
from collections.abc import Callable
from typing import Final
from uuid import UUID

from django.db import transaction

from reviewapp.lab.actions.backtesting import advance_backtest
from reviewapp.lab.actions.gating import advance_gate
from reviewapp.lab.actions.studies import fail_study
from reviewapp.lab.actions.uploading import advance_evaluation
from reviewapp.lab.models import Study
from reviewapp.lab.rules import StudyKind
from reviewapp.policies import actions as policies
from reviewapp.policies import reads_gate
from reviewapp.screening.models import Circuit
from reviewapp.ui.errors import ProductError

log = logging.getLogger(__name__)

AT_ONCE: Final = 20
_STEPS: Final[dict[str, Callable[[Study], None]]] = {
    StudyKind.GATE.value: advance_gate,
    StudyKind.BACKTEST.value: advance_backtest,
    StudyKind.EVALUATE.value: advance_evaluation,
}


def advance_studies() -> int:
    """Take one step of each of the oldest running studies, each in its own transaction; returns how many moved."""
    running = Study.objects.filter(state="running", run__isnull=False).order_by("started_at")
    return sum(_advance(key) for key in list(running.values_list("pk", flat=True)[:AT_ONCE]))


def tell_engine() -> None:
    """Hand the identity of the first endpoint's engine down, so that gates of any other become stale."""
    first = Circuit.objects.filter(engine__isnull=False).order_by("endpoint")
    signature = first.values_list("engine__signature", flat=True).first()
    if signature and signature != reads_gate.engine_in_force():
        policies.note_engine(engine=signature)


@transaction.atomic
def _advance(key: UUID) -> bool:
    row = (
        Study.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("version", "against")
        .filter(pk=key, state="running")
        .first()
    )
    if row is None:
        return False
    try:
        with transaction.atomic():
            _STEPS[row.kind](row)
    except ProductError as refused:
        log.warning("study %s stopped: %s", key, refused.code)
        fail_study(row, refused.message)
    return True
