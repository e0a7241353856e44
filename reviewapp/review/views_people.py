"""Authors, notes on items, escalation checklists, who works a queue, and care for who works here."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.review import (
    actions,
    reads,
    reads_authors,
    reads_beside,
    reads_blind,
    reads_desk,
    reads_languages,
    reads_mentions,
)
from reviewapp.review.forms import id_of, seat_of
from reviewapp.review.keys import spoken
from reviewapp.review.rules import UnsentForm
from reviewapp.review.views_act import conflict, screen, wants_fragment
from reviewapp.review.views_claims import from_dialog
from reviewapp.ui.errors import Missing, ProductError


@requires("author.see")
@require_safe
def author(request: SignedInRequest, source: str, author: str) -> HttpResponse:
    """`/authors/{source}/{id}`: items, outcomes, strikes, open items; opening it is logged."""
    key = reads_authors.author_id(source, author)
    page = reads_authors.author_page(key, request.user)
    actions.open_author(author=key, person=request.user)
    return _author(request, page)


def _author(
    request: SignedInRequest, page: reads_authors.AuthorPage, *, problem: str = "", said: str = "", status: int = 200
) -> HttpResponse:  # fmt: skip
    context = {"page": page, "problem": problem, "said": said, "in_hand": reads.in_hand(request.user)}
    return render(request, "review/author.html", context, status=status)


@requires("author.see")
@require_safe
def author_of_item(request: SignedInRequest, item: UUID) -> HttpResponse:
    """The author's history as a part of the review screen."""
    key = reads_authors.author_of(item)
    try:
        page = reads_authors.author_page(key, request.user, most=reads_authors.FEW) if key else None
    except reads_desk.Blind as hidden:
        return render(request, "review/author_part.html", {"hidden": hidden.message})
    if key:
        actions.open_author(author=key, person=request.user)
    return render(request, "review/author_part.html", {"page": page})


@requires("author.protect")
@require_POST
def protect(request: SignedInRequest, source: str, author: str) -> HttpResponse:
    """Put an account on the list that needs a senior, or take it off."""
    key = reads_authors.author_id(source, author)
    said = request.POST.get("reference", "")
    try:
        if "lift" in request.POST:
            actions.unprotect_author(author=key, person=request.user)
        else:
            actions.protect_author(author=key, person=request.user, reference=said)
    except ProductError as problem:
        page = reads_authors.author_page(key, request.user)
        return _author(request, page, problem=problem.message, said=said, status=problem.status)
    return HttpResponseRedirect(f"/authors/{source}/{author}")


@requires("item.note")
@require_POST
def note(request: SignedInRequest, item: UUID) -> HttpResponse:
    """Add a note; the answer is the list of notes with the form below it, or a word where the form stands apart from its item."""
    apart = request.POST.get("apart", "")
    context: dict[str, Any] = {"item": item, "keys": spoken(), "open_notes": True, "apart": apart}
    status = 200
    try:
        actions.add_note(item=item, person=request.user, text=request.POST.get("text", ""))
    except ProductError as problem:
        if isinstance(problem, Missing) and not apart:
            raise
        context |= {"note_problem": problem.message, "note_said": request.POST.get("text", "")}
        status = problem.status
    if not wants_fragment(request) and status == 200:
        return HttpResponseRedirect(f"/review/{item}")
    if apart:
        return render(
            request, "review/noted.html" if status == 200 else "review/note_form.html", context, status=status
        )
    blind = reads_blind.item_is_blind(item, request.user)
    context |= {
        "notes": () if blind else reads_beside.notes(item, request.user),
        "unseen": blind and status == 200,
    }
    return render(request, "review/notes.html", context, status=status)


@requires("item.note")
@require_POST
def unsent_note(request: SignedInRequest, item: UUID) -> HttpResponse:
    """Keep what stands in the form of a note; answers 204, or goes home where the words are to be forgotten."""
    return keep_unsent(request, item, UnsentForm.NOTE, ("text",))


def keep_unsent(
    request: SignedInRequest, item: UUID, form: UnsentForm, fields: tuple[str, ...]
) -> HttpResponse:
    """Keep `fields` of a form on an item, or forget them where the page says so."""
    typed = {} if "forget" in request.POST else {name: request.POST.get(name, "") for name in fields}
    actions.keep_unsent(item=item, person=request.user, form=form, typed=typed)
    return HttpResponseRedirect("/") if "forget" in request.POST else HttpResponse(status=204)


@requires("item.note")
@require_safe
def note_sections(request: SignedInRequest) -> HttpResponse:
    """The sections that a note may link, as the choices of a dialog."""
    return render(request, "review/choices.html", {"choices": reads_mentions.sections()})


@requires("item.note")
@require_safe
def note_people(request: SignedInRequest) -> HttpResponse:
    """The people whom a note may tell, as the choices of a dialog."""
    return render(request, "review/choices.html", {"choices": reads_mentions.people(besides=request.user)})


@requires("queue.work")
@require_POST
def escalate(request: SignedInRequest, item: UUID) -> HttpResponse:
    """Send the item to who is on call for its kind; the answer holds the next one."""

    def act() -> actions.Claim | None:
        seat, said = seat_of(request.POST), request.POST
        return actions.escalate(
            task=seat["task"],
            epoch=seat["epoch"],
            person=request.user,
            kind=said.get("kind", ""),
            note=said.get("note", ""),
        )

    return from_dialog(request, item, "escalate", act)


@requires("queue.work")
@require_POST
def checklist(request: SignedInRequest, item: UUID) -> HttpResponse:
    """Record what was done about an escalation."""
    said = request.POST
    try:
        actions.answer_checklist(
            item=item, person=request.user, help_sent=said.get("help_sent") == "yes",
            authority_told=said.get("authority_told") == "yes", reference=said.get("reference", ""),
        )  # fmt: skip
    except ProductError as problem:
        return conflict(request, item, problem, None)
    return screen(request, item)


@requires("queue.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def members(request: SignedInRequest, slug: str) -> HttpResponse:
    """`/queues/{slug}/members`: who works a queue, and in which order they are on call."""
    queue, lines, others = reads.queue_members(slug)
    context: dict[str, Any] = {
        "queue": queue, "members": lines, "others": others, "languages": reads_languages.queue_languages(queue),
    }  # fmt: skip
    if request.method != "POST":
        return render(request, "review/members.html", context)
    said = request.POST
    try:
        whom = id_of(said, "person", _("Choose a person."))
        if "drop" in said:
            actions.drop_member(queue=queue.pk, member=whom, person=request.user)
        else:
            place = said.get("ordinal", "")
            ordinal = int(place) if place.isascii() and place.isdigit() and len(place) < 4 else 0
            actions.set_member(queue=queue.pk, member=whom, ordinal=ordinal, person=request.user)
    except ProductError as problem:
        return render(
            request, "review/members.html", context | {"problem": problem.message}, status=problem.status
        )
    return HttpResponseRedirect(f"/queues/{slug}/members")
