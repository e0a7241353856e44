"""RQ entry points of this room."""

from reviewapp.review import reads_outbox
from reviewapp.webhooks import dispatch


def deliver_webhooks() -> int:
    """Post the deliveries that are due; gives how many posts were made."""
    return dispatch.deliver(bodies=reads_outbox.bodies)
