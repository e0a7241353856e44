"""Policy pages at their limits: a version's page with 200 versions and 5,000 cases, a diff of two 10,000-token texts."""

import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.test import Client

from reviewapp.audit.actions import OPERATOR
from reviewapp.ids import new_id
from reviewapp.policies import actions, tokens
from reviewapp.policies.models import CaseList, Section, Version
from reviewapp.policies.rules_cases import read_cases
from reviewapp.policies.rules_diff import word_diff
from tests.bench.measure import Figure, percentile, seconds
from tests.cast import Cast, gather

VERSIONS: Final = 200
CASES: Final = 5_000
REQUESTS: Final = 60
PAGE_MS: Final = 150.0
DIFF_MS: Final = 200.0
CHECK_MS: Final = 150.0
"""What remains of 300 ms after the pause of 150 ms that the editor waits for."""


def policy_pages(database: str) -> Iterator[Figure]:
    """p95 of the pages in this process, on the database, each against its limit in milliseconds."""
    cast = gather()
    draft = _long_history(cast)
    client = Client(SERVER_NAME="localhost")
    client.force_login(cast.bo, backend="allauth.account.auth_backends.AuthenticationBackend")
    for name, what, url, limit in (
        ("P1 version page", "with 200 versions and 5,000 cases", "/policies/spam/versions/1", PAGE_MS),
        ("P2 cases page", "50 of 5,000 cases", f"/policies/spam/versions/{draft.number}/cases", PAGE_MS),
        ("P3 editor", "with 5,000 cases", "/policies/spam/draft", PAGE_MS),
    ):
        times = [seconds(lambda: _good(client.get(url))) for _ in range(REQUESTS + 1)]  # noqa: B023
        yield _within(name, what, times[1:], limit)
    sent = {"source": draft.source.partition("```cases")[0], "part": "text", "saves": "0", "note": ""}
    typed = [sent | {"source": f"{sent['source']}{number}"} for number in range(REQUESTS)]
    checks = [seconds(lambda: _good(client.post("/policies/spam/draft/check", each))) for each in typed]  # noqa: B023
    yield _within("P4 check", "findings and tokens of a changed text with 5,000 cases", checks, CHECK_MS)
    yield from _diffs()


def _good(answer: Any) -> None:
    """An error page is fast, and no figure."""
    if answer.status_code != 200:
        raise AssertionError(f"{answer.request['PATH_INFO']} answered {answer.status_code}")


def _long_history(cast: Cast) -> Version:
    """200 versions of one policy, each with 5,000 cases and its sections, the last one a draft."""
    seed = (Path(settings.BASE_DIR) / "policies_seed" / "spam.md").read_text(encoding="utf-8")
    first = actions.import_policy(source=seed, actor=OPERATOR, publish=True)
    draft = actions.start_draft(policy=first.policy_id, person=cast.bo)
    lines = "\n".join(
        f'{{"section": "SP-{1 + number % 4}.1", "text": "Offer number {number} for you and yours", "expect": "violates"}}'
        for number in range(CASES)
    )
    actions.import_cases(version=draft.pk, found=read_cases(lines.encode(), "a.jsonl"), person=cast.bo)
    cases = CaseList.objects.get(version=draft).cases
    CaseList.objects.filter(version=first).update(cases=cases)
    sections = list(first.sections.all())
    Version.objects.filter(pk=draft.pk).update(number=VERSIONS)
    for number in range(2, VERSIONS):
        row = Version.objects.get(pk=first.pk)
        row.pk, row.number, row.state = new_id(), number, "retired"
        row.save(force_insert=True)
        CaseList.objects.create(version=row, cases=cases)
        for section in sections:
            section.pk, section.version = new_id(), row
        Section.objects.bulk_create(sections)
    draft.refresh_from_db()
    return draft


def _diffs() -> Iterator[Figure]:
    """Two texts of 10,000 tokens: with scattered edits, and with nothing in common but words."""
    words = [f"word{number * 7919 % 911}" for number in range(5_000)]
    edited = [f"new{at}" if at % 12 == 0 else word for at, word in enumerate(words)]
    others = [f"word{number * 104729 % 911}" for number in range(5_000)]
    for name, texts in (("P5 diff, edited", (words, edited)), ("P6 diff, unlike", (words, others))):
        old, new = (" ".join(each) for each in texts)
        length = min(tokens.count(old), tokens.count(new))
        times = [seconds(lambda: word_diff(old, new)) for _ in range(20)]  # noqa: B023
        yield _within(name, f"two texts of {length:,} tokens", times, DIFF_MS)


def _within(name: str, what: str, times: Sequence[float], limit: float) -> Figure:
    ranked = [each * 1_000 for each in times]
    p95 = percentile(ranked, 0.95)
    return Figure(
        name, f"{what}, p95 ÷ limit", p95, limit, p95 / limit, (min(ranked) / limit, max(ranked) / limit), "≤ 1",
        p95 <= limit, "ms", {"median": f"{statistics.median(ranked):.0f} ms"},
    )  # fmt: skip
