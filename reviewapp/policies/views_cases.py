"""Pages of cases: those of a version, with their editing while it is a draft; the history of one."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.policies import actions, reads, reads_cases
from reviewapp.policies.rules_cases import MOST_IMPORT_BYTES, CaseFile, read_cases
from reviewapp.ui.errors import ProductError

ON_A_PAGE: Final = 50
_FIELDS: Final = ("section", "text", "expect", "note", "reason")


@requires("policy.see")
@require_safe
def cases(request: SignedInRequest, slug: str, number: int) -> HttpResponse:
    """The cases of one version."""
    return _page(request, slug, number)


@requires("policy.see")
@require_safe
def history(request: HttpRequest, slug: str, code: str) -> HttpResponse:
    """Every wording of one case, newest first."""
    policy = reads.policy_page(slug, most=1)
    lines = reads_cases.history_of(policy.id, code)
    return render(request, "policies/case_history.html", {"policy": policy, "code": code, "lines": lines})


@requires("case.add")
@require_POST
def add(request: SignedInRequest, slug: str, number: int) -> HttpResponse:
    """A case from scratch."""
    sent = _sent(request)
    policy = reads.policy_page(slug).id

    def act() -> None:
        actions.add_case(
            policy=policy, section=sent["section"], text=sent["text"], expect=sent["expect"], note=sent["note"],
            person=request.user,
        )  # fmt: skip

    return _done(request, slug, number, act, open_fold="add")


@requires("policy.draft")
@require_POST
def edit(request: SignedInRequest, slug: str, number: int, case: UUID) -> HttpResponse:
    """Another wording for a case, or its removal."""
    sent = _sent(request)
    version = reads.version_page(slug, number).id

    def act() -> None:
        if request.POST.get("do") == "remove":
            actions.remove_case(version=version, case=case, reason=sent["reason"], person=request.user)
        else:
            actions.edit_case(version=version, case=case, person=request.user, **sent)

    return _done(request, slug, number, act, open_fold=str(case))


@requires("policy.draft")
@require_POST
def bring(request: SignedInRequest, slug: str, number: int) -> HttpResponse:
    """A list of cases as a CSV or JSONL file."""
    version = reads.version_page(slug, number).id
    try:
        done = actions.import_cases(version=version, found=_uploaded(request), person=request.user)
    except ProductError as error:
        return _page(request, slug, number, error=error)
    return _page(request, slug, number, imported=done)


@requires("policy.draft")
@require_POST
def answer(request: SignedInRequest, slug: str, number: int, case: UUID) -> HttpResponse:
    """Take a suggested case in, or put it aside."""

    def act() -> None:
        take = request.POST.get("do") == "take"
        (actions.take_case if take else actions.decline_case)(case=case, person=request.user)

    return _done(request, slug, number, act)


def _done(
    request: SignedInRequest, slug: str, number: int, act: Callable[[], None], *, open_fold: str = ""
) -> HttpResponse:
    """Do it and go back to the list; a refusal shows the list with the reason and what was typed."""
    try:
        act()
    except ProductError as error:
        return _page(request, slug, number, error=error, typed=_sent(request), open_fold=open_fold)
    return redirect(f"/policies/{slug}/versions/{number}/cases")


def _page(request: SignedInRequest, slug: str, number: int, **more: Any) -> HttpResponse:
    version = reads.version_page(slug, number)
    counts = reads_cases.counts_of(version.id)
    section = request.GET.get("section", "")
    sent = request.GET.get("page", "1")
    page = max(1, int(sent)) if sent.isascii() and sent.isdigit() and len(sent) < 6 else 1
    found = reads_cases.cases_of(
        version.id, section=section or None, first=(page - 1) * ON_A_PAGE, most=ON_A_PAGE + 1
    )
    error = more.get("error")
    context = {
        "version": version,
        "policy": reads.policy_page(slug, most=1),
        "cases": found[:ON_A_PAGE],
        "counts": counts.values(),
        "case_count": sum(each.all for each in counts.values()),
        "section": section,
        "page": page,
        "more": len(found) > ON_A_PAGE,
        "waiting": reads_cases.waiting_for(version.policy_id) if version.state == "draft" else (),
        **more,
    }
    return render(request, "policies/cases.html", context, status=error.status if error else 200)


def _sent(request: SignedInRequest) -> dict[str, str]:
    return {name: request.POST.get(name, "").replace("\r\n", "\n") for name in _FIELDS}


def _uploaded(request: SignedInRequest) -> CaseFile:
    file = request.FILES.get("file")
    if file is None:
        raise ProductError(_("Choose a CSV or JSONL file first."))
    return read_cases(file.read(MOST_IMPORT_BYTES + 1), file.name or "")
