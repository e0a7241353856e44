"""A shift as a machine plays it: people at their screens do anything in any order, and after each step all must add up.

The database is the real one; only its clock is moved, by moving every end that lies ahead. What the people see is kept
as a browser keeps it: a screen stays on somebody's desk after its claim ended, so forms are sent late and twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

from django.db import connection
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from reviewapp.accounts.models import Person
from reviewapp.audit.actions import place_events
from reviewapp.audit.clock import database_time
from reviewapp.policies.models import Version
from reviewapp.review import actions
from reviewapp.ui.errors import Missing, ProductError
from tests.rooms.review import stage
from tests.rooms.screening.desk import execute

NAMES: Final = ("ana", "mo", "sam")
QUEUES: Final = ("scams-spam", "everything-else")
SAYS: Final = {"nothing": None, "allowed": (), "mild": ("FR-2.1",), "severe": ("FR-1.2",)}
PASSES: Final = (8, 25, 45, 90, 400, 2_000, 20_000)

TOLD: Final[dict[tuple[str, str], set[str]]] = {
    ("", "waiting"): {"task.admitted"},
    ("waiting", "claimed"): {"task.claimed", "task.taken_over"},
    ("waiting", "withdrawn"): {"task.withdrawn"},
    ("claimed", "claimed"): {"task.claimed", "task.taken_over"},
    ("claimed", "waiting"): {"task.released", "task.skipped", "task.handed_over", "escalation.opened"},
    ("claimed", "held"): {"task.held"},
    ("claimed", "done"): {"decision.made"},
    ("claimed", "withdrawn"): {"task.withdrawn"},
    ("held", "claimed"): {"task.claimed", "task.taken_over"},
    ("held", "waiting"): {"task.released"},
    ("held", "withdrawn"): {"task.withdrawn"},
    ("done", "claimed"): {"decision.undone"},
}
"""Which events tell of a task's change from one state to another; what is not here must not happen."""

ENDS: Final = (
    "UPDATE review_task SET lease_until = lease_until - {0}, hold_until = hold_until - {0}, "
    "assigned_until = assigned_until - {0}, claimed_at = claimed_at - {0} WHERE state IN ('waiting', 'claimed', 'held')",
    "UPDATE review_skip SET at = at - {0}",
    "UPDATE review_decision SET undo_until = undo_until - {0}, release_at = release_at - {0} WHERE undo_until > now()",
    "UPDATE webhooks_delivery SET release_at = release_at - {0} WHERE state = 'held'",
    "UPDATE review_escalation SET rings_at = rings_at - {0} WHERE closed_at IS NULL",
)
"""Moves every end that lies ahead, so that the database's clock seems to have gone on."""

CANNOT: Final = (actions.Unclear, actions.TooManyHolds, Missing)
"""What may be refused to somebody who does hold the item: the form itself is wrong."""


class Standing(NamedTuple):
    """Where one task stands."""

    item: UUID
    kind: str
    state: str
    holder: UUID | None
    reserved: bool
    epoch: int
    queue: UUID

    def moved_to(self, other: "Standing") -> bool:
        """Whether `other` is another state, hand, claim or queue; what is only reserved or no longer is has not moved."""
        return self._replace(reserved=False) != other._replace(reserved=False)


@dataclass(frozen=True)
class Screen:
    """A review screen on somebody's desk: the claim it was drawn for, and its form's nonce."""

    task: UUID
    item: UUID
    epoch: int
    nonce: UUID


CALLS: Final = ("confirm", "violates", "allowed")
MOVES: Final = ("skip", "release", "renew")
ACTS: Final = (
    *("take_next", "agree", "disagree", "type_words", "send_late", "undo", "hand_over", "pass_time") * 3,
    *("arrive", "reserve", "hold", "move_on", "take_over", "sweep") * 2,
    "open_item", "restrict", "go", "escalate", "answer_checklist", "replace",
)  # fmt: skip
"""What a step may be; what stands here more often happens more often."""
MOST_ITEMS: Final = 8
OPEN: Final = ("waiting", "claimed", "held")


class Shift(RuleBasedStateMachine):
    """Three people, two queues beside those of escalations, and everything that review lets them do."""

    fraud: Version

    def __init__(self) -> None:
        super().__init__()
        self.people = {name: _hire(name) for name in NAMES}
        self.items: list[UUID] = []
        self.screens: dict[str, Screen] = {}
        self.old: list[tuple[str, Screen]] = []
        self.made: list[tuple[str, UUID]] = []
        self.typed: dict[tuple[UUID, str], list[str]] = {}
        self.escalated: list[UUID] = []
        self.refusal: ProductError | None = None
        self.count = 0
        self.told_of: list[UUID] = []
        self.known: dict[UUID, Standing] = {}

    def teardown(self) -> None:
        """The shift ends: its items leave, its people go home, so that the next one begins with nothing."""
        execute(
            "UPDATE review_task SET state = 'withdrawn', claimed_by_id = NULL, reserved = false, lease_until = NULL "
            "WHERE state IN ('waiting', 'claimed', 'held')"
        )
        execute(
            "UPDATE intake_item SET state = 'superseded', is_current = false WHERE state = 'awaiting_review'"
        )
        execute("UPDATE accounts_person SET is_active = false WHERE roles && ARRAY['moderator', 'senior']")

    # What happens to the house

    @initialize()
    def open_up(self) -> None:
        """Three items wait when the shift begins."""
        for says in ("mild", "severe", "nothing"):
            self._bring(says)

    @rule(act=st.sampled_from(ACTS), name=st.sampled_from(NAMES), number=st.sampled_from(range(60)))
    def step(self, act: str, name: str, number: int) -> None:
        """One thing happens: `act` names it, `number` chooses where there is a choice."""
        getattr(self, act)(name, number)

    def arrive(self, _: str, number: int) -> None:
        """One more item comes in."""
        if len(self.items) < MOST_ITEMS:
            self._bring(_one_of(sorted(SAYS), number))

    def pass_time(self, _: str, number: int) -> None:
        """Nobody touches anything for a while."""
        for statement in ENDS:
            execute(statement.format(f"interval '{_one_of(PASSES, number)} s'"))

    def sweep(self, _: str, __: int) -> None:
        """The sweeper comes by."""
        actions.expire_claims()
        actions.release_decisions()
        actions.ring_escalations()
        actions.admit()

    # What people do

    def take_next(self, name: str, number: int) -> None:
        """Start or continue on a queue in which something waits."""
        waiting = sorted({each.queue for each in self.known.values() if each.state == "waiting"})
        if waiting:
            self._show(name, self._try(actions.claim_next, name, queue=_one_of(waiting, number)))

    def reserve(self, name: str, number: int) -> None:
        """The page asks for the item behind the one in hand."""
        if self._at_desk(name):
            self._try(actions.reserve_next, name, queue=stage.queue_of(_one_of(QUEUES, number)))

    def open_item(self, name: str, number: int) -> None:
        """Claim one item by its page, also one that is held or that somebody has."""
        self._show(name, self._try(actions.claim_item, name, item=_one_of(self.items, number)))

    def take_over(self, _: str, number: int) -> None:
        """The senior takes an item out of somebody's hands."""
        sam = self.people["sam"].pk
        taken = [each.item for each in self.known.values() if each.holder not in {None, sam}]
        if taken:
            item = _one_of(taken, number)
            self._show("sam", self._try(actions.take_over, "sam", item=item, why="urgent"))

    def restrict(self, _: str, number: int) -> None:
        """One item leaves everything; not while there are few."""
        if len(self.items) > MOST_ITEMS // 2:
            self._try(actions.restrict, "sam", item=_one_of(self.items, number), reference="case 1")

    def type_words(self, name: str, number: int) -> None:
        """The override form saves itself, also on a screen whose claim ended long ago."""
        screens = [screen for whose, screen in self.old if whose == name]
        screens += [self.screens[name]] if name in self.screens else []
        if not screens:
            return
        task = screens[-1 - number % min(len(screens), 3)].task
        self.count += 1
        words = f"because of {self.count}." if number % 5 else ""
        actions.save_draft(task=task, person=self.people[name], section="allowed", reason=words)
        if self.known[task].state in OPEN:
            self.typed[task, name] = [words]

    def agree(self, name: str, number: int) -> None:
        """Confirm the verdict on the screen, or the call of the first person."""
        screen = self._at_desk(name)
        if screen is not None:
            second = self.known[screen.task].kind == "second" and number % 3
            self._send(name, screen, "confirm_first" if second else "confirm")

    def disagree(self, name: str, number: int) -> None:
        """Send the override form with what is typed in it."""
        screen = self._at_desk(name)
        if screen is not None:
            self._send(name, screen, _one_of(["violates", "allowed"], number))

    def send_late(self, _: str, number: int) -> None:
        """Send a form whatever became of its claim: another tab, a second click, or after a long thought."""
        now = list(self.screens.items())
        again = [(name, old) for name, old in self.old if self.screens[name].task == old.task]
        screens = again if again and number % 3 else now if number % 2 else self.old
        if screens:
            name, screen = screens[-1 - number % len(screens)]
            act = _one_of([*CALLS, *MOVES], number // 2)
            if act in CALLS:
                self._send(name, screen, act)
            else:
                self._by_seat(getattr(actions, act), name, screen)

    def move_on(self, name: str, number: int) -> None:
        """Pass over, give back, or go on typing."""
        screen = self._at_desk(name)
        if screen is not None:
            self._by_seat(getattr(actions, _one_of(MOVES, number)), name, screen)

    def go(self, name: str, number: int) -> None:
        """A shift or a stretch ends and what is in hand goes back; or only the page is left, and soon what was on it goes back."""
        screen = self.screens.get(name)
        if number % 3 == 0:
            self._try(actions.end_shift if number % 2 else actions.take_break, name)
        elif screen is not None:
            actions.leave(task=screen.task, epoch=screen.epoch, person=self.people[name])

    def hold(self, name: str, number: int) -> None:
        """Put the item aside."""
        screen = self._at_desk(name)
        if screen is not None:
            until = database_time().replace(microsecond=0) + timedelta(hours=_one_of([1, 24], number))
            given = {"until": until, "waits_for": "answer", "note": "Asked.", "back_to_me": number % 3 > 0}
            self._by_seat(actions.hold, name, screen, **given)

    def hand_over(self, name: str, number: int) -> None:
        """Give it to who typed on it before, to somebody, to a queue, or back; what was typed goes along."""
        screen = self._at_desk(name)
        if screen is None:
            return
        typed = [each for task, each in self.typed if task == screen.task and each != name]
        to = typed[0] if typed and number % 4 else _one_of([*NAMES, ""], number)
        slug = "" if number % 3 else _one_of(QUEUES, number)
        receiver = self.people[to].pk if to else None
        queue = stage.queue_of(slug) if slug else None
        if self._by_seat(actions.hand_over, name, screen, to=receiver, queue=queue, why="language") and to:
            passed = self.typed.pop((screen.task, name), [])
            self.typed[screen.task, to] = self.typed.get((screen.task, to), []) + passed

    def escalate(self, name: str, number: int) -> None:
        """Send the item to who is on call."""
        screen = self._at_desk(name)
        kind = _one_of(["threat_to_life", "policy_question"], number)
        if screen is not None and self._by_seat(actions.escalate, name, screen, kind=kind):
            self.escalated.append(screen.item)

    def answer_checklist(self, name: str, number: int) -> None:
        """Say what was done about an escalation."""
        if self.escalated:
            answers = {"help_sent": True, "authority_told": True, "reference": "case 1"}
            self._try(actions.answer_checklist, name, item=_one_of(self.escalated, number), **answers)

    def undo(self, _: str, number: int) -> None:
        """Take a call back, in time or late, once or again; its words are in the form again."""
        if not self.made:
            return
        name, decision = self.made[-1 - number % min(len(self.made), 4)]
        undone = self._try(actions.undo, name, decision=decision)
        if undone:
            self._show(name, undone.claim)
            ((sent,),) = _rows("SELECT reason FROM review_decision WHERE id = %s", [decision])
            self.typed.setdefault((undone.claim.task, name), [sent])

    def replace(self, _: str, number: int) -> None:
        """Replace an earlier call of one's own."""
        if not self.made:
            return
        name, decision = _one_of(self.made, number)
        label = _one_of(["violates", "allowed"], number)
        call = {"label": label, "sections": self._cites(label), "reason": "Second thoughts."}
        new = self._try(actions.replace_own, name, decision=decision, **call)
        if new:
            self.made.append((name, new))

    # What must hold after every step

    @invariant()
    def every_change_is_told(self) -> None:
        """A task that moved has an event of this step that says so, and a new decision has exactly one."""
        told = _rows(
            "SELECT verb, subjects, data->>'decision' FROM audit_event e JOIN audit_unplaced u ON u.id = e.id"
        )
        place_events()
        now = self._tasks()
        for task, standing in now.items():
            was = self.known.get(task)
            if was is None or was.moved_to(standing):
                verbs = {verb for verb, subjects, _ in told if standing.item in subjects}
                change = (was.state if was else "", standing.state)
                assert TOLD[change] & verbs, f"{change} is told by {verbs}"
        self.known = now
        query = "SELECT id, kind FROM review_decision WHERE item_id = ANY(%s) AND NOT id = ANY(%s)"
        for decision, kind in _rows(query, [self.items, self.told_of]):
            verb = "decision.undone" if kind == "undone" else "decision.made"
            assert [each[0] for each in told if each[2] == str(decision)] == [verb]
            self.told_of.append(decision)

    @invariant()
    def one_call_stands_an_item(self) -> None:
        """Of the decisions of an item at most one is the last: no task has two live ones."""
        assert not _rows(
            """SELECT item_id FROM review_decision d WHERE item_id = ANY(%s) AND NOT EXISTS (
               SELECT FROM review_decision n WHERE n.replaces_id = d.id) GROUP BY item_id HAVING count(*) > 1""",
            [self.items],
        )

    @invariant()
    def every_open_item_has_one_task(self) -> None:
        """What awaits a person stands in one queue; what is decided or restricted in none, its second look aside."""
        states = _rows(
            """SELECT i.id, i.state, i.restricted, coalesce(d.awaits_second, false) FROM intake_item i
               LEFT JOIN review_decision d ON d.item_id = i.id AND NOT EXISTS (
                   SELECT FROM review_decision n WHERE n.replaces_id = d.id) WHERE i.id = ANY(%s)""",
            [self.items],
        )
        for item, state, restricted, awaits in states:
            tasks = [each.kind for each in self.known.values() if each.item == item and each.state in OPEN]
            due = ["first"] if state == "awaiting_review" else ["second"] if awaits else []
            assert tasks == ([] if restricted else due), (state, restricted, awaits)

    @invariant()
    def nobody_holds_two(self) -> None:
        """One item in hand and one behind it; a task in a hand has a lease, and no other has."""
        hands = [(each.holder, each.reserved) for each in self.known.values() if each.state == "claimed"]
        assert len(hands) == len(set(hands))
        assert not _rows(
            """SELECT id FROM review_task WHERE (state = 'claimed') <> (lease_until IS NOT NULL)
               OR (state IN ('claimed', 'held')) <> (claimed_by_id IS NOT NULL) OR (reserved AND state <> 'claimed')"""
        )

    @invariant()
    def nothing_typed_is_lost(self) -> None:
        """Every word that was typed and not sent is in a draft of who typed it, or of who was handed it."""
        rows = _rows(
            "SELECT task_id, person_id, reason FROM review_draft WHERE task_id = ANY(%s)", [list(self.known)]
        )
        kept = {(task, person): reason for task, person, reason in rows}
        for (task, name), words in self.typed.items():
            lost = [each for each in words if each not in kept.get((task, self.people[name].pk), "")]
            assert not lost, f"{lost} of {name}"

    @invariant()
    def positions_have_no_gaps(self) -> None:
        """Feeds count from one; what was undone is in no feed and goes nowhere."""
        assert not _rows(
            "SELECT feed FROM audit_position GROUP BY feed HAVING max(position) <> count(*) OR min(position) <> 1"
        )
        assert not _rows(
            """SELECT u.id FROM review_decision u WHERE u.kind = 'undone' AND (
               EXISTS (SELECT FROM audit_position p WHERE p.feed = 'decisions' AND p.subject = u.replaces_id)
               OR EXISTS (SELECT FROM webhooks_delivery o WHERE o.decision = u.replaces_id AND o.state <> 'cancelled'))"""
        )

    # How a step is done

    def _bring(self, says: str) -> None:
        item = stage.wait_for_a_person()
        self.items.append(item)
        sections = SAYS[says]
        if sections is not None:
            stage.say(item, self.fraud, "violates" if sections else "allowed", sections)
        actions.admit()

    def _cites(self, label: str) -> list[tuple[UUID, str]]:
        return [(self.fraud.pk, "FR-2.1")] if label == "violates" else []

    def _at_desk(self, name: str) -> Screen | None:
        """The screen of what the person holds; who holds nothing starts on an item first. None where nothing waits."""
        if not self._holds(name, self.screens.get(name)):
            self.take_next(name=name, number=len(self.old))
            self.every_change_is_told()
        screen = self.screens.get(name)
        return screen if self._holds(name, screen) else None

    def _show(self, name: str, claim: actions.Claim | None) -> None:
        """Draw the screen of a claim; the one before may still be sent."""
        if claim is not None:
            if name in self.screens:
                self.old.append((name, self.screens[name]))
            self.screens[name] = Screen(claim.task, claim.item, claim.epoch, uuid4())

    def _try(self, act: Callable[..., Any], name: str, **given: Any) -> Any:
        """Do it as `name`; what is refused has changed nothing."""
        before, self.refusal = self._everything(), None
        try:
            return act(person=self.people[name], **given)
        except ProductError as refusal:
            self.refusal = refusal
            assert self._everything() == before, f"{act.__name__} was refused and yet changed something"
            return None

    def _by_seat(self, act: Callable[..., Any], name: str, screen: Screen, **given: Any) -> bool:
        """Do it under the claim of a screen: it works for who holds the task now, and for nobody else."""
        holds = self._holds(name, screen)
        answer = self._try(act, name, task=screen.task, epoch=screen.epoch, **given)
        if self.refusal is not None:
            assert not holds or isinstance(self.refusal, CANNOT), self.refusal
            return False
        assert holds, f"{act.__name__} worked under a claim that had ended"
        self._show(name, answer if isinstance(answer, actions.Claim) else None)
        return True

    def _send(self, name: str, screen: Screen, act: str) -> None:
        """Send a decision: by the holder it is made once; sent again, or by anybody else, it makes no second one."""
        holds, sent_before = self._holds(name, screen), self._sent(screen.nonce)
        words = " ".join(self.typed.get((screen.task, name), []))
        form: dict[str, Any] = {"task": screen.task, "epoch": screen.epoch, "nonce": screen.nonce}
        if act == "confirm":
            leads = _rows("SELECT verdict_id FROM screening_currentverdict WHERE item_id = %s", [screen.item])
            decided = self._try(actions.confirm, name, verdict=leads[0][0] if leads else uuid4(), **form)
        elif act == "confirm_first":
            decided = self._try(actions.confirm_first, name, **form)
        else:
            call = {
                "label": act,
                "sections": self._cites(act),
                "reason_code": "quoted_speech",
                "reason": words,
            }
            decided = self._try(actions.override, name, **form, **call)
        if decided is None:
            assert not holds or isinstance(self.refusal, (*CANNOT, actions.VerdictChanged)), self.refusal
            return
        assert decided.repeated == bool(sent_before) and (holds or sent_before == [(decided.decision,)])
        if not decided.repeated:
            self.made.append((name, decided.decision))
            if not act.startswith("confirm"):
                self.typed.pop((screen.task, name), None)
        self._show(name, decided.following)

    def _holds(self, name: str, screen: Screen | None) -> bool:
        if screen is None:
            return False
        query = """SELECT 1 FROM review_task WHERE id = %s AND state = 'claimed' AND claimed_by_id = %s
                   AND lease_epoch = %s AND NOT reserved AND lease_until > clock_timestamp()"""
        return bool(_rows(query, [screen.task, self.people[name].pk, screen.epoch]))

    def _sent(self, nonce: UUID) -> list[tuple[Any, ...]]:
        return _rows("SELECT id FROM review_decision WHERE nonce = %s", [nonce])

    def _tasks(self) -> dict[UUID, Standing]:
        query = """SELECT id, item_id, kind, state, claimed_by_id, reserved, lease_epoch, queue_id
                   FROM review_task WHERE item_id = ANY(%s)"""
        return {row[0]: Standing(*row[1:]) for row in _rows(query, [self.items])}

    def _everything(self) -> list[Any]:
        """What a refusal must leave as it is."""
        drafts = "SELECT id, reason FROM review_draft WHERE task_id = ANY(%s) ORDER BY id"
        counts = """SELECT (SELECT count(*) FROM audit_unplaced), (SELECT count(*) FROM webhooks_delivery),
                    (SELECT count(*) FROM review_decision), (SELECT count(*) FROM review_note)"""
        states = "SELECT id, state, restricted FROM intake_item WHERE id = ANY(%s) ORDER BY id"
        return [self._tasks(), _rows(drafts, [list(self.known)]), _rows(counts), _rows(states, [self.items])]


def _one_of(choices: Sequence[Any], number: int) -> Any:
    return choices[number % len(choices)]


def _hire(name: str) -> Person:
    """Somebody who has done nothing yet."""
    key = uuid4().hex
    role = "senior" if name == "sam" else "moderator"
    return Person.objects.create(
        email=f"{name}-{key}@example.com", name=name.title(), pseudonym=key, roles=[role], password="!"
    )


def _rows(query: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())
