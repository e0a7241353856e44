"""Pages of exports: the list, the form, progress, the file."""

import base64
from uuid import UUID

from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.audit.actions import Actor
from reviewapp.insights import actions, reads
from reviewapp.insights.rules import KEPT_DAYS, KINDS, ExportFormat
from reviewapp.insights.spool import path_of
from reviewapp.ui.errors import ProductError

TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}


class NotReady(ProductError):
    """There is no file yet, or none any more."""

    status = 409
    code = "not_ready"


@requires("export.make")
@require_http_methods(["GET", "HEAD", "POST"])
def exports(request: SignedInRequest) -> HttpResponse:
    """The list and the form."""
    if request.method != "POST":
        return _list(request, {"kind": request.GET.get("kind", "")})
    typed = {name: request.POST.get(name, "").strip() for name in ("kind", "format", "since")}
    try:
        actions.ask_export(
            kind=typed["kind"], format=typed["format"], since=actions.read_since(typed["since"]),
            actor=Actor.person(request.user.pk), person=request.user.pk,
        )  # fmt: skip
    except ProductError as error:
        return _list(request, typed, problem=error.message, status=error.status)
    return redirect("/exports/")


@requires("export.make")
@require_safe
def export(request: SignedInRequest, key: UUID) -> HttpResponse:
    """One row of the list; polls itself while the export moves."""
    return render(request, "insights/export_row.html", {"each": reads.export_for_person(key, request.user)})


@requires("export.make")
@require_safe
def file(request: SignedInRequest, key: UUID) -> HttpResponse:
    """The file, with its SHA-256."""
    row = reads.export_for_person(key, request.user)
    return send(row, Actor.person(request.user.pk))


@requires("export.make")
@require_POST
def cancel(request: SignedInRequest, key: UUID) -> HttpResponse:
    """Stop one that is not done."""
    row = reads.export_for_person(key, request.user)
    actions.cancel_export(export=row.id, actor=Actor.person(request.user.pk))
    return redirect("/exports/")


def send(row: reads.ExportRow, actor: Actor) -> HttpResponse:
    """The file of an export that is done, as a download; recorded. Raises NotReady."""
    path = path_of(row.id, row.format)
    if row.state != "done" or not path.is_file():
        raise NotReady(
            _("There is no file: %(state)s. Ask for the export again.")
            % {"state": str(row.state_label).lower()},
            state=row.state,
        )
    actions.note_download(export=row.id, actor=actor)
    answer = FileResponse(
        path.open("rb"), as_attachment=True, filename=row.filename, content_type=TYPES[row.format]
    )
    digest = base64.b64encode(bytes.fromhex(row.sha256)).decode()
    answer.headers["Repr-Digest"] = f"sha-256=:{digest}:"
    answer.headers["X-SHA256"] = row.sha256
    return answer  # type: ignore[return-value]


def _list(
    request: SignedInRequest, typed: dict[str, str], *, status: int = 200, problem: str = ""
) -> HttpResponse:
    context = {
        "exports": reads.exports_of(request.user), "kinds": list(KINDS.items()), "formats": list(ExportFormat),
        "kind": typed["kind"] or "decisions", "typed": typed, "problem": problem, "kept_days": KEPT_DAYS, "open": bool(problem or request.GET.get("kind")),
    }  # fmt: skip
    return render(request, "insights/exports.html", context, status=status)
