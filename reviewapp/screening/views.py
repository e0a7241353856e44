"""Pages about machines: the engine, its chip in the top bar, and the prefilter with its switches."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from reviewapp.accounts.access import SignedInRequest, check_may, requires
from reviewapp.audit.actions import Actor
from reviewapp.screening import actions, reads_machines, reads_prompts
from reviewapp.screening.actions.scoring import BadSwitch


@requires("engine.see")
@require_safe
def engine(request: HttpRequest) -> HttpResponse:
    """Every configured reasoner, what waits for it, and what went wrong in the last hour."""
    return render(request, "screening/engine.html", {"page": reads_machines.engine_page()})


@requires("engine.see")
@require_safe
def chip(request: HttpRequest) -> HttpResponse:
    """The top bar's word about the reasoner, polled by every page."""
    return render(request, "screening/chip.html", {"chip": reads_machines.chip()})


@requires("policy.see")
@require_safe
def prompt(request: HttpRequest, version: UUID) -> HttpResponse:
    """The whole request that a policy version sends, with a place where the item stands; a fragment of its page."""
    return render(request, "screening/prompt.html", {"prompt": reads_prompts.prompt_of(version)})


@requires("prefilter.see")
def prefilter(request: SignedInRequest) -> HttpResponse:
    """The model in force and its figures; an admin sets the switch and the sample share here."""
    if request.method == "POST":
        check_may(request.user, "prefilter.switch")
        try:
            percent = float(request.POST.get("sample_percent", "").replace(",", "."))
        except ValueError:
            raise BadSwitch("The sample share is a number from 0 to 100, such as 2.") from None
        actions.switch_prefilter(
            send_everything_on=request.POST.get("send_everything_on") == "on",
            sample_share=percent / 100,
            actor=Actor.person(request.user.pk),
        )
        messages.success(request, "Saved. It holds for every item from now on.")
        return redirect("prefilter")
    return render(request, "screening/prefilter.html", {"page": reads_machines.prefilter_page()})
