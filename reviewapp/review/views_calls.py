"""My last 50 with replacing one's own call, and the catalogue of actions."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.review import actions, reads_actions, reads_calls, reads_desk, reads_record, rules_actions
from reviewapp.review.forms import finding_of, typed_of
from reviewapp.review.rules import REASONS
from reviewapp.review.rules_actions import ActionChoice
from reviewapp.ui.errors import ProductError


@requires("queue.work")
@require_safe
def last_calls(request: SignedInRequest) -> HttpResponse:
    """`/settings/calls`: one's own calls, newest first."""
    return render(request, "review/calls.html", {"calls": reads_calls.last_calls(request.user)})


@requires("queue.work")
@require_http_methods(["GET", "HEAD", "POST"])
def replace(request: SignedInRequest, decision: UUID) -> HttpResponse:
    """`/decisions/{id}/replace`: another call in the place of one's own, with a reason."""
    record = reads_record.decision_record(decision)
    typed = typed_of(request.POST)
    problem = ""
    status = 200
    if request.method == "POST":
        try:
            label, sections = finding_of(typed)
            new = actions.replace_own(
                decision=decision, label=label, sections=sections, action=typed.action, reason=typed.reason,
                person=request.user,
            )  # fmt: skip
        except ProductError as wrong:
            problem, status = wrong.message, wrong.status
        else:
            return HttpResponseRedirect(f"/decisions/{new}")
    context = {
        "record": record, "typed": typed, "problem": problem, "policies": reads_desk.all_sections(),
        "catalogue": reads_actions.catalogue(),
    }  # fmt: skip
    return render(request, "review/replace.html", context, status=status)


@requires("item.reopen")
@require_POST
def reopen(request: SignedInRequest, decision: UUID) -> HttpResponse:
    """`/decisions/{id}/reopen`: its item is decided once more."""
    record, said = reads_record.decision_record(decision), request.POST.get("why", "")
    try:
        actions.reopen(item=record.decision.item_id, reason=said, person=request.user)
    except ProductError as wrong:
        context = {"record": record, "problem": wrong.message, "said": said}
        return render(request, "review/decision.html", context, status=wrong.status)
    actions.admit(limit=100)
    return HttpResponseRedirect(f"/review/{record.decision.item_id}")


@requires("actions.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def catalogue(request: SignedInRequest) -> HttpResponse:
    """`/actions/`: what decisions can do; POST adds an action or changes one."""
    context: dict[str, Any] = {
        "catalogue": reads_actions.catalogue(), "restrictions": rules_actions.RESTRICTIONS,
        "requirable": rules_actions.REQUIRABLE, "severities": (1, 2, 3, 4), "said": request.POST,
    }  # fmt: skip
    if request.method != "POST":
        edited = next((each for each in context["catalogue"] if each.code == request.GET.get("edit")), None)
        context |= {"edited": edited, "code": edited.code if edited else ""}
        return render(request, "review/actions.html", context)
    choice, code = _choice(request), request.POST.get("edited", "")
    try:
        actions.save_action(
            choice=choice, active="retire" not in request.POST, person=request.user, new=not code
        )
    except ProductError as problem:
        context |= {"problem": problem.message, "edited": choice, "code": code}
        return render(request, "review/actions.html", context, status=problem.status)
    return HttpResponseRedirect("/actions/")


@requires("actions.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def usual(request: SignedInRequest) -> HttpResponse:
    """`/actions/sections`: what calls on each section do, and why, unless the person says otherwise; POST saves a policy's."""
    if request.method != "POST":
        return _usual(request, saved=request.GET.get("saved", ""))
    said = request.POST
    sections = [name.removeprefix("action-") for name in said if name.startswith("action-")]
    try:
        actions.save_usual(
            policy=said.get("policy", ""), person=request.user,
            usual={code: (said.get(f"action-{code}", ""), said.get(f"reason-{code}", "")) for code in sections},
        )  # fmt: skip
    except ProductError as problem:
        return _usual(request, problem=problem.message, status=problem.status)
    return HttpResponseRedirect(f"/actions/sections?{urlencode({'saved': said.get('policy', '')})}")


def _usual(request: SignedInRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {
        "pages": reads_actions.usual_pages(), "reasons": REASONS,
        "choices": [each for each in reads_actions.catalogue() if rules_actions.may_be_usual(each)], **more,
    }  # fmt: skip
    return render(request, "review/usual.html", context, status=status)


def _choice(request: HttpRequest) -> ActionChoice:
    said = request.POST
    return ActionChoice(
        code=said.get("edited") or said.get("code", "").strip(), label=said.get("label", "").replace("\x00", ""),
        restriction=said.get("restriction", ""), days=_number(said.get("days", "")),
        territories=tuple(said.get("territories", "").replace(",", " ").upper().split()),
        requires=tuple(said.getlist("requires")), severities=tuple(_number(each) for each in said.getlist("severity")),
        second="second" in said,
    )  # fmt: skip


def _number(said: str) -> int:
    """A whole number; what is none becomes one that no action may have."""
    if not said:
        return 0
    return int(said) if said.isascii() and said.isdigit() and len(said) < 6 else 99_999
