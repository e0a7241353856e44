"""What the draft's page asks while somebody types: save, hold, check, preview, move sections, take over."""

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.policies import actions, reads, reads_draft, rules_edit
from reviewapp.policies.actions import HeldByOther
from reviewapp.policies.forms import Typed
from reviewapp.policies.reads import VersionPage
from reviewapp.policies.rules_walk import with_block_of
from reviewapp.policies.views import gone, typed_by
from reviewapp.ui.errors import Forbidden, ProductError, Stale


@requires("policy.draft")
@require_POST
def autosave(request: SignedInRequest, slug: str) -> HttpResponse:
    """Store what was typed. What cannot go into the draft is kept for its author and offered later."""
    row = reads.draft_page(slug)
    typed = typed_by(request, row)
    try:
        if row is None:
            raise gone()
        held = actions.hold_draft(version=row.id, person=request.user)
        if held.mine and (row.source, row.change_note) == (typed.source, " ".join(typed.note.split())):
            return JsonResponse({"saves": row.saves, "at": _time()})
        saved = actions.save_draft(
            version=row.id,
            source=typed.source,
            saves=typed.saves,
            change_note=typed.note,
            person=request.user,
            by_itself=True,
        )
    except Forbidden:
        raise
    except ProductError as error:
        return _not_saved(request, row, typed, error)
    return JsonResponse({"saves": saved.saves, "at": _time()})


@requires("policy.draft")
@require_POST
def hold(request: SignedInRequest, slug: str) -> HttpResponse:
    """Take or renew the hold; says who has it."""
    row = reads.draft_page(slug)
    if row is None or row.state != "draft":
        return JsonResponse({"mine": False, "holder": ""})
    if request.POST.get("leave") == "yes":
        actions.release_draft(version=row.id, person=request.user)
        return JsonResponse({"mine": False, "holder": ""})
    held = actions.hold_draft(version=row.id, person=request.user)
    return JsonResponse({"mine": held.mine, "holder": held.holder})


@requires("policy.draft")
@require_POST
def take_over(request: SignedInRequest, slug: str) -> HttpResponse:
    """Take the draft from whoever writes in it."""
    actions.take_over(version=_draft(slug).id, person=request.user)
    return redirect(f"/policies/{slug}/draft")


@requires("policy.draft")
@require_POST
def forget(request: SignedInRequest, slug: str) -> HttpResponse:
    """Let go of one's kept text."""
    actions.forget_typed(version=_draft(slug).id, person=request.user)
    return redirect(f"/policies/{slug}/draft")


@requires("policy.draft")
@require_POST
def check(request: SignedInRequest, slug: str) -> HttpResponse:
    """Problems, findings, sections and tokens of the text in the field; stores nothing."""
    row = _draft(slug)
    typed = typed_by(request, row)
    checked = reads_draft.checked(typed.source, slug, row.id)
    return render(request, "policies/checked.html", {"checked": checked, "slug": slug, "swap": True})


@requires("policy.draft")
@require_POST
def preview(request: SignedInRequest, slug: str) -> HttpResponse:
    """The text in the field as moderators will see it; stores nothing."""
    typed = typed_by(request, _draft(slug))
    return render(request, "policies/preview.html", {"sections": reads_draft.preview(typed.source)})


@requires("policy.draft")
@require_POST
def section(request: SignedInRequest, slug: str) -> HttpResponse:
    """The text in the field with a section moved, split or added; stores nothing."""
    row = _draft(slug)
    text, code, line = (
        Typed.of(request.POST).source,
        request.POST.get("code", ""),
        request.POST.get("line", ""),
    )
    used = reads_draft.used_codes(row.policy_id)
    do = request.POST.get("do")
    try:
        if do == "split":
            number = int(line) if line.isascii() and line.isdigit() and len(line) < 7 else 0
            text = rules_edit.split_section(text, number, used)
        elif do == "add":
            text = rules_edit.add_section(text, used)
        else:
            text = rules_edit.move_section(text, code, up=do == "up")
    except ProductError as error:
        return JsonResponse({"message": getattr(error, "problems", [(0, error.message)])[0][1]}, status=422)
    return JsonResponse({"source": text})


def _draft(slug: str) -> VersionPage:
    row = reads.draft_page(slug)
    if row is None:
        raise gone()
    return row


def _not_saved(
    request: SignedInRequest, row: VersionPage | None, typed: Typed, error: ProductError
) -> HttpResponse:
    """Why, as JSON; what was typed is kept beside the draft where it can be."""
    told: dict[str, Any] = {"message": error.message, "held": isinstance(error, HeldByOther), "kept": False}
    told["holder"] = error.details.get("holder", "")
    if row is not None and isinstance(error, Stale):
        source = with_block_of(typed.source, row.source)
        actions.keep_typed(version=row.id, source=source, note=typed.note, person=request.user)
        told["kept"] = True
    return JsonResponse(told, status=error.status)


def _time() -> str:
    return timezone.localtime().strftime("%H:%M:%S")
