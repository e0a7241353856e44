"""The fuse of each endpoint, who answers there, and how fast its pump goes."""

from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now

from inference import EngineIdentity
from reviewapp.audit.actions import REASONER, record
from reviewapp.screening import rules
from reviewapp.screening.models import Circuit, Engine

OPEN: Final = "open"
CLOSED: Final = "closed"
HALF_OPEN: Final = "half_open"


@transaction.atomic
def note_engine(*, endpoint: int, identity: EngineIdentity) -> UUID:
    """Keep who answers at `endpoint`; another identity than before is an event. Returns the engine's id."""
    engine, _ = Engine.objects.get_or_create(
        signature=identity.signature,
        defaults={
            "model": identity.model,
            "fingerprint": identity.fingerprint,
            "version": identity.version,
            "max_model_len": identity.max_model_len,
            "practice": identity.practice,
        },
    )
    circuit = _locked(endpoint)
    if circuit.engine_id != engine.pk:
        before = str(circuit.engine_id) if circuit.engine_id else None
        record(
            verb="engine.changed", actor=REASONER, subjects=[engine.pk],
            data={"endpoint": endpoint, "before": before, "after": str(engine.pk)},
        )  # fmt: skip
    Circuit.objects.filter(pk=endpoint).update(engine=engine, seen_at=Now())
    return engine.pk


@transaction.atomic
def open_circuit(*, endpoint: int, reason: str, failures: int) -> None:
    """Stop calls to `endpoint` until its next probe, 5 to 60 s away; `reason` is a sentence for people."""
    circuit = _locked(endpoint)
    if circuit.state == CLOSED:
        record(
            verb="engine.opened", actor=REASONER, subjects=[], data={"endpoint": endpoint, "failures": failures}
        )  # fmt: skip
        Circuit.objects.filter(pk=endpoint).update(opened_at=Now())
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE screening_circuit SET state = 'open', reason = %s, failures = %s, probes = LEAST(probes + 1, 100),
                retry_at = clock_timestamp() + make_interval(secs => %s), in_flight = 0, verdicts_per_second = 0
            WHERE endpoint = %s
            """,
            [reason, failures, rules.probe_delay(circuit.probes), endpoint],
        )


@transaction.atomic
def note_probe(*, endpoint: int) -> str:
    """Whether calls may go to `endpoint` now: `closed` (yes), `half_open` (one, to see), `open` (no).

    An open circuit whose time has come becomes half open for whoever asks first.
    """
    circuit = _locked(endpoint)
    if circuit.paused:
        return OPEN
    if circuit.state != OPEN:
        return circuit.state
    due = Circuit.objects.filter(pk=endpoint, retry_at__lte=Now()).update(state=HALF_OPEN)
    return HALF_OPEN if due else OPEN


@transaction.atomic
def close_circuit(*, endpoint: int) -> None:
    """Let calls go to `endpoint` again after one was answered."""
    circuit = _locked(endpoint)
    if circuit.state == CLOSED:
        return
    Circuit.objects.filter(pk=endpoint).update(
        state=CLOSED, reason="", failures=0, probes=0, retry_at=None, opened_at=None, seen_at=Now()
    )
    record(verb="engine.closed", actor=REASONER, subjects=[], data={"endpoint": endpoint})


def note_pace(*, endpoint: int, in_flight: int, window: int, verdicts_per_second: float) -> None:
    """Keep what the pump of `endpoint` sees, for the engine page. Statistics: no event."""
    Circuit.objects.filter(pk=endpoint).update(
        in_flight=in_flight, window=window, verdicts_per_second=verdicts_per_second, seen_at=Now()
    )


def _locked(endpoint: int) -> Circuit:
    Circuit.objects.get_or_create(pk=endpoint)
    return Circuit.objects.select_for_update().get(pk=endpoint)
