"""Pages about machines: the engine, its chip in the top bar, and the prefilter with its switches."""

from math import isfinite, nan
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from reviewapp.accounts.access import SignedInRequest, check_may, requires
from reviewapp.accounts.rules import may
from reviewapp.audit.actions import Actor
from reviewapp.screening import (
    actions,
    reads_changes,
    reads_engine,
    reads_machines,
    reads_prompts,
    reads_trust,
)
from reviewapp.screening.actions import ReasonerSettings
from reviewapp.screening.actions.scoring import BadSwitch
from reviewapp.screening.actions.steering import BadSetting
from reviewapp.ui.errors import Missing, ProductError

SEVERITIES: Final = (
    (1, gettext_lazy("1 and higher")), (2, gettext_lazy("2 and higher")), (3, gettext_lazy("3 and higher")), (4, "4"),
    (5, pgettext_lazy("severity", "none")),
)  # fmt: skip


@requires("engine.see")
@require_safe
def engine(request: SignedInRequest) -> HttpResponse:
    """Every configured reasoner, what waits for it, what it costs, and what went wrong in the last hour."""
    return _engine(request)


@requires("engine.manage")
def pause(request: SignedInRequest, endpoint: int) -> HttpResponse:
    """Ask how to pause one engine and why, then do it; what was typed stays when it cannot be done."""
    if request.method != "POST":
        return _engine(request, pausing=_row(endpoint), typed={"drop": ""})
    typed = {name: request.POST.get(name, "") for name in ("drop", "reason", "minutes")}
    try:
        minutes = int(typed["minutes"]) if typed["minutes"] else None
    except ValueError:
        raise BadSetting(_("Choose from the list how long the pause lasts.")) from None
    try:
        actions.pause_engine(
            endpoint=endpoint, reason=typed["reason"], drop=typed["drop"] == "yes", minutes=minutes,
            person=request.user,
        )  # fmt: skip
    except BadSetting as wrong:
        return _engine(request, wrong, pausing=_row(endpoint), typed=typed)
    messages.success(request, _("Paused. Nothing more is claimed for it; what waits stays in line."))
    return redirect("engine")


@requires("engine.manage")
@require_POST
def resume(request: SignedInRequest, endpoint: int) -> HttpResponse:
    """Let a paused engine go on."""
    actions.resume_engine(endpoint=endpoint, person=request.user)
    messages.success(request, _("Resumed."))
    return redirect("engine")


@requires("engine.manage")
@require_POST
def engine_settings(request: SignedInRequest) -> HttpResponse:
    """Keep the price, the rules of second looks and the canary's limit; what was typed stays when it makes no sense."""
    form = request.POST
    try:
        wanted = ReasonerSettings(
            engine_hour_price=_number(form.get("price", "0")),
            second_look_on=form.get("second_look_on") == "on",
            second_look_severity=int(_number(form.get("severity", ""))),
            second_look_doubtful=form.get("doubtful") == "on",
            second_look_times=int(_number(form.get("times", ""))),
            escalate_on=form.get("escalate_on") == "on",
            canary_share=_number(form.get("canary_percent", "")) / 100,
        )
        actions.set_reasoner(wanted=wanted, person=request.user)
    except BadSetting as wrong:
        return _engine(request, wrong, typed=form.dict())
    messages.success(request, _("Saved. It holds for every verdict from now on."))
    return redirect("engine")


@requires("engine.manage")
@require_POST
def accept(request: SignedInRequest, canary: UUID) -> HttpResponse:
    """Trust an engine that answers the golden set differently; the reason that was typed stays when it is too long."""
    reason = request.POST.get("reason", "")
    try:
        actions.accept_canary(canary=canary, reason=reason, person=request.user)
    except BadSetting as wrong:
        return _engine(request, wrong, typed={"accept": reason})
    messages.success(
        request, _("Accepted. Automatic outcomes go on; the next engine is compared with this one.")
    )
    return redirect("engine")


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
            raise BadSwitch(_("The sample share is a number from 0 to 100, such as 2.")) from None
        actions.switch_prefilter(
            send_everything_on=request.POST.get("send_everything_on") == "on",
            sample_share=percent / 100,
            actor=Actor.person(request.user.pk),
        )
        messages.success(request, _("Saved. It holds for every item from now on."))
        return redirect("prefilter")
    return render(request, "screening/prefilter.html", {"page": reads_machines.prefilter_page()})


def _engine(request: SignedInRequest, wrong: ProductError | None = None, **more: Any) -> HttpResponse:
    page = reads_engine.engine_page()
    found: dict[str, Any] = {
        "page": page, "changes": reads_changes.changes(), "trouble": wrong, "points": _points(page.chart),
        "severities": SEVERITIES, "looks": reads_trust.look_cost(), "held": reads_trust.automatic_outcomes_held(),
        "sections": reads_trust.instability_by_section(),
        "unread": reads_engine.unread_answers() if may(request.user.roles, "engine.manage") else (),
        "canary_percent": f"{100 * page.settings.canary_share:g}",
    }  # fmt: skip
    if pausing := more.get("pausing"):
        found["others"] = sum(
            each.rate for each in page.engines if each.endpoint != pausing.endpoint and each.tone == "good"
        )
    return render(request, "screening/engine.html", found | more, status=wrong.status if wrong else 200)


def _row(endpoint: int) -> reads_engine.EngineRow:
    rows = reads_engine.engine_rows()
    if endpoint >= len(rows):
        raise Missing(_("REASONER_URL has no engine at this place. Look at the engine page."))
    return rows[endpoint]


def _number(typed: str) -> float:
    try:
        number = float(typed.replace(",", "."))
    except ValueError:
        number = nan
    if not isfinite(number):
        raise BadSetting(
            _("%(typed)s is not a number. Type digits, such as 2.5.") % {"typed": typed[:20]}
            if typed.strip()
            else _("A number is missing. Fill in every field; 0 is a number too.")
        )
    return number


def _points(rates: tuple[float, ...]) -> str:
    """The chart's line, in a drawing of 600 by 112 with a scale that ends at the highest rate."""
    most = max(rates, default=0.0) or 1.0
    step = 564 / max(len(rates) - 1, 1)
    return " ".join(
        f"{10 + step * place:.0f},{90 - 68 * rate / most:.0f}" for place, rate in enumerate(rates)
    )
