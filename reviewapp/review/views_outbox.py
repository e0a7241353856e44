"""The fragment that shows an admin what a webhook says."""

import json
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from reviewapp.accounts.access import SignedInRequest, requires
from reviewapp.review import reads_outbox
from reviewapp.webhooks import reads as outbox


@require_safe
@requires("webhooks.manage")
def told(request: SignedInRequest, delivery: UUID) -> HttpResponse:
    """`/deliveries/{id}/body`: the body as it would be sent now."""
    row = outbox.delivery(delivery)
    body = reads_outbox.bodies([row])[row.pk]
    return render(
        request, "review/told.html", {"body": json.dumps(body, ensure_ascii=False, indent=1, default=str)}
    )
