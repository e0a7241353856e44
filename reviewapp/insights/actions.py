"""The write door of insights: exports from the wish to the file, and erasure through every room."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from reviewapp import doorbell
from reviewapp.audit.actions import Actor, record
from reviewapp.insights import spool
from reviewapp.insights.models import Export
from reviewapp.insights.rules import HOLDS_CONTENT, KEPT_DAYS, ExportFormat, ExportKind, ExportState
from reviewapp.intake import actions as intake
from reviewapp.intake import reads as intake_reads
from reviewapp.policies import actions as policies
from reviewapp.review import actions as review
from reviewapp.screening import actions as screening
from reviewapp.ui.errors import Missing, ProductError, Stale
from reviewapp.ui.typed import moment

LEASE_SECONDS: Final = 60
MOST_OPEN: Final = 20
ERASED_AT_ONCE: Final = 500


class NoSuchExport(ProductError):
    """A kind, format or start that cannot be."""

    status = 422
    code = "invalid"


class TooManyExports(ProductError):
    """Enough files are being written already."""

    status = 429
    code = "too_many_exports"


class LostLease(Exception):
    """The export was cancelled, started again, or taken over: stop writing."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What to export, checked."""

    kind: ExportKind
    format: ExportFormat
    since: datetime | int | None


def checked(*, kind: str, format: str, since: datetime | int | None = None) -> Wish:
    """The wish, or NoSuchExport that says which kinds, formats and starts there are."""
    if format == "parquet":
        raise NoSuchExport(
            _("Parquet is not written yet. Ask for csv or jsonl; both load into every warehouse.")
        )
    if kind not in set(ExportKind):
        raise NoSuchExport(_("Choose what to export: %(kinds)s.") % {"kinds": ", ".join(ExportKind)})
    if format not in set(ExportFormat):
        raise NoSuchExport(_("Choose a format: %(formats)s.") % {"formats": ", ".join(ExportFormat)})
    if isinstance(since, int) and (kind not in {"audit", "decisions"} or since < 0):
        raise NoSuchExport(_("Only audit and decisions have positions; give a time for the others."))
    return Wish(ExportKind(kind), ExportFormat(format), since)


def read_since(text: str | None) -> datetime | int | None:
    """A position, a day or a time (UTC where it names no zone). Raises NoSuchExport."""
    if not text:
        return None
    if text.isdecimal() and len(text) < 19:
        return int(text)
    found = moment(text, UTC)
    if found is None:
        raise NoSuchExport(
            _("Give a start as 2026-01-31, 2026-01-31T12:00:00Z or, for decisions and audit, a position.")
        )
    return found


@transaction.atomic
def ask_export(
    *, kind: str, format: str, since: datetime | int | None = None, actor: Actor,
    person: UUID | None = None, key: UUID | None = None,
) -> UUID:  # fmt: skip
    """Put an export in line and ring its worker; returns its id. Raises NoSuchExport, TooManyExports."""
    wish = checked(kind=kind, format=format, since=since)
    asker = Q(asked_by=person) if person else Q(asked_with=key)
    if Export.objects.filter(asker, state__in=["queued", "running"]).count() >= MOST_OPEN:
        raise TooManyExports(
            _("%(most)d of your exports wait already. Cancel one or wait.") % {"most": MOST_OPEN},
            retry_after=60,
        )
    filters = {} if since is None else {"since": since if isinstance(since, int) else since.isoformat()}
    row = Export.objects.create(
        kind=wish.kind, format=wish.format, filters=filters, asked_by_id=person, asked_with_id=key
    )
    _tell("export.asked", actor, row.pk, kind=wish.kind, format=wish.format)
    doorbell.ring("export")
    return row.pk


@transaction.atomic
def cancel_export(*, export: UUID, actor: Actor) -> None:
    """Stop an export that is not done; its worker notices at the next chunk. Raises Stale if it has ended, Missing."""
    row = _locked(export)
    if row.state not in {"queued", "running"}:
        raise Stale(_("This export has ended already. Reload the page."), state=row.state)
    Export.objects.filter(pk=export).update(state=ExportState.CANCELLED, lease_until=None, done_at=Now())
    _tell("export.cancelled", actor, export, kind=row.kind)
    transaction.on_commit(lambda: spool.remove(export, ExportFormat))


@transaction.atomic
def note_download(*, export: UUID, actor: Actor) -> None:
    """Record that somebody takes the file. Raises Missing."""
    _tell("export.downloaded", actor, export, kind=_locked(export).kind)


def claim_export() -> Export | None:
    """Take the next export in line, or one whose worker has gone silent, under a lease of LEASE_SECONDS."""
    return _under_lease(
        "state IN ('queued', 'running') AND (lease_until IS NULL OR lease_until < clock_timestamp())"
        " ORDER BY asked_at LIMIT 1 FOR UPDATE SKIP LOCKED",
        [],
    )


def note_progress(
    *, export: Export, cursor: dict[str, Any], rows: int, bytes: int, total: int | None
) -> Export:
    """Store how far the file has come and renew the lease. Raises LostLease."""
    with transaction.atomic():
        held = _under_lease(
            "id = %s AND state = 'running' AND lease_until = %s FOR UPDATE", [export.pk, export.lease_until]
        )
        if held is None:
            raise LostLease
        held.cursor, held.rows_done, held.bytes_done, held.rows_total = cursor, rows, bytes, total
        held.save(update_fields=["cursor", "rows_done", "bytes_done", "rows_total"])
    return held


@transaction.atomic
def finish_export(*, export: Export, rows: int, bytes: int, sha256: str, actor: Actor) -> None:
    """The file is whole and in place. Raises LostLease."""
    _end(export, state=ExportState.DONE, rows_done=rows, rows_total=rows, bytes_done=bytes, sha256=sha256)
    _tell("export.written", actor, export.pk, kind=export.kind, rows=rows, sha256=sha256)


@transaction.atomic
def fail_export(*, export: Export, failure: str) -> None:
    """It cannot be written; `failure` says why and what to do. Raises LostLease."""
    _end(export, state=ExportState.FAILED, failure=failure)
    spool.remove(export.pk, ExportFormat)


def pause_export(*, export: Export) -> None:
    """Give the lease back; whoever comes next goes on from the stored cursor."""
    Export.objects.filter(pk=export.pk, state="running", lease_until=export.lease_until).update(
        lease_until=None
    )


def tend_exports() -> int:
    """For the sweeper: ring for work that waits, and remove files older than KEPT_DAYS; returns how many were removed."""
    waits = Q(state="queued") | Q(state="running") & (Q(lease_until=None) | Q(lease_until__lt=Now()))
    if Export.objects.filter(waits).exists():
        doorbell.ring("export")
    old = Export.objects.filter(state="done", done_at__lt=Now() - timedelta(days=KEPT_DAYS))
    return _expire(list(old.values_list("pk", flat=True)))


def forget_written() -> None:
    """After an erasure: files that may hold what was erased go away, and those being written start again."""
    touched = Export.objects.filter(kind__in=HOLDS_CONTENT)
    touched.filter(state="running").update(
        state=ExportState.QUEUED, lease_until=None, cursor={}, rows_done=0, bytes_done=0
    )
    _expire(list(touched.filter(state="done").values_list("pk", flat=True)))
    doorbell.ring("export")


@transaction.atomic
def erase(*, items: Sequence[UUID], actor: Actor) -> list[UUID]:
    """Erase what items say, with all their revisions, in every room; returns the ids that are erased now.

    All or nothing. Raises HeldItem while a legal hold keeps any of them, Missing for an id that is no item.
    """
    review.lock_tasks(items=items)
    family = [erasure.item_id for erasure in intake.ask_erasure(items=items, actor=actor)]
    for room in (policies, screening, review, intake):
        room.erase_content(item_ids=family)
    forget_written()
    return intake.finish_erasure(items=family, rooms=intake.ROOMS_THAT_ERASE, actor=actor)


def erase_author(*, source: str, author: str, actor: Actor) -> list[UUID]:
    """Erase everything that one author wrote on one source, ERASED_AT_ONCE items a transaction.

    Raises HeldItem before anything is erased if a hold keeps one of the items, Missing for an unknown author.
    """
    written = intake_reads.items_of_author(source, author)
    if not written:
        raise Missing(_("This source has no such author. Check both ids as they were sent."))
    intake.ask_erasure(items=written, actor=actor)
    erased: list[UUID] = []
    for start in range(0, len(written), ERASED_AT_ONCE):
        erased += erase(items=written[start : start + ERASED_AT_ONCE], actor=actor)
    return erased


def record_written(
    *, wish: Wish, export: UUID, actor: Actor, rows: int | None = None, sha256: str = ""
) -> None:
    """The events of an export from the shell: asked before the first row (`rows` None), written after the last."""
    with transaction.atomic():
        if rows is None:
            _tell("export.asked", actor, export, kind=wish.kind, format=wish.format)
        else:
            _tell("export.written", actor, export, kind=wish.kind, rows=rows, sha256=sha256)


def _expire(exports: Sequence[UUID]) -> int:
    done = Export.objects.filter(pk__in=exports, state="done").update(state=ExportState.EXPIRED)
    for export in exports:
        spool.remove(export, ExportFormat)
    return done


def _under_lease(where: str, parameters: list[Any]) -> Export | None:
    """Mark the one export that `where` finds as running under a new lease."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE insights_export SET state = 'running', lease_until = clock_timestamp() + make_interval(secs => %s)"  # noqa: S608
            f" WHERE id IN (SELECT id FROM insights_export WHERE {where}) RETURNING id",
            [LEASE_SECONDS, *parameters],
        )
        row = cursor.fetchone()
    return Export.objects.get(pk=row[0]) if row else None


def _end(export: Export, **values: Any) -> None:
    held = Export.objects.filter(pk=export.pk, state="running", lease_until=export.lease_until)
    if not held.update(lease_until=None, done_at=Now(), **values):
        raise LostLease


def _locked(export: UUID) -> Export:
    row = Export.objects.select_for_update().filter(pk=export).first()
    if row is None:
        raise Missing(_("There is no such export. Look at the list of exports."))
    return row


def _tell(verb: str, actor: Actor, export: UUID, **data: Any) -> None:
    record(verb=verb, actor=actor, subjects=[export], data=data)
