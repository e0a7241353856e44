"""Pages and steps around whole versions: beside each other, past the gate, at an hour, out of force, back again."""

from datetime import datetime
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.policies import actions, reads, reads_gate, reads_versions
from reviewapp.policies.forms import Seen
from reviewapp.policies.rules_gate import WaiverKind
from reviewapp.policies.views import step
from reviewapp.ui.errors import Missing, ProductError

LAYOUTS: Final = {"side": gettext_lazy("Side by side"), "inline": gettext_lazy("In line")}


@requires("policy.see")
@require_safe
def compare(request: HttpRequest, slug: str, before: int, after: int) -> HttpResponse:
    """Two versions, word by word, with what their cases do."""
    text = request.GET.get("text", "model")
    layout = request.GET.get("layout", "side")
    shown = reads_versions.compare(slug, before, after, text if text in reads_versions.TEXTS else "model")
    context = {
        "policy": reads.policy_page(slug),
        "shown": shown,
        "texts": reads_versions.TEXTS,
        "layouts": LAYOUTS,
        "layout": layout if layout in LAYOUTS else "side",
        "whole": request.GET.get("all") == "yes",
    }
    return render(request, "policies/compare.html", context)


@requires("policy.see")
@require_safe
def choose(request: HttpRequest, slug: str) -> HttpResponse:
    """From the two menus of the compare page to its address."""
    numbers = [request.GET.get(name, "") for name in ("before", "after")]
    if not all(number.isascii() and number.isdigit() and len(number) < 9 for number in numbers):
        raise Missing(_("Choose two versions from the list."))
    return redirect(f"/policies/{slug}/versions/{int(numbers[0])}/diff/{int(numbers[1])}")


@requires("policy.draft")
@require_POST
def bring_back(request: SignedInRequest, slug: str, number: int) -> HttpResponse:
    """Start a draft from an old text; it comes into force as any other, through its gate and a second person."""
    actions.start_draft(policy=reads.policy_page(slug).id, person=request.user, number=number)
    return redirect(f"/policies/{slug}/draft")


@requires("policy.publish")
@require_POST
def retire(request: SignedInRequest, slug: str) -> HttpResponse:
    """Take the policy out of force; nothing is judged by it from then on."""
    actions.retire(policy=reads.policy_page(slug).id, person=request.user)
    return redirect(f"/policies/{slug}")


@requires("policy.publish")
@require_POST
def schedule(request: SignedInRequest, slug: str) -> HttpResponse:
    """Let the approved version come into force at an hour of the person's own zone."""
    at = _hour(request.POST.get("at", ""))
    return step(
        request, slug,
        lambda row, seen: actions.schedule(
            version=row.id, hash=seen.hash, saves=seen.saves, at=at, person=request.user
        ),
    )  # fmt: skip


@requires("policy.publish")
@require_POST
def unschedule(request: SignedInRequest, slug: str) -> HttpResponse:
    """Take the hour back."""
    return step(request, slug, lambda row, seen: actions.unschedule(version=row.id, person=request.user))


@requires("policy.see")
@require_POST
def ask_waiver(request: SignedInRequest, slug: str) -> HttpResponse:
    """Ask for a way past the gate."""
    sent = request.POST.get("kind", "")
    kind = WaiverKind.EMERGENCY if sent == WaiverKind.EMERGENCY else WaiverKind.OVERRIDE
    reason = request.POST.get("reason", "")
    return step(
        request, slug,
        lambda row, seen: actions.ask_waiver(version=row.id, kind=kind, reason=reason, person=request.user),
    )  # fmt: skip


@requires("policy.approve")
@require_POST
def grant_waiver(request: SignedInRequest, slug: str) -> HttpResponse:
    """Grant it, as the second person."""

    def grant(row: reads.VersionPage, seen: Seen) -> None:
        waiver = reads_gate.gate_standing(row.id).waiver
        if waiver is None:
            raise Missing(_("Nobody asked to pass the gate, or the text changed since. Reload the page."))
        actions.grant_waiver(waiver=waiver.id, person=request.user)

    return step(request, slug, grant)


@requires("policy.approve")
@require_POST
def sign_gaps(request: SignedInRequest, slug: str, number: int) -> HttpResponse:
    """Sign for too few cases, also after an emergency publication."""
    report = reads_gate.gate_standing(reads.version_page(slug, number).id).report
    if report is None:
        raise Missing(_("No gate has been run on this version. Run it first."))
    actions.sign_gaps(report=report.id, person=request.user)
    return redirect(f"/policies/{slug}/versions/{number}")


def _hour(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ProductError(_("Choose a date and an hour. The version stays approved.")) from error
    return timezone.make_aware(at) if timezone.is_naive(at) else at
