"""Routing rules, trying an item against them, and the settings of a queue."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.review import actions, reads, reads_languages, reads_routing
from reviewapp.review.actions.routing import LISTS
from reviewapp.review.forms import id_of
from reviewapp.ui.errors import ProductError


@requires("routing.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def routing(request: SignedInRequest) -> HttpResponse:
    """`/routing/`: the rules in their order; POST saves, moves or drops one, or moves what waits in the wrong queue.

    With `preview` it says what saving the rule would do, and saves nothing. `?remove=` asks before a rule is dropped.
    """
    if request.method == "POST":
        try:
            if "preview" in request.POST:
                return _page(request, preview=reads_routing.preview(**_rule(request)))
            _change(request)
        except ProductError as problem:
            return _page(request, problem=problem.message, status=problem.status)
        return HttpResponseRedirect("/routing/")
    page = reads_routing.routing()
    edited = next((line for line in page.lines if str(line.rule.pk) == request.GET.get("edit")), None)
    dropping = next(
        (line for line in page.lines[:-1] if str(line.rule.pk) == request.GET.get("remove")), None
    )
    said = _as_said(edited) if edited else _said(request.POST)
    return _page(request, page=page, said=said, dropping=dropping)


@requires("routing.manage")
@require_safe
def try_item(request: SignedInRequest) -> HttpResponse:
    """`/routing/try?item=`: which rule takes this item, and why the ones above do not."""
    typed = request.GET.get("item", "")
    try:
        tried = reads_routing.tried(typed)
    except ProductError as problem:
        return _page(request, try_problem=problem.message, try_typed=typed, status=problem.status)
    return _page(request, tried=tried, try_typed=typed)


@requires("queue.manage")
@require_POST
def queue_settings(request: SignedInRequest, slug: str) -> HttpResponse:
    """Change target, undo window, blind share, order and who may work a queue."""
    queue, lines, others = reads.queue_members(slug)
    said = request.POST
    changes: dict[str, int | bool] = {
        name: _number(said.get(name, "")) for name in ("target_minutes", "undo_seconds", "blind_percent")
    }
    changes |= {name: name in said for name in ("oldest_first", "members_only", "translates")}
    try:
        actions.change_queue(queue=queue.pk, changes=changes, person=request.user)
    except ProductError as problem:
        context = {
            "queue": queue,
            "members": lines,
            "others": others,
            "problem": problem.message,
            "said": said,
        }
        context |= {"languages": reads_languages.queue_languages(queue)}
        return render(request, "review/members.html", context, status=problem.status)
    return HttpResponseRedirect(f"/queues/{slug}/members")


def _change(request: SignedInRequest) -> None:
    said = request.POST
    if "reroute" in said:
        actions.reroute(person=request.user)
        return
    rule = id_of(said, "rule", _("This rule is gone. Reload the page.")) if said.get("rule") else None
    if "up" in said and rule:
        actions.move_rule(rule=rule, person=request.user)
    elif "drop" in said and rule:
        actions.drop_rule(rule=rule, person=request.user)
    else:
        actions.save_rule(**_rule(request), person=request.user)


def _rule(request: HttpRequest) -> dict[str, Any]:
    """The rule that the form holds: which one (None: a new one), its conditions, its queue."""
    said = request.POST
    return {
        "rule": id_of(said, "rule", _("This rule is gone. Reload the page.")) if said.get("rule") else None,
        "conditions": _conditions(request),
        "queue": id_of(said, "queue", _("Choose a queue.")),
    }


def _conditions(request: HttpRequest) -> dict[str, Any]:
    said = request.POST
    lists = {name: [part.strip() for part in said.get(name, "").split(",") if part.strip()] for name in LISTS}
    return lists | {"severity_from": _number(said.get("severity_from") or "0")}


def _number(said: str) -> int:
    return int(said) if said.isascii() and said.isdigit() and len(said) < 6 else -1


def _said(data: QueryDict) -> dict[str, str]:
    """What was typed into the form of a rule, every field there."""
    return {name: data.get(name, "") for name in (*LISTS, "rule", "severity_from", "queue")}


def _as_said(line: reads_routing.RuleLine) -> dict[str, str]:
    """A rule as its form would send it."""
    rule = line.rule
    return {name: ", ".join(getattr(rule, name)) for name in LISTS} | {
        "rule": str(rule.pk),
        "severity_from": str(rule.severity_from),
        "queue": str(rule.queue_id),
    }


def _page(request: SignedInRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {"said": _said(request.POST), "tried": None, **more}
    context.setdefault("page", reads_routing.routing())
    lines = context["page"].lines
    number = next((line.number for line in lines if str(line.rule.pk) == context["said"]["rule"]), None)
    return render(request, "review/routing.html", context | {"number": number}, status=status)
