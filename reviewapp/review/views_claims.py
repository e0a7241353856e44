"""What puts an item aside: hold, hand over, take over, restrict; drafts, leaving, the end of a shift, notes on queues."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reviewapp.accounts import reads_notices
from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.audit.clock import database_time
from reviewapp.review import actions, reads, reads_desk, reads_queue, rules_claims
from reviewapp.review.forms import id_of, seat_of, typed_of
from reviewapp.review.views import RESTS_SINCE, desk_context, dialog_context, queue_context
from reviewapp.review.views_act import conflict, following, screen, wants_fragment
from reviewapp.ui.errors import ProductError, Stale


@require_POST
@requires("queue.work")
def hold(request: SignedInRequest, item: UUID) -> HttpResponse:
    """Put the item aside until a time; the answer holds the next one."""

    def act() -> actions.Claim | None:
        seat, said = seat_of(request.POST), request.POST
        return actions.hold(
            task=seat["task"], epoch=seat["epoch"], person=request.user, until=_until(request),
            waits_for=said.get("waits_for", ""), note=said.get("note", ""), back_to_me="back_to_me" in said,
        )  # fmt: skip

    return from_dialog(request, item, "hold", act)


@require_POST
@requires("queue.work")
def hand_over(request: SignedInRequest, item: UUID) -> HttpResponse:
    """Give the item to a person, another queue, or back to everybody; the answer holds the next one."""

    def act() -> actions.Claim | None:
        seat, said = seat_of(request.POST), request.POST
        whom = said.get("to", "person")
        return actions.hand_over(
            task=seat["task"], epoch=seat["epoch"], person=request.user, why=said.get("why", ""), note=said.get("note", ""),
            to=id_of(said, "person", _("Choose a person.")) if whom == "person" else None,
            queue=id_of(said, "queue", _("Choose a queue.")) if whom == "queue" else None,
        )  # fmt: skip

    return from_dialog(request, item, "hand-over", act)


@require_POST
@requires("item.restrict")
def restrict(request: SignedInRequest, item: UUID) -> HttpResponse:
    """Take the item out of everything; the answer holds the next one."""
    queue = reads_desk.queue_of(item)

    def act() -> actions.Claim | None:
        actions.restrict(item=item, reference=request.POST.get("reference", ""), person=request.user)
        return actions.claim_next(queue=reads.queue_line(queue)[0], person=request.user)

    return from_dialog(request, item, "restrict", act)


@require_POST
@requires("claim.take_over")
def take_over(request: SignedInRequest, item: UUID) -> HttpResponse:
    """Take the item out of somebody's hands, with a reason."""
    said = request.POST
    try:
        actions.take_over(item=item, person=request.user, why=said.get("why", ""), note=said.get("note", ""))
    except (Stale, actions.Unclear) as problem:
        return conflict(request, item, problem, None)
    return screen(request, item)


@require_POST
@requires("queue.work")
def draft(request: SignedInRequest, item: UUID) -> HttpResponse:
    """Keep what is in the form; answers 204."""
    task, typed = seat_of(request.POST)["task"], typed_of(request.POST)
    actions.save_draft(task=task, person=request.user, **asdict(typed))
    return HttpResponse(status=204)


@require_POST
@requires("queue.work")
def leave(request: SignedInRequest, item: UUID) -> HttpResponse:
    """The page is being left: the claim ends soon unless the person comes back; answers 204."""
    seat = seat_of(request.POST)
    actions.leave(task=seat["task"], epoch=seat["epoch"], person=request.user, active=seat["active"] or 0)
    return HttpResponse(status=204)


@require_POST
@requires("queue.work")
def end_shift(request: SignedInRequest) -> HttpResponse:
    """Give back everything in hand."""
    actions.end_shift(person=request.user)
    return HttpResponseRedirect("/")


@require_POST
@requires("queue.work")
def take_break(request: SignedInRequest) -> HttpResponse:
    """Give back what is claimed; since when the person rests is kept in their session alone."""
    actions.take_break(person=request.user)
    request.session[RESTS_SINCE] = database_time().isoformat()
    return HttpResponseRedirect("/")


@require_POST
@requires("queue.work")
def queue_note(request: SignedInRequest, slug: str) -> HttpResponse:
    """Leave the next shift a note on a queue."""
    key, _ = reads.queue_line(slug)
    try:
        actions.leave_queue_note(queue=key, person=request.user, text=request.POST.get("text", ""))
    except actions.Unclear as problem:
        page = reads_queue.queue_page(slug, request.user)
        context = queue_context(page) | {"problem": problem, "said": request.POST.get("text", "")}
        return render(request, "review/queue.html", context, status=problem.status)
    return HttpResponseRedirect(f"/queues/{slug}")


def from_dialog(
    request: SignedInRequest, item: UUID, dialog: str, act: Callable[[], actions.Claim | None]
) -> HttpResponse:
    """Do what a dialog asks and show what comes next; a problem is said inside the dialog, which keeps what was typed."""
    queue = reads_desk.queue_of(item)
    try:
        claim = act()
    except ProductError as problem:
        if wants_fragment(request):
            response = render(request, "ui/note.html", {"message": problem.message}, status=problem.status)
            response.headers["HX-Retarget"] = f"#problem-{dialog}"
            response.headers["HX-Reswap"] = "innerHTML"
            return response
        context = desk_context(request, item) | dialog_context(
            request, opened=dialog, problem=problem.message
        )
        return render(request, "review/item.html", context, status=problem.status)
    return following(request, queue, claim.item if claim else None)


def _until(request: SignedInRequest) -> datetime | None:
    """When the hold ends, in the zone of who holds; None for a time that cannot be read."""
    said = request.POST.get("other_time", "")
    try:
        other = parse_datetime(said) if said else None
    except ValueError:
        other = None
    if other is not None and timezone.is_naive(other):
        other = timezone.make_aware(other)
    ends = reads_notices.preferences(request.user).shift_ends
    return rules_claims.hold_end(
        request.POST.get("until", ""), now=timezone.localtime(database_time()), shift_ends=ends, other=other
    )
