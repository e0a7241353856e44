"""What the buttons of the review screen do: one action each, and the screen that follows it in the same answer."""

from collections.abc import Callable
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.review import actions, reads, reads_blind, reads_desk, rules
from reviewapp.review.forms import Typed, finding_of, seat_of, typed_of, wish_of
from reviewapp.review.views import desk_context, dialog_context, nothing_in_hand
from reviewapp.screening import actions as screening
from reviewapp.screening import reads_machines
from reviewapp.ui.errors import ProductError, Stale

INCOMPLETE = (Stale, actions.Unclear)


@require_POST
@requires("queue.work")
def confirm(request: SignedInRequest, item: UUID) -> HttpResponse:
    """Accept the lead verdict; the answer holds the next item."""

    def act() -> actions.Decided:
        seat = seat_of(request.POST)
        if seat["nonce"] and seat["second"]:
            return actions.confirm_first(
                task=seat["task"], epoch=seat["epoch"], nonce=seat["nonce"], person=request.user
            )
        if not seat["nonce"] or not seat["verdict"]:
            raise actions.Unclear(
                _("There was no verdict on the screen to confirm. Override records your call.")
            )
        return actions.confirm(
            person=request.user, task=seat["task"], epoch=seat["epoch"], nonce=seat["nonce"], verdict=seat["verdict"],
            shown=seat["shown"], wish=wish_of(request.POST),
        )  # fmt: skip

    return _decide(request, item, act, None)


@require_POST
@requires("queue.work")
def override(request: SignedInRequest, item: UUID) -> HttpResponse:
    """Save the person's own call; the answer holds the next item, or the filled form and what is wrong."""
    typed = typed_of(request.POST)

    # A blind form that is sent twice is no second call: the verdict was not seen before it.
    if "blind" in request.POST or reads_blind.item_is_blind(item, request.user):
        return _call_blind(request, item, typed)

    def act() -> actions.Decided:
        seat = seat_of(request.POST)
        label, sections = finding_of(typed)
        return actions.override(
            task=seat["task"], epoch=seat["epoch"], nonce=seat["nonce"], shown=seat["shown"], person=request.user,
            label=label, sections=sections, action=typed.action, reason_code=typed.reason_code, reason=typed.reason,
            wish=wish_of(request.POST),
        )  # fmt: skip

    return _decide(request, item, act, typed)


@require_POST
@requires("item.judge_now")
def judge(request: SignedInRequest, item: UUID) -> HttpResponse:
    """Have the item judged ahead of the rest; the answer is the verdict's part of the screen, which fills in by itself."""
    problem: ProductError | None = None
    if reads_blind.item_is_blind(item, request.user):
        problem = reads_desk.Blind(_("Call it first; what the reasoner says is shown after your call."))
    else:
        try:
            screening.judge_now(item=item, person=request.user)
        except Stale as refused:
            problem = refused
    if not wants_fragment(request) and problem is None:
        return HttpResponseRedirect(f"/review/{item}")
    context = desk_context(request, item) | {"judge_problem": problem, "engine": reads_machines.chip()}
    if not wants_fragment(request):
        return render(request, "review/item.html", context | dialog_context(request), status=409)
    return render(request, "review/late.html", context, status=problem.status if problem else 200)


@require_POST
@requires("queue.work")
def skip(request: SignedInRequest, item: UUID) -> HttpResponse:
    """Pass over the item; the answer holds the next one."""
    queue = reads_desk.queue_of(item)
    try:
        seat = seat_of(request.POST)
        claim = actions.skip(task=seat["task"], epoch=seat["epoch"], person=request.user)
    except INCOMPLETE as problem:
        return conflict(request, item, problem, None)
    return following(request, queue, claim.item if claim else None)


@require_POST
@requires("queue.work")
def release(request: SignedInRequest, item: UUID) -> HttpResponse:
    """Give the item back and go to the queue list."""
    seat = seat_of(request.POST)
    actions.release(task=seat["task"], epoch=seat["epoch"], person=request.user)
    return HttpResponseRedirect("/")


@require_POST
@requires("queue.work")
def claim(request: SignedInRequest, item: UUID) -> HttpResponse:
    """Claim this item, such as again after the lease ended; what was typed comes back in the form."""
    typed = typed_of(request.POST)
    try:
        actions.claim_item(item=item, person=request.user)
    except Stale as problem:
        return conflict(request, item, problem, typed if typed != Typed() else None)
    return screen(request, item, typed=typed if typed != Typed() else None)


@require_POST
@requires("queue.work")
def renew(request: SignedInRequest, item: UUID) -> HttpResponse:
    """Another five minutes, as JSON: `{"left": seconds}`."""
    try:
        seat = seat_of(request.POST)
        actions.renew(task=seat["task"], epoch=seat["epoch"], person=request.user, active=seat["active"] or 0)
    except INCOMPLETE as problem:
        return JsonResponse({"message": problem.message}, status=problem.status)
    return JsonResponse({"left": rules.LEASE_SECONDS})


@require_POST
@requires("queue.work")
def reserve(request: SignedInRequest, slug: str) -> HttpResponse:
    """Hold the next item behind the one in hand; gives the words “Next: … ready”."""
    key, _ = reads.queue_line(slug)
    actions.reserve_next(queue=key, person=request.user)
    return render(request, "review/ready.html", {"ready": reads_desk.ready(request.user)})


@require_POST
@requires("queue.work")
def undo(request: SignedInRequest, decision: UUID) -> HttpResponse:
    """Take a call back; the answer holds its item, the form as it was saved."""
    before = reads_desk.typed_before(decision)
    try:
        undone = actions.undo(decision=decision, person=request.user)
    except actions.TooLate as problem:
        held = reads.in_hand(request.user)
        if held is None:
            raise
        return conflict(request, held, problem, None)
    return screen(request, undone.claim.item, typed=Typed(**before) if before else None)


def _decide(
    request: SignedInRequest, item: UUID, act: Callable[[], actions.Decided], typed: Typed | None
) -> HttpResponse:  # fmt: skip
    try:
        decided = act()
    except INCOMPLETE as problem:
        return conflict(request, item, problem, typed)
    if decided.following is not None:
        return screen(request, decided.following.item)
    held = reads.in_hand(request.user) if decided.repeated else None
    claim = None if held else actions.claim_next(queue=decided.queue, person=request.user)
    return following(request, reads_desk.queue_of(item), held or (claim.item if claim else None))


def _call_blind(request: SignedInRequest, item: UUID, typed: Typed) -> HttpResponse:
    """The call before the verdict; where both differ, the same item with the verdict beside the call."""
    try:
        seat = seat_of(request.POST)
        label, sections = finding_of(typed)
        called = actions.call_blind(
            task=seat["task"], epoch=seat["epoch"], nonce=seat["nonce"], person=request.user, label=label,
            sections=sections, action=typed.action, reason_code=typed.reason_code, reason=typed.reason,
            wish=wish_of(request.POST),
        )  # fmt: skip
    except INCOMPLETE as problem:
        return conflict(request, item, problem, typed)
    decided = called.decided
    return _decide(request, item, lambda: decided, None) if decided else screen(request, item)


def following(request: SignedInRequest, slug: str, item: UUID | None) -> HttpResponse:
    """The screen of what comes next, or the page that says that nothing does."""
    if item is not None:
        return screen(request, item)
    if not wants_fragment(request):
        return HttpResponseRedirect(f"/queues/{slug}/next")
    context = nothing_in_hand(request, slug) | {"looked": True}
    response = render(request, "review/nothing.html", context)
    response.headers["HX-Push-Url"] = f"/queues/{slug}/next"
    return response


def screen(request: SignedInRequest, item: UUID, *, typed: Typed | None = None) -> HttpResponse:
    """The review screen of `item` as one fragment, or for a plain form a redirect to it."""
    if not wants_fragment(request):
        if typed is not None:
            context = desk_context(request, item, typed=typed) | dialog_context(request)
            return render(request, "review/item.html", context)
        return HttpResponseRedirect(f"/review/{item}")
    response = render(request, "review/desk.html", desk_context(request, item, typed=typed))
    response.headers["HX-Push-Url"] = f"/review/{item}"
    return response


def conflict(
    request: SignedInRequest, item: UUID, problem: ProductError, typed: Typed | None
) -> HttpResponse:
    """The verdict's pane with what happened on top and the form filled as it was sent; the item's pane stays."""
    context = desk_context(request, item, typed=typed, problem=problem)
    if not wants_fragment(request):
        return render(request, "review/item.html", context | dialog_context(request), status=problem.status)
    response = render(request, "review/conflict.html", context, status=problem.status)
    response.headers["HX-Retarget"] = "#verdict"
    response.headers["HX-Reswap"] = "innerHTML"
    return response


def wants_fragment(request: SignedInRequest) -> bool:
    """Whether htmx asks."""
    return bool(request.headers.get("HX-Request"))
