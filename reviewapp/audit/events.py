"""The closed list of audit events, `subject.verb`. Each line of meaning is what the manual prints."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class EventKind:
    """One verb: what it means, and the data fields it may carry."""

    verb: str
    meaning: str
    fields: frozenset[str]


def _kind(verb: str, meaning: str, *fields: str) -> tuple[str, EventKind]:
    return verb, EventKind(verb, meaning, frozenset(fields))


EVENTS: Final[dict[str, EventKind]] = dict(
    [
        _kind("item.received", "Items arrived over the API in one request.", "source", "key", "commitments", "count"),
        _kind("item.flagged", "New flags were added to items that were already here.", "kinds", "count"),
        _kind("item.superseded", "A newer revision took the items' place.", "by"),
        _kind("item.scored", "The prefilter scored a batch and sent each item on its way.", "model", "routes", "states"),
        _kind("item.unscored", "Items were not scored in time and went to people.", "why"),
        _kind("item.reopened", "Passed or decided items came back to people or to the reasoner.", "why", "states"),
        _kind("item.awaiting_review", "Items are ready for a person.", "why"),
        _kind("item.restricted", "An item was taken out of everything at once.", "reference"),
        _kind("item.viewed_restricted", "A cleared person opened a restricted item."),
        _kind("item.held", "A legal hold was placed.", "hold", "reference", "ends_at"),
        _kind("item.hold_lifted", "A legal hold was lifted.", "hold"),
        _kind("item.erasure_asked", "Somebody asked for erasure.", "erasure"),
        _kind("item.erased", "Content was erased in every room.", "erasure", "rooms"),
        _kind("verdict.committed", "Verdicts of the reasoner were stored.", "run", "engine", "labels", "verdicts"),
        _kind("verdict.failed", "Judgements ended without a verdict.", "run", "kinds"),
        _kind("judgement.requeued", "Judgements went back to the line after a lapsed lease.", "why", "count"),
        _kind("judgement.hurried", "Somebody asked to judge an item now; it went to the front of the line.", "count"),
        _kind("run.started", "A set of judgements was started.", "kind", "effort", "engine"),
        _kind("run.asked", "Judgements were added to a run.", "version", "subjects", "replicas", "left_out"),
        _kind("run.asked_all", "Nothing more will be added to a run."),
        _kind("run.paused", "A run was paused."),
        _kind("run.resumed", "A run goes on."),
        _kind("run.cancelled", "A run was cancelled; what waited in it is gone.", "dropped"),
        _kind("run.finished", "Every judgement of a run has ended.", "done", "failed"),
        _kind("engine.changed", "An endpoint answered with another identity.", "endpoint", "before", "after"),
        _kind("engine.opened", "The circuit of an endpoint opened.", "endpoint", "failures"),
        _kind("engine.closed", "The circuit of an endpoint closed.", "endpoint"),
        _kind("engine.paused", "Somebody paused an endpoint.", "endpoint"),
        _kind("engine.resumed", "Somebody let an endpoint go on.", "endpoint"),
        _kind("prefilter.switched", "A switch of the prefilter was changed.", "field", "before", "after"),
        _kind("task.admitted", "Items got tasks in queues.", "queues", "kind"),
        _kind("task.claimed", "A person took a task.", "task", "epoch", "reserved"),
        _kind("task.released", "A claim ended without a decision.", "task", "why"),
        _kind("task.skipped", "A person passed over a task.", "task"),
        _kind("task.held", "A person put a task aside until a time.", "task", "until", "why"),
        _kind("task.handed_over", "A person gave a task to somebody, or to another queue.", "task", "to", "queue", "why"),
        _kind("task.taken_over", "A senior took a task out of somebody's hands.", "task", "before", "why", "epoch"),
        _kind("queue.noted", "A shift left a note on a queue."),
        _kind("task.withdrawn", "Tasks left their queue because the item did.", "why", "tasks"),
        _kind(
            "decision.made", "A person decided an item.", "decision", "task", "label", "kind", "findings", "actions",
            "calls", "replaces", "versions", "verdicts",
        ),
        _kind("decision.undone", "A person took a decision back within its window.", "decision", "replaces", "task"),
        _kind("decision.released", "Undo windows ended; the decisions are final.", "decisions"),
        _kind("policy.drafted", "A draft was started.", "version", "number", "policy"),
        _kind("policy.saved", "A draft was saved.", "version", "hash", "saves"),
        _kind("policy.proposed", "A draft was proposed; its text is frozen.", "version", "hash"),
        _kind("policy.returned", "A version went back to draft; any approval is void.", "version", "hash"),
        _kind("policy.approved", "A second person approved the exact text.", "version", "hash"),
        _kind("policy.published", "A version judges items from now on.", "version", "number", "hash", "gate", "previous"),
        _kind("policy.retired", "A version no longer judges items.", "version", "number"),
        _kind("policy.discarded", "A draft was thrown away.", "version", "number"),
        _kind("policy.scheduled", "An approved version got the hour at which it comes into force.", "version", "hash", "at"),
        _kind("policy.unscheduled", "A planned hour was taken back, or the gate had closed by then.", "version", "hash", "why"),
        _kind("case.added", "Cases were added to a policy, or replaced by a list or file.", "policy", "version"),
        _kind("case.changed", "A case got a new wording or another label.", "policy", "version", "before"),
        _kind("case.removed", "Cases were removed from a policy's draft.", "policy", "version"),
        _kind("case.suggested", "Somebody who does not write policies suggested a case.", "policy"),
        _kind("case.taken", "Waiting cases were taken into a draft.", "policy", "version"),
        _kind("case.declined", "A writer put a suggested case aside.", "policy"),
        _kind("gate.reported", "A gate run ended for a version.", "version", "report", "hash", "outcome", "run"),
        _kind("gate.gaps_signed", "An approver accepted too few cases for a target.", "version", "report"),
        _kind("gate.engine_changed", "Another engine judges items; gate reports of the one before are stale.", "before", "after"),
        _kind("gate.waiver_asked", "Somebody asked to pass the gate without its consent.", "version", "waiver", "kind", "hash"),
        _kind("gate.waiver_granted", "A second person granted that.", "version", "waiver", "kind"),
        _kind("gate.emergency_gated", "A version published as an emergency passed its gate afterwards.", "version", "gate"),
        _kind("gate.emergency_expired", "An emergency publication was not gated within 72 hours.", "version"),
        _kind("source.created", "A source was seen for the first time.", "name"),
        _kind("person.created", "A person was added.", "roles"),
        _kind("person.changed", "A person's roles changed.", "before", "after"),
        _kind("person.disabled", "A person can no longer sign in."),
        _kind("person.enabled", "A person can sign in again."),
        _kind("person.cleared", "A person's clearance for restricted items changed.", "after"),
        _kind("person.password_changed", "A person got another password."),
        _kind("person.signed_in", "Somebody signed in."),
        _kind("key.issued", "An API key was made.", "scopes", "prefix"),
        _kind("key.revoked", "An API key was revoked.", "prefix"),
        _kind("export.asked", "Somebody asked for an export.", "kind", "format"),
        _kind("export.written", "An export file is ready.", "kind", "rows", "sha256"),
        _kind("export.cancelled", "An export was cancelled.", "kind"),
        _kind("export.downloaded", "Somebody downloaded an export.", "kind"),
        _kind("webhook.added", "An endpoint is told from now on.", "events"),
        _kind("webhook.changed", "An endpoint got another name, address or list of events.", "events"),
        _kind("webhook.secret_turned", "An endpoint got a new secret; the old one signs too for a week."),
        _kind("webhook.paused", "Somebody paused an endpoint."),
        _kind("webhook.resumed", "Somebody let an endpoint go on."),
        _kind("webhook.stopped", "An endpoint was stopped because it was gone or failed for days.", "why"),
        _kind("webhook.tested", "Somebody sent a test to an endpoint.", "delivery"),
        _kind("webhook.tried", "Deliveries were posted.", "delivered", "waiting", "dead"),
        _kind("webhook.returned", "Deliveries of a dispatcher that died wait again."),
        _kind("webhook.replayed", "Somebody sent deliveries again.", "count"),
        _kind("study.started", "Somebody asked the lab something of a version.", "kind", "policy", "version", "hash", "against", "total", "repeats"),
        _kind("study.ended", "A study of the lab ended.", "kind", "outcome", "answered", "total"),
        _kind("override.handled", "Somebody dealt with overrides in the inbox.", "decisions", "outcome"),
        _kind("queue.created", "A queue was added.", "slug"),
    ]
)  # fmt: skip
