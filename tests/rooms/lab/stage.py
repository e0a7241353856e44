"""The lab brought to where a test starts: drafts, past decisions, and a reasoner that says what the test wants."""

from collections.abc import Callable, Sequence
from uuid import UUID, uuid4

from django.db.models.functions import Now

from inference import Failure, Label
from inference import Verdict as Told
from reviewapp.audit.actions import OPERATOR
from reviewapp.lab import actions
from reviewapp.lab.models import Study
from reviewapp.lab.rules_labelled import Answer, LabelledText
from reviewapp.lab.selection import Wish
from reviewapp.policies.models import Version
from reviewapp.policies.reads import published_version
from reviewapp.review.models import Decision, Finding, Queue, Task, VerdictCall
from reviewapp.screening.actions import Claim, Outcome, claim_judgements, commit_verdicts
from reviewapp.screening.models import Verdict
from tests.cast import Cast
from tests.rooms.policies import stage as policy_stage
from tests.rooms.review import stage as review_stage
from tests.rooms.screening import desk

Says = Callable[[Claim], str]


def as_expected(claim: Claim) -> str:
    """Every version has every case of the seeded file right."""
    return "violates" if claim.subject.text in VIOLATING else "allowed"


VIOLATING: set[str] = set()


def learn(version: Version) -> None:
    """Remember which texts of the version's cases violate, for `as_expected`."""
    rows = version.policy.cases.values_list("text", "expect")
    VIOLATING.update(text for text, expect in rows if expect == "violates")


def draft(cast: Cast, slug: str = "spam") -> tuple[Version, Version]:
    """A published seed and Bo's draft of the next version."""
    published = policy_stage.publish_seed(slug)
    row = policy_stage.draft_of(cast, published)
    row.refresh_from_db()
    learn(row)
    return published, row


def answer(says: Says, *, limit: int = 200, engine: UUID | None = None) -> int:
    """Judge up to `limit` waiting judgements: `says` gives a label, or a kind of failure; returns how many."""
    claims = claim_judgements(endpoint=0, limit=limit)
    outcomes = [Outcome(claim, _said(claim, says(claim))) for claim in claims]
    if outcomes:
        commit_verdicts(outcomes=outcomes, engine=engine or desk.engine(), jitter=lambda: 0.0)
    return len(outcomes)


def _said(claim: Claim, word: str) -> Told | Failure:
    if word not in set(Label):
        return desk.failure(word)
    cited = claim.policy.section_ids[:1] if word == "violates" else ()
    return desk.verdict(claim, label=Label(word), sections=cited)


def run_to_its_end(study: UUID, says: Says = as_expected, *, rounds: int = 60) -> Study:
    """Turn the sweeper's step and the reasoner's by turns until the study is over."""
    for _ in range(rounds):
        actions.advance_studies()
        if Study.objects.get(pk=study).state != "running":
            break
        answer(says)
    return Study.objects.get(pk=study)


def decide(
    cast: Cast, version: Version, text: str, *, said: str, person: str, sections: Sequence[str] = (), blind: bool = False,
    reason: str = "", call: str | None = None,
) -> Decision:  # fmt: skip
    """An item that was judged under `version` and decided by Ana, released long ago."""
    item = review_stage.wait_for_a_person(text)
    verdict = review_stage.say(item, version, said)
    Verdict.objects.filter(pk=verdict).update(engine=desk.engine())
    review_stage.tell("intake_item", "state = 'decided', admitted = true", item)
    queue, _ = Queue.objects.get_or_create(slug="all", defaults={"name": "All"})
    task = Task.objects.create(item_id=item, queue=queue, state="done", rank_at=Now(), due_at=Now())
    made = Decision.objects.create(
        item_id=item, task=task, person=cast.ana, label=person, nonce=uuid4(), release_at=Now(), lead_id=verdict,
        shown={"blind": blind}, reason_code=reason,
    )  # fmt: skip
    codes = list(sections) or ([version.sections.all()[0].code] if person == "violates" else [])
    Finding.objects.bulk_create(Finding(decision=made, version=version, section=code) for code in codes)
    word = call or ("agreed" if said == person else "overridden")
    VerdictCall.objects.create(decision=made, verdict_id=verdict, call=word)
    made.refresh_from_db()
    return made


def wait(version: Version, text: str, *, said: str) -> UUID:
    """An item that was judged under `version` and waits in a queue; gives its task."""
    item = review_stage.wait_for_a_person(text)
    verdict = review_stage.say(item, version, said)
    Verdict.objects.filter(pk=verdict).update(engine=desk.engine())
    queue, _ = Queue.objects.get_or_create(slug="all", defaults={"name": "All"})
    return Task.objects.create(item_id=item, queue=queue, state="waiting", rank_at=Now(), due_at=Now()).pk


def pass_by(text: str, state: str = "passed") -> UUID:
    """An item that no person saw."""
    item = review_stage.wait_for_a_person(text)
    review_stage.tell("intake_item", f"state = '{state}'", item)
    return item


def screens(cast: Cast) -> dict[str, str]:
    """The name and one address of each screen of the lab, in a lab where each kind of study has ended."""
    published, row = draft(cast)
    for number in range(3):
        decide(
            cast,
            published,
            f"{number} cheap followers",
            said="violates",
            person="allowed",
            reason="policy_unclear",
        )
    gate = actions.start_gate(version=row.pk, repeats=3, person=cast.bo)
    run_to_its_end(gate, lambda claim: "allowed" if claim.version == row.pk else as_expected(claim))
    past = actions.start_backtest(version=row.pk, wish=Wish(), intended=(), person=cast.bo)
    run_to_its_end(past, lambda claim: "allowed")
    rows = [LabelledText("a", "Cheap followers", "violates", "SP-1.1"), LabelledText("b", "Hello", "allowed")]
    evaluation = actions.start_evaluation(
        policies=[published_version("spam")], way="apart", file="gold.jsonl", rows=rows, engine=desk.IDENTITY, actor=OPERATOR
    ).pk  # fmt: skip
    said = [
        Answer(0, "violates", ("SP-1.1",), "high", "It sells."),
        Answer(1, "violates", ("SP-2.1",), "low", "It begs."),
    ]
    actions.keep_answers(study=evaluation, answers=said)
    actions.end_evaluation(study=evaluation, actor=OPERATOR)
    return {
        "lab": "/lab/", "gate": f"/gates/{gate}", "backtest": f"/backtests/{past}", "evaluation": f"/evaluations/{evaluation}",
        "disagreements": "/disagreements/", "lab-new-backtest": f"/lab/drafts/{row.pk}/backtest",
        "lab-new-evaluation": "/lab/evaluations/new",
    }  # fmt: skip
