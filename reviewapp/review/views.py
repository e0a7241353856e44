"""The pages of review that show: queue list, one queue, the review screen, a decision record."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from reviewapp.accounts import reads_notices
from reviewapp.accounts import rules as who
from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.review import (
    actions,
    reads,
    reads_beside,
    reads_blind,
    reads_care,
    reads_changes,
    reads_desk,
    reads_dialogs,
    reads_home,
    reads_languages,
    reads_news,
    reads_queue,
    reads_record,
    reads_today,
)
from reviewapp.review.forms import Typed, ids_of, sought_of
from reviewapp.review.keys import keymap, moved, spoken
from reviewapp.review.reads_queue import Sought
from reviewapp.review.rules import LABEL_WORDS, NO_LABEL, ORDER_WORDS, REASONS
from reviewapp.review.rules_actions import EXCEPTIONS
from reviewapp.review.rules_care import greeting
from reviewapp.review.rules_claims import TAKE_OVER_WHY
from reviewapp.review.rules_mask import MOST_REVEALED
from reviewapp.screening import reads_machines
from reviewapp.screening.rules import PRACTICE_NOTICE
from reviewapp.ui.errors import Missing, ProductError

RESTS_SINCE: Final = "rests_since"
"""In the session: when a break began, until the screen shows something that is in hand."""


@require_safe
@requires("queues.see")
def home(request: SignedInRequest) -> HttpResponse:
    """`/`: what waits, what is in hand, and for who works queues their own day; what polls takes the lists alone."""
    shown = reads_home.home(request.user)
    works = who.may(request.user.roles, "queue.work") and not shown.untouched
    polls = bool(request.headers.get("HX-Request"))
    context: dict[str, object] = {
        "home": shown,
        "greeting": greeting(timezone.localtime().hour) % {"name": request.user},
        "rests": _rests(request, shown),
    }
    if shown.untouched:
        context["first"] = reads_home.first_steps()
    elif not polls:
        context["strain"] = reads_machines.strain()
    if works and not polls:
        context |= {"today": reads_today.today(request.user), "news": reads_news.news(request.user)}
    return render(request, "review/home.html", context)


def _rests(request: SignedInRequest, shown: reads_home.Home) -> datetime | None:
    since = request.session.get(RESTS_SINCE)
    return datetime.fromisoformat(since) if since and shown.in_hand is None else None


@require_http_methods(["GET", "HEAD", "POST"])
@requires("queues.see")
def queue(request: SignedInRequest, slug: str) -> HttpResponse:
    """`/queues/{slug}`: one page of what waits and fits. `view=verdicts` for people who may see them beforehand.

    The filter is posted, since words to look for may be an item's own, and no address holds those.
    """
    is_posted = request.method == "POST"
    asked = request.POST if is_posted else request.GET
    sought = replace(sought_of(asked), **({} if is_posted else {"words": ""}))
    address = f"/queues/{slug}{_query_of(asked, sought)}"
    if is_posted and not sought.words and not request.headers.get("HX-Request"):
        return HttpResponseRedirect(address)
    with_verdicts = asked.get("view") == "verdicts" and who.may(request.user.roles, "queue.see_verdicts")
    page = reads_queue.queue_page(
        slug, request.user, after=_cursor(asked, "after"), before=_cursor(asked, "before"),
        with_verdicts=with_verdicts, sought=sought,
    )  # fmt: skip
    if with_verdicts:
        actions.mark_seen(tasks=[row.task for row in page.rows], person=request.user)
    response = render(request, "review/queue.html", queue_context(page))
    if is_posted:
        response.headers["HX-Push-Url"] = address
    return response


def queue_context(page: reads_queue.QueuePage) -> dict[str, object]:
    """What the template of a queue's page takes."""
    verdicts = [*LABEL_WORDS.items(), (NO_LABEL, _("No machine verdict"))]
    return {"page": page, "orders": ORDER_WORDS.items(), "verdicts": verdicts}


def _query_of(asked: QueryDict, sought: Sought) -> str:
    """What an address says of a page of a queue: everything but the words."""
    said = (
        {name: asked.get(name, "") for name in ("view", "after", "before")} | asdict(sought) | {"words": ""}
    )
    query = urlencode({name: value for name, value in said.items() if value})
    return f"?{query}" if query else ""


@require_safe
@requires("queues.see")
def queue_by_key(request: SignedInRequest, queue: UUID) -> HttpResponse:
    """`/queues/{id}`, which notices lead to: the queue under its own name."""
    return HttpResponseRedirect(f"/queues/{reads.queue_slug(queue)}")


@require_http_methods(["GET", "HEAD", "POST"])
@requires("queue.work")
def queue_next(request: SignedInRequest, slug: str) -> HttpResponse:
    """`/queues/{slug}/next`: POST claims and redirects, having `read` what changed; GET shows the claim you hold, or the button."""
    key, _ = reads.queue_line(slug)
    if request.method == "POST":
        if "read" in request.POST:
            actions.read_changes(versions=ids_of(request.POST, "read"), person=request.user)
        actions.admit(limit=100)
        claim = actions.claim_next(queue=key, person=request.user)
        if claim is not None:
            return HttpResponseRedirect(f"/review/{claim.item}")
    held = reads.in_hand(request.user)
    if held is not None:
        return HttpResponseRedirect(f"/review/{held}")
    context = nothing_in_hand(request, slug) | _keys_of(request) | {
        "looked": request.method == "POST",
    }  # fmt: skip
    return render(request, "review/next.html", context)


@require_safe
@requires("queues.see")
def item(request: SignedInRequest, item: UUID) -> HttpResponse:
    """`/review/{item}`: the review screen, or the same to read for who does not hold it."""
    is_open = "override" in request.GET
    try:
        context = desk_context(request, item, is_open=is_open)
    except reads_desk.Restricted:
        actions.open_restricted(item=item, person=request.user)
        context = desk_context(request, item, is_open=is_open, restricted=True)
    context |= dialog_context(request, opened=request.GET.get("dialog", ""))
    return render(request, "review/item.html", context)


@require_safe
@requires("queues.see")
def late(request: SignedInRequest, item: UUID) -> HttpResponse:
    """The verdict's own part of the screen, once machines have said something else than what is shown; else 204."""
    shown = request.GET.get("seen", "")
    if reads_blind.item_is_blind(item, request.user) or reads_desk.standing_now(item) == shown:
        return HttpResponse(status=204)
    return render(request, "review/late.html", desk_context(request, item))


@require_safe
@requires("decision.see")
def decision(request: SignedInRequest, decision: UUID) -> HttpResponse:
    """`/decisions/{id}`: what was decided, and what it was based on."""
    return render(request, "review/decision.html", {"record": reads_record.decision_record(decision)})


def desk_context(
    request: SignedInRequest, item: UUID, *,
    is_open: bool = False, typed: Typed | None = None, problem: ProductError | None = None,
    restricted: bool = False,
) -> dict[str, object]:  # fmt: skip
    """What the templates of the review screen take. `typed` fills the override form and opens it."""
    desk = reads_desk.desk(item, request.user, restricted=restricted)
    if desk.seat is not None:
        request.session.pop(RESTS_SINCE, None)
    shown = request.GET.getlist("reveal")[:MOST_REVEALED]
    if typed is None and desk.draft and (desk.seat is not None or problem is not None):
        typed = Typed(**desk.draft)
    return {
        "desk": desk,
        "shown": shown,
        "mask_kinds": tuple(_(kind) for kind in dict.fromkeys(desk.masked.values())),
        "next_mask": "" if "all" in shown else next((key for key in desk.masked if key not in shown), ""),
        "open": (desk.seat is not None or problem is not None) and (is_open or typed is not None),
        "take_over_why": TAKE_OVER_WHY,
        "typed": _in_its_list(typed or _kept(desk.first), desk)
        or Typed(reason_code="context_missed" if desk.can_confirm else ""),
        "problem": problem,
        "note_said": desk.note,
        "keys": spoken(),
        "reasons": REASONS,
        "exceptions": EXCEPTIONS,
        "practice_notice": PRACTICE_NOTICE,
        **_keys_of(request),
        "break_minutes": reads_notices.preferences(request.user).break_minutes,
        "works": who.may(request.user.roles, "queue.work"),
    }


def _keys_of(request: SignedInRequest) -> dict[str, object]:
    own = reads_notices.preferences(request.user).keys
    return {"keymap": keymap(own), "moved": moved(own)}


def _kept(first: reads_beside.FirstCall | None) -> Typed | None:
    """The form as it was called blind."""
    return Typed(**first.typed) if first else None


def _in_its_list(typed: Typed | None, desk: reads_desk.Desk) -> Typed | None:
    """The form with its section where the screen offers it now: which policy has the digits changes with the verdict that leads."""
    if typed is None or typed.chosen in {"", "allowed"}:
        return typed
    if typed.chosen in {each.value for each in desk.options}:
        return replace(typed, section=typed.chosen, other="")
    return replace(typed, section="other", other=typed.chosen)


@require_safe
@requires("policy.see")
def readers(request: SignedInRequest, version: UUID) -> HttpResponse:
    """Who read what a version changed: a part of the version's page; the names are for who manages queues or reads the log."""
    named = any(who.may(request.user.roles, each) for each in ("queue.manage", "audit.see"))
    context = {"found": reads_changes.readers(version), "named": named}
    return render(request, "review/readers.html", context)


@require_safe
@requires("queue.manage")
def agreement(request: SignedInRequest, slug: str) -> HttpResponse:
    """`/queues/{slug}/agreement`: how often people and verdicts agree here, blind and shown."""
    key, line = reads.queue_line(slug)
    context = {"line": line, "agreement": reads_blind.of_queue(key), "whose": line.name}
    return render(request, "review/agreement.html", context)


@require_safe
@requires("queue.work")
def my_agreement(request: SignedInRequest) -> HttpResponse:
    """`/settings/agreement`: one's own calls and the verdicts, blind and shown."""
    return render(
        request,
        "review/agreement.html",
        {"agreement": reads_blind.of_person(request.user), "whose": _("Your calls")},
    )


def dialog_context(request: SignedInRequest, *, opened: str = "", problem: str = "") -> dict[str, object]:
    """What the dialogs of the review screen offer; `opened` is the one that shows, with a problem and what was typed."""
    return {
        "dialogs": reads_dialogs.dialogs(request.user, now=timezone.localtime()),
        "opened": opened,
        "exceptions": EXCEPTIONS,
        "dialog_problem": problem,
        # What was not sent is empty, and costs the templates no exception.
        "said": defaultdict(str, request.POST.items()),
        "keys": spoken(),
    }


def nothing_in_hand(request: SignedInRequest, slug: str) -> dict[str, object]:
    """What the page says when a queue has nothing for this person, or before they start."""
    key, line = reads.queue_line(slug)
    spent = reads_care.is_spent(request.user)
    return {
        "line": line, "undo": reads_desk.undo_slot(request.user), "keys": spoken(), "spent": spent,
        "lighter": reads_care.lighter_queues(request.user) if spent else (),
        "changes": reads_changes.changes(request.user, key), "unread": _unread(reads_languages.unread(key, request.user)),
    }  # fmt: skip


def _unread(lines: Sequence[reads_languages.WaitingLanguage]) -> dict[str, Any] | None:
    """What waits for others to read, in words: `3 in German and 500+ in Finnish`."""
    told = [
        _("%(number)s in %(language)s")
        % {"number": f"{each.waiting}+" if each.capped else each.waiting, "language": each.name}
        for each in lines
    ]
    return (
        {"number": sum(each.waiting for each in lines), "words": get_text_list(told, _("and"))}
        if told
        else None
    )


def _cursor(asked: QueryDict, name: str) -> UUID | None:
    value = asked.get(name)
    try:
        return UUID(value) if value else None
    except ValueError:
        raise Missing(_("This page of the queue does not exist. Start from the first one.")) from None
