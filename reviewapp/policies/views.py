"""Pages of policies: list, version, draft. What somebody typed is never lost to a refusal."""

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviewapp.accounts.access import SignedInRequest, check_may, requires
from reviewapp.accounts.rules import may
from reviewapp.policies import (
    actions,
    reads,
    reads_cases,
    reads_draft,
    reads_gate,
    reads_versions,
    rules_foreign,
    tokens,
)
from reviewapp.policies.forms import Seen, Typed, gutter
from reviewapp.policies.rules_diff import word_diff
from reviewapp.policies.rules_walk import with_block_of, without_cases
from reviewapp.policies.starter import STARTER
from reviewapp.ui.errors import Forbidden, Missing, ProductError, Stale

EDIT_METHODS: Final = ["GET", "HEAD", "POST"]
CASES_SHOWN: Final = 5
LINES_SHOWN: Final = 20
MOST_UPLOAD: Final = 16_000_000


@requires("policy.see")
@require_safe
def policies(request: SignedInRequest) -> HttpResponse:
    """Every policy: what is in force and what is in the making."""
    rows = reads.policy_list()
    more = {
        "in_force": sum(row.published is not None for row in rows),
        "in_making": sum(row.open is not None for row in rows),
        "lengths": reads_versions.lengths_of(row.shown for row in rows),
        "passing": reads_gate.passing_of(row.shown for row in rows),
    }
    return render(request, "policies/list.html", {"rows": rows, **more})


@requires("policy.draft")
@require_http_methods(EDIT_METHODS)
def new_policy(request: SignedInRequest) -> HttpResponse:
    """A policy from scratch: the whole file in one field."""
    if request.method != "POST":
        return _new(request, STARTER)
    typed = Typed.of(request.POST)
    try:
        made = actions.create_policy(source=typed.source, person=request.user)
    except ProductError as error:
        return _new(request, typed.source, status=error.status, error=error)
    return redirect(f"/policies/{made.policy.slug}/draft")


@requires("policy.draft")
@require_POST
def adopt(request: SignedInRequest) -> HttpResponse:
    """A policy of another style as a file of ours in the field, with the list of what could not be mapped."""
    text, examples = (_uploaded(request, name) for name in ("text", "examples"))
    try:
        found = rules_foreign.adopt(text, request.POST.get("slug", "").strip().lower(), examples)
    except ProductError as error:
        return _new(request, text, status=error.status, error=error)
    return _new(request, found.source, found=found)


def _uploaded(request: SignedInRequest, name: str) -> str:
    file = request.FILES.get(name)
    return file.read(MOST_UPLOAD).decode("utf-8-sig", "replace") if file else ""


@requires("policy.see")
@require_safe
def policy(request: SignedInRequest, slug: str) -> HttpResponse:
    """To the version in force, else the draft, else the latest version."""
    found = reads.policy_page(slug)
    if found.published is None and found.open is not None:
        return redirect(f"/policies/{slug}/draft")
    shown = found.published or found.history[0]
    return redirect(f"/policies/{slug}/versions/{shown.number}")


@requires("policy.see")
@require_safe
def found(request: SignedInRequest, policy: UUID) -> HttpResponse:
    """From a policy's id, as notices know it, to what is in the making for those who make it, else to what is in force."""
    slug, making = reads.place_of(policy)
    makes = may(request.user.roles, "policy.draft") or may(request.user.roles, "policy.approve")
    return redirect(f"/policies/{slug}/draft" if making and makes else f"/policies/{slug}")


@requires("policy.see")
@require_safe
def version(request: SignedInRequest, slug: str, number: int) -> HttpResponse:
    """One version, its three texts, its hash, and who brought it here."""
    shown = reads.version_page(slug, number)
    context = {
        "version": shown,
        "policy": reads.policy_page(slug, most=None if request.GET.get("history") == "all" else LINES_SHOWN),
        "gate": reads_gate.gate_standing(shown.id) if shown.gate in ("emergency", "expired") else None,
        **_cases(shown.id),
        **_lengths(shown),
    }
    return render(request, "policies/version.html", context)


@requires("policy.see")
@require_http_methods(EDIT_METHODS)
def draft(request: SignedInRequest, slug: str) -> HttpResponse:
    """The version in the making; POST saves it."""
    if request.method != "POST":
        return _draft(request, slug)
    check_may(request.user, "policy.draft")
    typed = typed_by(request, reads.draft_page(slug))
    try:
        _save(request, slug, typed)
    except ProductError as error:
        return _draft(request, slug, typed=typed, error=error)
    return redirect(f"/policies/{slug}/draft")


@requires("policy.draft")
@require_POST
def start(request: SignedInRequest, slug: str) -> HttpResponse:
    """Start the next version."""
    actions.start_draft(policy=reads.policy_page(slug).id, person=request.user)
    return redirect(f"/policies/{slug}/draft")


@requires("policy.draft")
@require_POST
def propose(request: SignedInRequest, slug: str) -> HttpResponse:
    """Save what stands in the field, then freeze it and ask for approval."""
    typed = typed_by(request, reads.draft_page(slug))
    try:
        saved = _save(request, slug, typed)
        actions.propose(version=saved.pk, person=request.user, saves=saved.saves)
    except Stale as error:
        return _draft(request, slug, typed=typed, error=error)
    except ProductError as error:
        return _draft(request, slug, typed=typed.saved_now(reads.draft_page(slug)), error=error)
    return redirect(f"/policies/{slug}/draft")


@requires("policy.draft")
@require_POST
def take_back(request: SignedInRequest, slug: str) -> HttpResponse:
    """The author wants to change it after all."""
    return step(request, slug, lambda row, seen: actions.return_to_draft(version=row.id, person=request.user))


@requires("policy.approve")
@require_POST
def send_back(request: SignedInRequest, slug: str) -> HttpResponse:
    """The approver wants it changed."""
    return step(request, slug, lambda row, seen: actions.return_to_draft(version=row.id, person=request.user))


@requires("policy.approve")
@require_POST
def approve(request: SignedInRequest, slug: str) -> HttpResponse:
    """Approve exactly what the page showed."""
    return step(
        request, slug,
        lambda row, seen: actions.approve(
            version=row.id, hash=seen.hash, saves=seen.saves, cases_hash=seen.cases, person=request.user,
            gaps_signed=seen.gaps_signed,
        ),
    )  # fmt: skip


@requires("policy.publish")
@require_POST
def publish(request: SignedInRequest, slug: str) -> HttpResponse:
    """Put exactly what the page showed into force."""
    return step(
        request, slug,
        lambda row, seen: actions.publish(version=row.id, hash=seen.hash, saves=seen.saves, cases_hash=seen.cases, person=request.user),
        after=f"/policies/{slug}",
    )  # fmt: skip


@requires("policy.draft")
@require_POST
def discard(request: SignedInRequest, slug: str) -> HttpResponse:
    """Throw the draft away."""
    return step(
        request, slug, lambda row, seen: actions.discard_draft(version=row.id, person=request.user), after="/policies/"
    )  # fmt: skip


def _cases(version: UUID, *, most: int = 0) -> dict[str, Any]:
    """How many cases each section of a version has, and the first `most` of them."""
    counts = reads_cases.counts_of(version)
    return {
        "cases": reads_cases.cases_of(version, most=most) if most else (),
        "counts": counts,
        "case_count": sum(each.all for each in counts.values()),
    }


def _lengths(shown: reads.VersionPage) -> dict[str, Any]:
    """Tokens of what is sent, in all and by section, and where the meter's tick stands (0 to 100 for 0 to 800)."""
    whole = tokens.count(shown.model_text)
    by_section = {section.code: tokens.count(text) for section, text in shown.sent_sections}
    return {"tokens": whole, "tick": min(100.0, whole / 8), "section_tokens": by_section}


def step(request: SignedInRequest, slug: str, act: Any, *, after: str = "") -> HttpResponse:
    """Do one thing to the version in the making; a refusal shows the draft as it is now, with the reason."""
    row = reads.draft_page(slug)
    if row is None:
        return _draft(
            request, slug, error=Stale(_("There is no draft any more. Somebody published or discarded it."))
        )
    try:
        act(row, Seen.of(request.POST))
    except Forbidden:
        raise
    except ProductError as error:
        return _draft(request, slug, error=error)
    return redirect(after or f"/policies/{slug}/draft")


def typed_by(request: SignedInRequest, row: reads.VersionPage | None) -> Typed:
    """What the editor sent; a field that leaves the cases out gets those of the stored file back."""
    typed = Typed.of(request.POST)
    if row is None or request.POST.get("part") != "text":
        return typed
    return replace(typed, source=with_block_of(typed.source, row.source))


def gone() -> Missing:
    """What to say when there is no draft any more."""
    return Missing(_("There is no draft any more. Copy your text, start a draft and paste it there."))


def _save(request: SignedInRequest, slug: str, typed: Typed) -> Any:
    row = reads.draft_page(slug)
    if row is None:
        raise gone()
    return actions.save_draft(
        version=row.id, source=typed.source, saves=typed.saves, change_note=typed.note, person=request.user
    )


def _new(
    request: SignedInRequest,
    source: str,
    *,
    status: int = 200,
    error: ProductError | None = None,
    found: rules_foreign.Adopted | None = None,
) -> HttpResponse:
    problems = getattr(error, "problems", [])
    context = {
        "source": source,
        "error": error,
        "problems": problems,
        "gutter": gutter(source, problems),
        "found": found,
    }
    return render(request, "policies/new.html", context, status=status)


def _draft(
    request: SignedInRequest, slug: str, *, typed: Typed | None = None, error: ProductError | None = None
) -> HttpResponse:
    """The draft page; with `typed`, the field keeps it, and saving again means to replace what is stored."""
    row, policy = reads.draft_page(slug), reads.policy_page(slug, most=LINES_SHOWN)
    context: dict[str, Any] = {"policy": policy, "version": row, "typed": typed, "error": error}
    if row is not None:
        context |= _cases(row.id, most=CASES_SHOWN if row.state == "draft" else 0) | _lengths(row)
        context["path"] = reads_draft.path(row)
        context["own"] = request.user.pk in {*row.writers, row.proposer}
        context |= _editor(request, row, typed) if row.state == "draft" else _frozen(policy, row)
    return render(request, "policies/draft.html", context, status=error.status if error else 200)


def _editor(request: SignedInRequest, row: reads.VersionPage, typed: Typed | None) -> dict[str, Any]:
    """The field with what stands around it: the typed text, one's kept text on request, else the stored one."""
    kept = reads_draft.typed_copy(row.id, request.user.pk)
    wanted = kept if kept is not None and request.GET.get("typed") == "kept" else None
    source = typed.source if typed else wanted.source if wanted else row.source
    checked = reads_draft.checked(source, row.slug, row.id)
    # What was posted is shown as it was posted, with the cases if they were typed too.
    field = Typed.of(request.POST).source if typed else without_cases(source)[0]
    return {
        "source": field,
        "note": typed.note if typed else wanted.note if wanted else row.change_note,
        "differs": source != row.source,
        "stored": without_cases(row.source)[0],
        "checked": checked,
        "problems": checked.problems,
        "gutter": gutter(field, checked.problems),
        "holder": reads_draft.holder_of(row.id, request.user.pk),
        "kept": None if wanted else kept,
        "changes": word_diff(row.source, kept.source) if kept and not wanted else (),
    }


def _frozen(policy: reads.PolicyPage, row: reads.VersionPage) -> dict[str, Any]:
    """What an approver looks at: the gate, and what changes against the version in force."""
    before = policy.published
    shown = reads_versions.compare(row.slug, before.number, row.number) if before else None
    return {"gate": reads_gate.gate_standing(row.id), "shown": shown}
