"""Whether each verdict came of exactly the words of its own version."""

from uuid import UUID

from django.db.models import QuerySet

from inference.prompt import messages, prompt_hash
from reviewapp.intake import reads as intake
from reviewapp.screening.actions.leases import item_text, policy_text
from reviewapp.screening.models import Verdict


def mixed(verdicts: QuerySet[Verdict]) -> list[UUID]:
    """Verdicts on items whose stored prompt is another than their item under their version's text gives, or whose hash differs."""
    # The canary asks about texts of its own, under the same versions.
    rows = list(verdicts.filter(item__isnull=False).select_related("item", "version"))
    contents = intake.contents([row.item_id for row in rows if row.item_id])
    policies = {version: policy_text(version) for version in {row.version_id for row in rows}}
    found = []
    for row in rows:
        assert row.item is not None
        policy = policies[row.version_id]
        sent = messages(policy, item_text(row.item.pk, contents[row.item.pk], row.item.language))
        if row.prompt_hash != prompt_hash(sent) or row.policy_hash != policy.hash:
            found.append(row.pk)
    return found
