"""The export worker: reads its work from Postgres, goes on where a killed one stopped."""

import logging
import time
from datetime import datetime
from typing import Final

from django.db import DatabaseError

from reviewapp import doorbell
from reviewapp.audit import actions as audit
from reviewapp.audit.actions import Actor
from reviewapp.insights import actions
from reviewapp.insights.chunks import BrokenFeed, first_cursor, write_chunk
from reviewapp.insights.export_sql import header
from reviewapp.insights.models import Export
from reviewapp.insights.rules import ExportFormat, ExportKind
from reviewapp.insights.spool import Busy, Short, Spool, path_of

log = logging.getLogger(__name__)

WORK_SECONDS: Final = 240
"""Below the time limit of the queue; then the job gives its lease back and rings for the rest."""

WRITER: Final = Actor("machine", "exporter")


def write_exports() -> int:
    """Write every export that waits; returns how many were finished. Rings again when its time is over."""
    started, finished = time.monotonic(), 0
    while (export := actions.claim_export()) is not None:
        finished += _write(export, until=started + WORK_SECONDS)
        if time.monotonic() > started + WORK_SECONDS:
            doorbell.ring("export")
            break
    return finished


def _write(export: Export, *, until: float) -> int:
    """Write one export to its end; 1 when it is finished, 0 when it stopped for any reason."""
    try:
        spool = _opened(export)
    except Busy:
        return 0
    except OSError as error:
        actions.fail_export(export=export, failure=_disk_words(error))
        return 0
    try:
        return _fill(export, spool, until)
    except actions.LostLease:
        return 0
    except OSError as error:
        log.warning("export %s: %s", export.pk, type(error).__name__)
        actions.fail_export(export=export, failure=_disk_words(error))
        return 0
    except BrokenFeed as error:
        actions.fail_export(
            export=export, failure=f"The audit log is not whole: {error}. Run `manage.py audit verify`."
        )
        return 0
    except DatabaseError:
        log.warning("export %s: the database went away; goes on when its lease ends", export.pk)
        raise
    finally:
        spool.close()


def _opened(export: Export) -> Spool:
    """The growing file where the last worker left it; from the start when less of it is there than was counted."""
    path = path_of(export.pk, export.format, part=True)
    try:
        return Spool(path, keep=export.bytes_done)
    except Short:
        export.cursor, export.rows_done, export.bytes_done = {}, 0, 0
        return Spool(path)


def _fill(export: Export, spool: Spool, until: float) -> int:
    kind, format = ExportKind(export.kind), ExportFormat(export.format)
    cursor, rows, total = export.cursor, export.rows_done, export.rows_total
    if not cursor:
        if kind is ExportKind.AUDIT:
            _place_all_events()
        spool.write(header(kind, format))
        cursor, total = first_cursor(kind, _since(export))
    while True:
        chunk = write_chunk(kind, format, cursor, spool)
        rows += chunk.rows
        spool.settle()
        if chunk.cursor is None:
            break
        cursor = chunk.cursor
        export = actions.note_progress(export=export, cursor=cursor, rows=rows, bytes=spool.size, total=total)
        if time.monotonic() > until:
            actions.pause_export(export=export)
            return 0
    export = actions.note_progress(export=export, cursor=cursor, rows=rows, bytes=spool.size, total=total)
    path_of(export.pk, format, part=True).rename(path_of(export.pk, format))
    actions.finish_export(
        export=export, rows=rows, bytes=spool.size, sha256=spool.digest.hexdigest(), actor=WRITER
    )
    return 1


def _place_all_events() -> None:
    while audit.place_events():
        pass


def _since(export: Export) -> datetime | int | None:
    since = export.filters.get("since")
    return datetime.fromisoformat(since) if isinstance(since, str) else since


def _disk_words(error: OSError) -> str:
    return (
        f"The file could not be written ({error.strerror or error}). Make room or rights in the exports folder of "
        "REVIEW_HOME, then ask again."
    )
