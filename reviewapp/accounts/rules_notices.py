"""What the product tells people inside itself: the closed list of notices, their words and where they lead. Pure."""

from dataclasses import dataclass
from typing import Final

NOTICE_DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """One kind: an icon, a sentence, what to do, and a path.

    `{who}` is whoever caused it, `{name}` what it is about (never words of an item), `{items}` how many, `{about}` an id.
    """

    icon: str
    words: str
    hint: str
    path: str
    group: str


_ITEM: Final = "/review/{about}"
_POLICY: Final = "/policies/of/{about}"

NOTICES: Final[dict[str, NoticeKind]] = {
    "handed_over": NoticeKind("hand", "{who} handed you an item", "It waits for you, with a note.", _ITEM, "handed"),
    "hold_ended": NoticeKind("timer", "An item that you held is back", "It waits for you first, then for anybody.", _ITEM, "handed"),
    "taken_over": NoticeKind(
        "replace", "{who} took over an item from you", "What you typed is kept as your draft.", _ITEM, "handed"
    ),
    "mentioned": NoticeKind("user", "{who} mentioned you in a note", "The note stands on the item.", _ITEM, "mentions"),
    "escalated": NoticeKind("flag", "{who} escalated an item to you", "You are on call. Its clock runs.", _ITEM, "urgent"),
    "escalation_waits": NoticeKind(
        "triangle-alert", "An escalation waits and its clock ran out", "Nobody has taken it. You are next on call.", _ITEM, "urgent"
    ),
    "restricted": NoticeKind("lock", "{who} restricted an item", "You are cleared to open it; each view is logged.", _ITEM, "urgent"),
    "second_needed": NoticeKind("users", "An interim limit waits for a second person", "Confirm it or lift it.", _ITEM, "urgent"),
    "target_missed": NoticeKind(
        "timer", "{name}: {items} passed the time target", "Counted since you last read this. What waits is in the queue.",
        "/queues/{about}", "urgent",
    ),
    "support_offered": NoticeKind(
        "heart-pulse", "What you escalated was heavy", "Take a break or a lighter queue, without a reason; or ask to talk.",
        "/settings/care", "care",
    ),
    "support_asked": NoticeKind("heart-pulse", "{who} would like to talk to somebody", "Reach out to them in person.", "/", "urgent"),
    "exposure_reached": NoticeKind(
        "heart-pulse", "You reached your exposure limit for this shift", "Lighter items come until your next shift.", "/settings/care", "care"
    ),
    "exposure_of_member": NoticeKind(
        "heart-pulse", "{who} reached the exposure limit for this shift", "Lighter items come to them. Offer a break or other work.",
        "/", "urgent",
    ),
    "exception_due": NoticeKind("scale", "An exception that you granted is due for review", "Keep it or replace the decision.", "/decisions/{about}", "decisions"),
    "decision_replaced": NoticeKind("replace", "Your call was replaced", "Open it to see by what and why.", "/decisions/{about}", "decisions"),
    "decision_reopened": NoticeKind(
        "replace", "An item that you decided came back", "New reports or an appeal; somebody decides it again. Your call stays on record.",
        "/decisions/{about}", "decisions",
    ),
    "emergency_expired": NoticeKind(
        "triangle-alert", "An emergency publication was not gated within 72 hours", "Run its gate, or bring back an older version.",
        _POLICY, "urgent",
    ),
    "publication_stopped": NoticeKind(
        "octagon-x", "A planned publication did not happen", "Its gate had closed by then. Run the gate and publish again.",
        _POLICY, "urgent",
    ),
    "webhook_stopped": NoticeKind(
        "octagon-x", "A webhook endpoint was stopped", "What waits for it is kept. Resume it, or replay from its log.",
        "/webhooks/{about}", "urgent",
    ),
    "canary_alarm": NoticeKind(
        "octagon-x", "The reasoner answers differently", "Automatic outcomes are held until an admin accepts it with a reason.",
        "/engine/", "urgent",
    ),
    "draft_taken_over": NoticeKind(
        "replace", "{who} took over a draft from you", "What you had typed is kept and offered in the editor.", _POLICY, "policies"
    ),
    "version_proposed": NoticeKind(
        "hourglass", "{who} proposed a version of a policy", "It waits for the approval of somebody who did not write it.", _POLICY, "policies"
    ),
    "version_returned": NoticeKind("undo-2", "{who} sent your version back", "It is a draft again. Open it and propose it anew.", _POLICY, "policies"),
    "version_approved": NoticeKind("check", "{who} approved your version", "It comes into force when it is published.", _POLICY, "policies"),
    "policy_published": NoticeKind("file-text", "A policy has a new version", "Read what changed before your next item.", _POLICY, "policies"),
}  # fmt: skip
"""Kind to what it says. Notices never hold the text of an item."""

GROUPS: Final[dict[str, str]] = {
    "handed": "Items handed to me",
    "mentions": "Notes that mention me",
    "decisions": "What became of my calls",
    "policies": "Policies I work with",
    "care": "My exposure and breaks",
}
"""Groups that somebody may switch off; what is urgent always comes."""
