"""The reason pump: keeps a window of calls in flight to one engine, between the leases of Postgres and its verdicts."""

import asyncio
import logging
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Final
from uuid import UUID

from django.conf import settings

from inference import EngineLoad, EngineUnavailable, Failure, FailureKind, Reasoner, Verdict
from reviewapp import doorbell
from reviewapp.screening import actions, rules, rules_window
from reviewapp.screening.actions import Claim, Committed, Outcome
from reviewapp.screening.actions.circuits import HALF_OPEN, OPEN, Tally
from reviewapp.screening.hand import Call, Hand
from reviewapp.screening.place import PlaceLost, Sql, take_place
from reviewapp.screening.rules_line import AGED_SHARE, RESERVED_LANES, Lane

log = logging.getLogger(__name__)

RUN_SECONDS: Final = 600.0
"""The engine runs empty at the end of every run, for as long as its last calls take: so runs are long."""
CALL_SECONDS: Final = 60.0
DRAIN_SECONDS: Final = 10.0
RENEW_SECONDS: Final = 10.0
ADJUST_SECONDS: Final = 2.0
LOOK_UP_SECONDS: Final = 1.0
LINGER_SECONDS: Final = 0.5
"""Answers that come within this of the last commit are stored together: a commit costs as much as many verdicts."""
HURRIED_LINGER_SECONDS: Final = 0.05
LOOK_SECONDS: Final = 0.25
SUSPECTS_SECONDS: Final = 2.0
"""How often somebody else's crashed judgements are looked for; its predecessor's are looked for at once."""
BATCH: Final = 64
MOST_AT_ONCE: Final = 64
"""Claimed in one go: a large window fills over several rounds, so that its calls do not all begin together."""
AHEAD: Final = 4
"""A quarter of the window is claimed before its slots are free: no slot waits for the database, and one look at the
line serves many."""
_ENDPOINT_FAULTS: Final = frozenset(
    {FailureKind.TRANSIENT, FailureKind.TIMEOUT, FailureKind.UNAUTHORISED, FailureKind.WRONG_MODEL}
)
_ANSWER_FAULTS: Final = frozenset({FailureKind.REFUSED, FailureKind.INVALID, FailureKind.CUT_OFF})
"""One may be an item's; many without a verdict between them are the engine's."""


async def pump(endpoint: int, slot: int, *, seconds: float = RUN_SECONDS, window: int = 0) -> Committed:
    """Judge what waits through the engine at place `endpoint` of REASONER_URL, for at most `seconds`.

    Returns at once where another pump has the place, the circuit is open, or nothing waits. A SIGTERM stops
    claiming; what is in flight gets 10 s, then it is given back uncounted. `window` 0: goes on with the last pump's.
    """
    if endpoint >= len(settings.REASONER_URLS):
        return Committed()
    place = endpoint * 100 + slot
    sql = Sql(place)
    try:
        if not await sql(lambda: take_place(place)):
            return Committed()
        # Who has the lock knows that its predecessor is dead, so nobody waits for the leases that it left.
        while sum(await sql(lambda: actions.take_back(place=place))):
            pass
        addresses = settings.REASONER_URLS
        await sql(lambda: actions.align_endpoints(addresses=addresses))
        try:
            reasoner = Reasoner(
                addresses[endpoint], settings.REASONER_API_KEY, settings.REASONER_MODEL or None
            )
        except ValueError as wrong:
            reason = str(wrong)
            await sql(lambda: actions.open_circuit(endpoint=endpoint, reason=reason, failures=1))
            return Committed()
        async with reasoner:
            last = await sql(lambda: actions.remembered_window(endpoint=endpoint))
            return await _Pump(endpoint, place, reasoner, sql, seconds, window or last).work()
    except PlaceLost:
        return Committed()
    finally:
        await sql.close()


def _are_many(failures: Sequence[float]) -> bool:
    """Whether so many failures came so fast that they are the engine's."""
    return (
        len(failures) == rules.FAILURES_THAT_OPEN
        and failures[-1] - failures[0] <= rules.FAILURE_WINDOW_SECONDS
    )


def _load_of(asked: asyncio.Task[EngineLoad]) -> rules_window.Load | None:
    if asked.cancelled() or asked.exception() is not None:
        return None
    told = asked.result()
    return rules_window.Load(told.running, told.waiting, told.kv_usage)


def _answer_of(call: Call) -> Verdict | Failure:
    """What came of a call; one that broke in our own hands is told of by its claim alone, and harms no other."""
    wrong = call.exception()
    if wrong is None:
        return call.result()
    log.error("judging one item ended in %s", type(wrong).__name__)
    return Failure(FailureKind.INVALID, f"Judging it ended in {type(wrong).__name__}.")


class _Pump:
    def __init__(
        self, endpoint: int, place: int, reasoner: Reasoner, sql: Sql, seconds: float, window: int
    ) -> None:
        self.endpoint, self.place = endpoint, place
        self.reasoner = reasoner
        self.sql = sql
        self.until = time.monotonic() + seconds
        self.window = max(window or rules_window.START, rules_window.LEAST)
        self.goal = self.window
        self.asked: asyncio.Task[EngineLoad] | None = None
        self.hand = Hand()
        self.ended: list[tuple[Call, Claim]] = []
        self.woken = asyncio.Event()
        self.exhausted = self.ending = False
        self.credit = 0.0
        self.ready: list[Outcome] = []
        self.failures: deque[float] = deque(maxlen=rules.FAILURES_THAT_OPEN)
        self.unread: deque[float] = deque(maxlen=rules.FAILURES_THAT_OPEN)
        self.total = Committed()
        self.engine: UUID | None = None
        self.trial = False
        self.trouble = False
        self.tripped = ""
        self.stopping = False
        self.wanted = ""
        self.fingerprint = self.noted = ""
        self.tally = Counter[str]()
        self.took: deque[float] = deque(maxlen=200)
        self.told = time.monotonic()
        self.looked = self.committed = self.renewed = self.adjusted = self.started = time.monotonic()

    async def work(self) -> Committed:
        """Claim, judge and commit until the time is up, the line is empty, or the circuit opens."""
        gate = await self.sql(lambda: actions.note_probe(endpoint=self.endpoint))
        if gate == OPEN or not await self._identify():
            return self.total
        self.trial = gate == HALF_OPEN
        if threading.current_thread() is threading.main_thread():
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._stop)
        try:
            await self._pump()
        finally:
            await self._end()
        return self.total

    def _stop(self) -> None:
        self.stopping = True
        self.sql.hurry()

    async def _identify(self) -> bool:
        try:
            identity = await self.reasoner.identity()
        except EngineUnavailable as away:
            reason = away.failure.reason
            await self.sql(lambda: actions.open_circuit(endpoint=self.endpoint, reason=reason, failures=1))
            return False
        self.engine = await self.sql(lambda: actions.note_engine(endpoint=self.endpoint, identity=identity))
        return True

    async def _pump(self) -> None:
        self.looked = self.suspected = 0.0
        while not (self.tripped or self.stopping or self.wanted):
            self._take_ended()
            if not self._over():
                await self._fill()
            if not (self.hand.calls or self.ended):
                if self.ready:
                    await self._commit()
                    continue
                break
            await self._wait()
            await self._housekeeping()

    def _over(self) -> bool:
        return bool(self.stopping or self.wanted) or time.monotonic() > self.until

    async def _fill(self) -> None:
        """Keep every slot busy with what is at hand, and take more from the line before the hand is empty."""
        self.hand.begin(self.window, self._judge)
        limit, quick = (min(slots, MOST_AT_ONCE) for slots in self._wish())
        recent = bool(self.hand.calls) and time.monotonic() < self.looked + LOOK_SECONDS
        # A line that gave all that was asked for is asked again at once.
        if (limit and not (recent and self.exhausted)) or (quick and not recent):
            await self._claim(limit, quick)
            self.hand.begin(self.window, self._judge)

    def _wish(self) -> tuple[int, int]:
        """How many to take from the line: for anybody, and more for people before a screen."""
        if self.trial:
            return max(1 - len(self.hand.claims()), 0), 0
        return self.hand.free(self.window, ahead=min(self.window // AHEAD, MOST_AT_ONCE))

    async def _claim(self, limit: int, quick: int) -> None:
        flying = self.hand.by_group()
        aged = int(self.credit)
        suspects = self._suspects()
        claims = await self.sql(
            lambda: actions.claim_judgements(
                endpoint=self.endpoint, limit=limit, quick=quick, aged=aged, flying=flying, suspects=suspects,
                place=self.place,
            )
        )  # fmt: skip
        self.looked = time.monotonic()
        if suspects is not None and not (suspects or any(claim.is_suspect for claim in claims)):
            self.suspected = self.looked
        if limit:
            self.exhausted = len(claims) < limit
        waited = sum(claim.lane > Lane.LIVE for claim in claims)
        earned = self.credit + AGED_SHARE * len(claims)
        self.credit = max(min(earned, max(AGED_SHARE * self.window, 1.0)) - waited, 0.0)
        for claim in claims:
            self.hand.add(claim, self._slots(claim))

    def _slots(self, claim: Claim) -> int:
        try:
            return self.reasoner.calls_for(claim.policy, claim.subject, claim.effort, larger=claim.larger)
        except Exception:
            return 1  # its call ends in the same way, and is told of then

    def _suspects(self) -> list[int] | None:
        """The crash counts of suspects in hand; None when it is not the time to look for more."""
        if time.monotonic() < self.suspected + SUSPECTS_SECONDS:
            return None
        # One whose answer is not stored yet would be lost with the next one.
        return [claim.crashes for claim in self._held() if claim.is_suspect]

    def _judge(self, claim: Claim) -> Call:
        judging = self.reasoner.judge(
            claim.policy,
            claim.subject,
            claim.effort,
            CALL_SECONDS,
            larger=claim.larger,
            priority=claim.lane,
        )
        call = asyncio.create_task(judging)
        call.add_done_callback(self._wake)
        return call

    def _wake(self, call: Call) -> None:
        """A call has ended: after a verdict its slot goes to the next one at once, whatever the database is doing."""
        if call.cancelled() or call not in self.hand.calls:
            return  # given up meanwhile
        self.ended.append((call, self.hand.end(call)))
        self.woken.set()
        answered = call.exception() is None and isinstance(call.result(), Verdict)
        if answered and not (self.ending or self.tripped or self._over()):
            self.hand.begin(self.window, self._judge)

    async def _wait(self) -> None:
        """Until a call ends, or it is time to store or to look at the line."""
        timeout = max(self._due() - time.monotonic(), 0.0) if self.ready else LOOK_SECONDS
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self.woken.wait()
        self._take_ended()
        if self.ready and (len(self.ready) >= BATCH or time.monotonic() >= self._due()):
            await self._commit()

    def _due(self) -> float:
        """When the answers that wait are stored: soon where somebody or a suspect waits for one, else with more of them."""
        hurried = any(each.claim.lane in RESERVED_LANES or each.claim.is_suspect for each in self.ready)
        return self.committed + (HURRIED_LINGER_SECONDS if hurried else LINGER_SECONDS)

    def _take_ended(self) -> None:
        self.woken.clear()
        ended, self.ended = self.ended, []
        for call, claim in ended:
            self._take(claim, _answer_of(call))

    def _held(self) -> list[Claim]:
        """All that is leased and not stored yet."""
        answered = (outcome.claim for outcome in self.ready)
        return [*self.hand.claims(), *(claim for _, claim in self.ended), *answered]

    def _take(self, claim: Claim, answer: Verdict | Failure) -> None:
        probed = self.trial and isinstance(answer, Failure) and answer.kind in _ENDPOINT_FAULTS
        # A probe that fails tells of the engine: the item that it was made with is not charged.
        spared = (
            Failure(FailureKind.BUSY, answer.reason) if probed and isinstance(answer, Failure) else answer
        )
        self.ready.append(Outcome(claim, spared))
        if isinstance(answer, Verdict):
            self._count(answer)
            return
        self.tally["failures"] += 1
        self.trouble |= answer.kind in {FailureKind.BUSY, FailureKind.TIMEOUT}
        if answer.kind in _ENDPOINT_FAULTS:
            self.failures.append(time.monotonic())
        if answer.kind in _ANSWER_FAULTS:
            self.unread.append(time.monotonic())
        at_once = rules.after_failure(answer.kind.value, transients=0, timeouts=0, invalids=0).trips
        # A probe that is refused or not understood ends its item as always, so that the next one is made with another.
        failed = self.trial and answer.kind in _ENDPOINT_FAULTS | _ANSWER_FAULTS
        if at_once or failed or _are_many(self.failures) or _are_many(self.unread):
            self.tripped = answer.reason

    def _count(self, verdict: Verdict) -> None:
        self.unread.clear()
        self.took.append(verdict.seconds)
        self.fingerprint = verdict.fingerprint or self.fingerprint
        self.tally["verdicts"] += 1
        self.tally["prompt_tokens"] += verdict.usage.prompt_tokens
        self.tally["completion_tokens"] += verdict.usage.completion_tokens
        self.tally["cached_tokens"] += verdict.usage.cached_tokens

    async def _commit(self) -> None:
        engine = self.engine
        assert engine is not None
        endpoint = self.endpoint
        while outcomes := self.ready[: actions.MOST_OUTCOMES]:
            self.total += await self.sql(
                partial(actions.commit_verdicts, outcomes=outcomes, engine=engine, endpoint=endpoint)
            )
            # Only now: what the database did not take is tried again, and is still renewed.
            del self.ready[: len(outcomes)]
        self.committed = time.monotonic()
        if self.trial and not self.tripped:
            self.trial = False
            await self.sql(lambda: actions.close_circuit(endpoint=self.endpoint))

    async def _housekeeping(self) -> None:
        now = time.monotonic()
        if now > self.renewed + RENEW_SECONDS:
            await self._renew()
        if now > self.adjusted + ADJUST_SECONDS:
            await self._adjust()
        elif now > self.told + LOOK_UP_SECONDS:
            await self._note()

    async def _renew(self) -> None:
        self.renewed = time.monotonic()
        claims = self._held()
        self.hand.keep(await self.sql(lambda: actions.renew_leases(claims=claims)))

    async def _adjust(self) -> None:
        self.adjusted = time.monotonic()
        # What was asked for at the last look: an engine that hangs is not waited for, or everything else would stand still.
        if self.asked and self.asked.done():
            self._resize(_load_of(self.asked))
            self.asked = None
        if self.asked is None:
            self.asked = asyncio.create_task(self.reasoner.load())
        await self._note()

    def _resize(self, load: rules_window.Load | None) -> None:
        if self.trouble and self.window >= self.goal:
            self.goal = int(self.window * rules_window.SHRINK)
        slow = sorted(self.took)[int(len(self.took) * 0.95)] if self.took else 0.0
        full = bool(self.hand.waiting) or self.hand.flying >= self.window - 1
        self.window = rules_window.next_window(
            self.window, full=full, trouble=self.trouble, load=load, slow=slow, goal=self.goal
        )
        self.trouble = False

    async def _note(self) -> None:
        in_flight = self.hand.flying
        rate = self.total.done / max(time.monotonic() - self.started, 0.1)
        window = self.window
        now = time.monotonic()
        if self.fingerprint != self.noted and self.engine:
            self.noted, engine, seen = self.fingerprint, self.engine, self.fingerprint
            self.engine = await self.sql(
                lambda: actions.note_fingerprint(endpoint=self.endpoint, engine=engine, fingerprint=seen)
            )
        tally = Tally(**self.tally, busy_seconds=now - self.told)
        self.tally.clear()
        self.told = now
        self.wanted = await self.sql(
            lambda: actions.note_pace(
                endpoint=self.endpoint, in_flight=in_flight, window=window, verdicts_per_second=round(rate, 2),
                tally=tally,
            )
        )  # fmt: skip

    async def _end(self) -> None:
        """Finish what is in flight, unless the circuit opened; give the rest back; close or open the circuit."""
        self.ending = True
        if self.asked:
            self.asked.cancel()
        if self.hand.calls and not self.tripped and self.wanted != "drop":
            await self._last_calls(CALL_SECONDS if self.wanted == "drain" else DRAIN_SECONDS)
        left = await self.hand.drop()
        self._take_ended()
        try:
            if self.ready:
                await self._commit()
        except Exception:
            self.sql.hurry()
            raise
        finally:
            if left:
                await self.sql(lambda: actions.release(claims=left))
        await self._note()
        if self.tripped:
            reason, failures = self.tripped, max(len(self.failures), len(self.unread), 1)
            await self.sql(
                lambda: actions.open_circuit(endpoint=self.endpoint, reason=reason, failures=failures)
            )
        else:
            await self.sql(lambda: actions.close_circuit(endpoint=self.endpoint))
            if not (self.stopping or self.wanted) and time.monotonic() > self.until:
                await self.sql(lambda: doorbell.ring("reason", self.endpoint))

    async def _last_calls(self, patience: float) -> None:
        """Let the calls in flight end, for at most `patience` seconds; leases are renewed meanwhile."""
        until = time.monotonic() + patience
        while (
            self.hand.calls
            and (left := until - time.monotonic()) > 0
            and not (self.stopping and patience > DRAIN_SECONDS)
        ):
            await asyncio.wait(set(self.hand.calls), timeout=min(left, RENEW_SECONDS))
            if self.hand.calls and left > RENEW_SECONDS:
                await self._renew()
