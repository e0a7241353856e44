"""What the product tells people inside itself: the closed list of notices, their words and where they lead. Pure."""

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from reviewapp.ui.words import Words

NOTICE_DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """One kind: an icon, a sentence, what to do, and a path.

    `%(who)s` is whoever caused it, `%(name)s` what it is about (never words of an item), `%(count)d` how many, `{about}` an id.
    """

    icon: str
    words: Words
    hint: Words
    path: str
    group: str


_ITEM: Final = "/review/{about}"
_POLICY: Final = "/policies/of/{about}"

NOTICES: Final[dict[str, NoticeKind]] = {
    "handed_over": NoticeKind("hand", _("%(who)s handed you an item"), _("It waits for you, with a note."), _ITEM, "handed"),
    "hold_ended": NoticeKind("timer", _("An item that you held is back"), _("It waits for you first, then for anybody."), _ITEM, "handed"),
    "taken_over": NoticeKind(
        "replace", _("%(who)s took over an item from you"), _("What you typed is kept as your draft."), _ITEM, "handed"
    ),
    "mentioned": NoticeKind("user", _("%(who)s mentioned you in a note"), _("The note stands on the item."), _ITEM, "mentions"),
    "escalated": NoticeKind("flag", _("%(who)s escalated an item to you"), _("You are on call. Its clock runs."), _ITEM, "urgent"),
    "escalation_waits": NoticeKind(
        "triangle-alert", _("An escalation waits and its clock ran out"), _("Nobody has taken it. You are next on call."), _ITEM, "urgent"
    ),
    "restricted": NoticeKind("lock", _("%(who)s restricted an item"), _("You are cleared to open it; each view is logged."), _ITEM, "urgent"),
    "second_needed": NoticeKind("users", _("An interim limit waits for a second person"), _("Confirm it or lift it."), _ITEM, "urgent"),
    "target_missed": NoticeKind(
        "timer",
        ngettext_lazy("%(name)s: %(count)d item passed the time target", "%(name)s: %(count)d items passed the time target", "count"),
        _("Counted since you last read this. What waits is in the queue."),
        "/queues/{about}", "urgent",
    ),
    "support_offered": NoticeKind(
        "heart-pulse", _("What you escalated was heavy"), _("Take a break or a lighter queue, without a reason; or ask to talk."),
        "/settings/care", "care",
    ),
    "support_asked": NoticeKind("heart-pulse", _("%(who)s would like to talk to somebody"), _("Reach out to them in person."), "/", "urgent"),
    "exposure_reached": NoticeKind(
        "heart-pulse", _("You reached your exposure limit for this shift"), _("Lighter items come until your next shift."), "/settings/care", "care"
    ),
    "exposure_of_member": NoticeKind(
        "heart-pulse", _("%(who)s reached the exposure limit for this shift"), _("Lighter items come to them. Offer a break or other work."),
        "/", "urgent",
    ),
    "exception_due": NoticeKind("scale", _("An exception that you granted is due for review"), _("Keep it or replace the decision."), "/decisions/{about}", "decisions"),
    "decision_replaced": NoticeKind("replace", _("Your call was replaced"), _("Open it to see by what and why."), "/decisions/{about}", "decisions"),
    "decision_reopened": NoticeKind(
        "replace", _("An item that you decided came back"), _("New reports or an appeal; somebody decides it again. Your call stays on record."),
        "/decisions/{about}", "decisions",
    ),
    "emergency_expired": NoticeKind(
        "triangle-alert", _("An emergency publication was not gated within 72 hours"), _("Run its gate, or bring back an older version."),
        _POLICY, "urgent",
    ),
    "publication_stopped": NoticeKind(
        "octagon-x", _("A planned publication did not happen"), _("Its gate had closed by then. Run the gate and publish again."),
        _POLICY, "urgent",
    ),
    "webhook_stopped": NoticeKind(
        "octagon-x", _("A webhook endpoint was stopped"), _("What waits for it is kept. Resume it, or replay from its log."),
        "/webhooks/{about}", "urgent",
    ),
    "canary_alarm": NoticeKind(
        "octagon-x", _("The reasoner answers differently"), _("Automatic outcomes are held until an admin accepts it with a reason."),
        "/engine/", "urgent",
    ),
    "draft_taken_over": NoticeKind(
        "replace", _("%(who)s took over a draft from you"), _("What you had typed is kept and offered in the editor."), _POLICY, "policies"
    ),
    "version_proposed": NoticeKind(
        "hourglass", _("%(who)s proposed a version of a policy"), _("It waits for the approval of somebody who did not write it."), _POLICY, "policies"
    ),
    "version_returned": NoticeKind("undo-2", _("%(who)s sent your version back"), _("It is a draft again. Open it and propose it anew."), _POLICY, "policies"),
    "version_approved": NoticeKind("check", _("%(who)s approved your version"), _("It comes into force when it is published."), _POLICY, "policies"),
    "policy_published": NoticeKind("file-text", _("A policy has a new version"), _("Read what changed before your next item."), _POLICY, "policies"),
}  # fmt: skip
"""Kind to what it says. Notices never hold the text of an item."""

GROUPS: Final[dict[str, Words]] = {
    "handed": _("Items handed to me"),
    "mentions": _("Notes that mention me"),
    "decisions": _("What became of my calls"),
    "policies": _("Policies I work with"),
    "care": _("My exposure and breaks"),
}
"""Groups that somebody may switch off; what is urgent always comes."""
