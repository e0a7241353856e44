"""Whether a machine may act alone: the canary's word on the engines, and how stable the verdicts of an item are."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from inference.intervals import clopper_pearson
from reviewapp.screening import rules_trust
from reviewapp.screening.models import Circuit, CurrentVerdict, Judgement, Stability
from reviewapp.screening.rules_canary import TRUSTED
from reviewapp.screening.rules_trust import Said

DAYS: Final = 30


def automatic_outcomes_held() -> str:
    """Why no outcome may be automatic now, in words; empty when every engine in use is trusted by its canary."""
    rows = Circuit.objects.filter(engine__isnull=False, endpoint__lt=len(settings.REASONER_URLS))
    for row in rows.select_related("engine").order_by("endpoint"):
        latest = row.engine.canaries.order_by("-started_at").first() if row.engine else None
        if (
            latest is None
            or (row.engine_since and latest.started_at < row.engine_since)
            or latest.state == "running"
        ):
            return _("%(engine)s has not answered the golden set yet") % {
                "engine": f"engine-{row.endpoint + 1}"
            }
        if latest.state not in TRUSTED:
            return _("%(engine)s answers differently than the engine before; an admin has to accept it") % {
                "engine": f"engine-{row.endpoint + 1}"
            }
    return ""


def why_people_decide(item_ids: Sequence[UUID]) -> dict[UUID, str]:
    """For each item why no machine may close it, in words; empty where nothing speaks against it.

    Beside this the published version has to allow it. See `rules_trust` for what keeps an item for people.
    """
    held = automatic_outcomes_held()
    said: dict[UUID, list[Said]] = defaultdict(list)
    answered = set()
    for row in CurrentVerdict.objects.filter(item__in=item_ids).select_related("verdict"):
        each = row.verdict
        answered.add((row.item_id, row.policy_id))
        said[row.item_id].append(
            Said(
                each.label, each.confidence, each.injection_suspected, each.dropped_quotes, len(each.unknown_sections)
            )
        )  # fmt: skip
    asked = Judgement.objects.filter(item__in=item_ids, run__kind="live").exclude(state="done")
    unanswered = {
        item
        for item, policy in asked.values_list("item_id", "version__policy_id")
        if (item, policy) not in answered
    }
    looks = Judgement.objects.filter(
        item__in=item_ids, run__kind="second_look", state__in=["pending", "leased"]
    )
    looking = set(looks.values_list("item_id", flat=True))
    unstable = set(
        Stability.objects.filter(item__in=item_ids, unstable=True).values_list("item_id", flat=True)
    )
    return {
        item: rules_trust.why_people_decide(
            said[item], unanswered=item in unanswered, looking=item in looking, unstable=item in unstable, held=held
        )
        for item in item_ids
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class SectionStability:
    """Of `n` items whose first verdict cited the section and that were judged again, how many were unstable; empty: none cited.

    `low` and `high`: two-sided 95 % Clopper-Pearson interval of the share.
    """

    policy: str
    section: str
    n: int
    unstable: int
    low: float
    high: float

    @property
    def interval(self) -> str:
        """The interval in per cent."""
        return f"{100 * self.low:.0f}–{100 * self.high:.0f} %"


def instability_by_section(*, days: int = DAYS, limit: int = 20) -> list[SectionStability]:
    """The sections whose verdicts differ most often when they are asked again, most unstable items first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT p.slug, code, count(*), count(*) FILTER (WHERE s.unstable)
            FROM screening_stability s JOIN policies_version v ON v.id = s.version_id
            JOIN policies_policy p ON p.id = v.policy_id
            CROSS JOIN unnest(CASE WHEN s.sections = '{}' THEN ARRAY[''] ELSE s.sections END) AS code
            WHERE s.at > now() - make_interval(days => %s)
            GROUP BY 1, 2 ORDER BY 4 DESC, 3 DESC, 1, 2 LIMIT %s
            """,
            [days, limit],
        )
        rows = cursor.fetchall()
    return [
        SectionStability(slug, code, n, unstable, *clopper_pearson(unstable, n))
        for slug, code, n, unstable in rows
    ]


@dataclass(frozen=True, slots=True)
class LookCost:
    """What second looks of the last 24 hours added: calls beside verdicts in all."""

    looks: int
    verdicts: int
    unstable: int

    @property
    def percent(self) -> float | None:
        """Second looks for each hundred verdicts."""
        return 100 * self.looks / self.verdicts if self.verdicts else None


def look_cost() -> LookCost:
    """Second looks, all verdicts and unstable items of the last 24 hours."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (SELECT coalesce(sum(looks - 1), 0) FROM screening_stability WHERE at > now() - interval '24 hours'),
                   (SELECT coalesce(sum(verdicts), 0) FROM screening_engineminute
                    WHERE minute > now() - interval '24 hours'),
                   (SELECT count(*) FROM screening_stability WHERE unstable AND at > now() - interval '24 hours')
            """
        )
        looks, verdicts, unstable = cursor.fetchone()
    return LookCost(int(looks), int(verdicts), int(unstable))
