"""The audit page."""

from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.audit.events import EVENTS
from reviewapp.insights import reads
from reviewapp.ui.typed import moment

NOTHING = reads.AuditPage((), None, None, 0)
FIELDS = ("subject", "verb", "who", "since", "until")


@requires("audit.see")
@require_safe
def audit(request: SignedInRequest) -> HttpResponse:
    """Events, newest first, PAGE at a time, by position; a filter that cannot be read is said, and lists nothing."""
    typed = {name: request.GET.get(name, "").strip()[:100] for name in FIELDS}
    subject, since, until = _uuid(typed["subject"]), moment(typed["since"]), moment(typed["until"])
    problems = [
        words
        for wrong, words in (
            (
                typed["subject"] and not subject,
                _("An id looks like 0190a8c1-5b7e-7c3d-9f1e-1a2b3c4d5e6f; copy it whole."),
            ),
            (typed["verb"] and typed["verb"] not in EVENTS, _("Choose an event from the list.")),
            (
                (typed["since"] and not since) or (typed["until"] and not until),
                _("Give a time as 2026-01-31 or 2026-01-31 12:00."),
            ),
        )
        if wrong
    ]
    page = NOTHING if problems else reads.audit_page(
        request.user, verb=typed["verb"], who=typed["who"], subject=subject, since=since, until=until,
        before=_number(request.GET.get("before")), after=_number(request.GET.get("after")),
    )  # fmt: skip
    context = {
        "page": page, "typed": typed, "verbs": list(EVENTS), "problems": problems, "zone": request.user.time_zone,
        "query": urlencode({name: value for name, value in typed.items() if value}),
    }  # fmt: skip
    return render(request, "insights/audit.html", context, status=422 if problems else 200)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else None
