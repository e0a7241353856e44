"""Tables of review: queues, the tasks in them, what people typed, and what they decided."""

from reviewapp.review.models.catalogue import ActionKind, SectionUsual
from reviewapp.review.models.consequences import Escalation, ProtectedAuthor, Strike
from reviewapp.review.models.decisions import BlindCall, Decision, Finding, VerdictCall, VerdictsSeen
from reviewapp.review.models.queues import Queue, QueueMember, QueueNote, RoutingRule, RoutingVersion
from reviewapp.review.models.readings import PolicyReading
from reviewapp.review.models.tasks import Draft, Note, Skip, Stay, Task, Unsent
from reviewapp.review.models.translations import Translation

__all__ = [
    "ActionKind",
    "BlindCall",
    "Decision",
    "Draft",
    "Escalation",
    "Finding",
    "Note",
    "PolicyReading",
    "ProtectedAuthor",
    "Queue",
    "QueueMember",
    "QueueNote",
    "RoutingRule",
    "RoutingVersion",
    "SectionUsual",
    "Skip",
    "Stay",
    "Strike",
    "Task",
    "Translation",
    "Unsent",
    "VerdictCall",
    "VerdictsSeen",
]
