"""The fuse of each endpoint, who answers there, and how fast its pump goes."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now

from inference import EngineIdentity
from reviewapp.audit.actions import REASONER, Actor, record
from reviewapp.screening import rules
from reviewapp.screening.models import Circuit, Engine

log = logging.getLogger(__name__)
OPEN: Final = "open"
CLOSED: Final = "closed"
HALF_OPEN: Final = "half_open"


@dataclass(frozen=True, slots=True)
class Tally:
    """What a pump did since it last told; `busy_seconds` is the time with a call in flight."""

    verdicts: int = 0
    failures: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    busy_seconds: float = 0.0


_NOTHING: Final = Tally()


@transaction.atomic
def align_endpoints(*, addresses: Sequence[str]) -> None:
    """Match the fuses to REASONER_URL: another address at a place starts with a closed fuse; a pause follows its address.

    Fuses beyond the list stay as they are and count for nothing.
    """
    for endpoint in range(len(addresses)):
        Circuit.objects.get_or_create(pk=endpoint, defaults={"address": addresses[endpoint]})
    rows = list(Circuit.objects.select_for_update().order_by("endpoint"))
    pauses = {row.address: row for row in rows if row.paused}
    for row in rows[: len(addresses)]:
        address = addresses[row.endpoint]
        if row.address == address:
            continue
        paused = pauses.get(address)
        Circuit.objects.filter(pk=row.pk).update(
            address=address, state=CLOSED, reason="", failures=0, probes=0, retry_at=None, opened_at=None,
            in_flight=0, window=0, verdicts_per_second=0, paused=paused is not None,
            paused_reason=paused.paused_reason if paused else "", paused_until=paused.paused_until if paused else None,
            paused_at=paused.paused_at if paused else None, paused_by_id=paused.paused_by_id if paused else None,
            dropping=False,
        )  # fmt: skip
        if row.address:
            record(verb="engine.moved", actor=REASONER, subjects=[], data={"endpoint": row.endpoint})


@transaction.atomic
def note_engine(*, endpoint: int, identity: EngineIdentity) -> UUID:
    """Keep who answers at `endpoint`; another identity than before is an event. Returns the engine's id.

    While model, version and context stay the same, the engine stays the one whose fingerprint was seen last.
    """
    circuit = _locked(endpoint)
    known = circuit.engine
    if known and known.signature.partition(":")[0] == identity.signature:
        Circuit.objects.filter(pk=endpoint).update(seen_at=Now())
        return known.pk
    return _change_engine(circuit, identity.signature, identity)


@transaction.atomic
def note_fingerprint(*, endpoint: int, engine: UUID, fingerprint: str) -> UUID:
    """Keep the fingerprint of the answers of `engine`: another one than before means other flags, so another engine.

    Returns the engine that answers now.
    """
    circuit = _locked(endpoint)
    known = Engine.objects.select_for_update().get(pk=engine)
    if not fingerprint or known.fingerprint == fingerprint or circuit.engine_id != engine:
        return engine
    if not known.fingerprint:
        Engine.objects.filter(pk=engine).update(fingerprint=fingerprint)
        return engine
    signature = known.signature.partition(":")[0]
    identity = EngineIdentity(
        known.model, fingerprint, known.version, known.max_model_len, known.practice, signature
    )
    flags = hashlib.sha256(fingerprint.encode()).hexdigest()[:16]
    return _change_engine(circuit, f"{signature}:{flags}", identity)


def _change_engine(circuit: Circuit, signature: str, identity: EngineIdentity) -> UUID:
    engine, _ = Engine.objects.get_or_create(
        signature=signature,
        defaults={
            "model": identity.model,
            "fingerprint": identity.fingerprint,
            "version": identity.version,
            "max_model_len": identity.max_model_len,
            "practice": identity.practice,
        },
    )
    before = str(circuit.engine_id) if circuit.engine_id else None
    record(
        verb="engine.changed", actor=REASONER, subjects=[engine.pk],
        data={"endpoint": circuit.pk, "before": before, "after": str(engine.pk)},
    )  # fmt: skip
    Circuit.objects.filter(pk=circuit.pk).update(engine=engine, engine_since=Now(), seen_at=Now())
    return engine.pk


@transaction.atomic
def open_circuit(*, endpoint: int, reason: str, failures: int) -> None:
    """Stop calls to `endpoint` until its next probe, 2 to 8 s away; `reason` is a sentence for people."""
    circuit = _locked(endpoint)
    if circuit.state == CLOSED or circuit.reason != reason:
        log.warning("engine-%d gets no calls until a probe is answered: %s", endpoint + 1, reason)
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
    if circuit.paused and Circuit.objects.filter(pk=endpoint, paused_until__lte=Now()).exists():
        end_pause(endpoint=endpoint, actor=REASONER)
    elif circuit.paused:
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


def note_pace(
    *, endpoint: int, in_flight: int, window: int, verdicts_per_second: float, tally: Tally = _NOTHING
) -> str:
    """Keep what the pump of `endpoint` sees and did, for the engine page. Statistics: no event.

    Returns what somebody wants of the pump: nothing (""), `drain` (claim no more) or `drop` (give back what flies).
    """
    Circuit.objects.filter(pk=endpoint).update(
        in_flight=in_flight, window=window, verdicts_per_second=verdicts_per_second, seen_at=Now()
    )
    with connection.cursor() as cursor:
        if tally != _NOTHING:
            cursor.execute(
                """
                INSERT INTO screening_engineminute AS m (endpoint, minute, verdicts, failures, prompt_tokens,
                    completion_tokens, cached_tokens, busy_seconds)
                VALUES (%s, date_trunc('minute', clock_timestamp()), %s, %s, %s, %s, %s, %s)
                ON CONFLICT (endpoint, minute) DO UPDATE SET verdicts = m.verdicts + excluded.verdicts,
                    failures = m.failures + excluded.failures, prompt_tokens = m.prompt_tokens + excluded.prompt_tokens,
                    completion_tokens = m.completion_tokens + excluded.completion_tokens,
                    cached_tokens = m.cached_tokens + excluded.cached_tokens,
                    busy_seconds = m.busy_seconds + excluded.busy_seconds
                """,
                [
                    endpoint, tally.verdicts, tally.failures, tally.prompt_tokens, tally.completion_tokens,
                    tally.cached_tokens, tally.busy_seconds,
                ],
            )  # fmt: skip
        return wanted(endpoint=endpoint)


def wanted(*, endpoint: int) -> str:
    """What somebody wants of the pump of `endpoint`: "", `drain` or `drop`."""
    row = Circuit.objects.filter(pk=endpoint).values_list("paused", "dropping").first()
    if row is None or not row[0]:
        return ""
    return "drop" if row[1] else "drain"


def remembered_window(*, endpoint: int) -> int:
    """The window that the last pump of `endpoint` ended with, 0 if that is over ten minutes ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT "window" FROM screening_circuit WHERE endpoint = %s'
            " AND seen_at > clock_timestamp() - interval '10 min'",
            [endpoint],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def end_pause(*, endpoint: int, actor: Actor) -> None:
    """Let a paused endpoint go on. Must run in a transaction."""
    Circuit.objects.filter(pk=endpoint).update(
        paused=False, dropping=False, paused_reason="", paused_until=None, paused_at=None, paused_by=None
    )
    record(verb="engine.resumed", actor=actor, subjects=[], data={"endpoint": endpoint})


def _locked(endpoint: int) -> Circuit:
    Circuit.objects.get_or_create(pk=endpoint)
    return Circuit.objects.select_related("engine").select_for_update(of=("self",)).get(pk=endpoint)
