"""Takes in what arrives: items, authors, flags, and answers that are given only once."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models.functions import Now

from reviewapp import doorbell
from reviewapp.audit.actions import Actor, record
from reviewapp.ids import new_id, new_ids
from reviewapp.intake import arrivals as sql
from reviewapp.intake.actions.standing import advance, await_anew
from reviewapp.intake.arrivals import Arrival
from reviewapp.intake.incoming import IncomingItem, Refused
from reviewapp.intake.models import IdempotentAnswer
from reviewapp.intake.rules import FLAGS_BY_PEOPLE, ItemState, commitment, reopens
from reviewapp.policies.models import Version
from reviewapp.statements import rows
from reviewapp.ui.errors import ProductError

ANSWERS_KEPT: Final = timedelta(hours=48)


class OtherBody(ProductError):
    """An Idempotency-Key that was used for another body."""

    status = 422
    code = "idempotency_conflict"


class Received(msgspec.Struct, frozen=True):
    """What became of one sent item: the id it has, where it stands, and whether it is new."""

    id: UUID
    external_id: str
    state: str
    created: bool


Outcome = Received | Refused


@transaction.atomic
def receive(*, items: Sequence[IncomingItem], actor: Actor, key_id: UUID | None = None) -> list[Outcome]:
    """Store what arrived, with authors, flags and one audit event, in one transaction; one outcome an item, in order.

    The same content as the current revision: the same item, new flags added. Other content: the next revision. An
    erased item stays erased and stores nothing. `key_id` names the API key in the event. Refuses items that name a
    policy that is not published (code unknown_policy). Rings "score".
    """
    outcomes: list[Outcome | None] = [None] * len(items)
    for place, refused in _refuse_unknown_policies(items):
        outcomes[place] = refused
    arrivals = _prepare([place for place, each in enumerate(outcomes) if each is None], items, actor)
    for wave in _waves(arrivals):
        _store(wave)
    created = [arrival for arrival in arrivals if arrival.created]
    _record_received(created, actor, key_id)
    _add_flags(arrivals, actor)
    if created:
        doorbell.ring("score")
    replaced = {arrival.superseded for arrival in arrivals}
    for arrival in arrivals:
        target = arrival.target or arrival.id
        state = ItemState.SUPERSEDED.value if target in replaced else arrival.state
        outcomes[arrival.place] = Received(target, arrival.item.external_id, state, arrival.created)
    return [each for each in outcomes if each is not None]


def _refuse_unknown_policies(items: Sequence[IncomingItem]) -> list[tuple[int, Refused]]:
    named = {slug for item in items for slug in item.policies}
    if not named:
        return []
    published = set(Version.objects.filter(state="published").values_list("policy__slug", flat=True))
    known = ", ".join(sorted(published)) or "none yet"
    refused = []
    for place, item in enumerate(items):
        unknown = sorted(set(item.policies) - published)
        if unknown:
            message = f"No published policy is called {', '.join(unknown)}. Published: {known}."
            refused.append((place, Refused(place, "unknown_policy", message)))
    return refused


def _prepare(places: Sequence[int], items: Sequence[IncomingItem], actor: Actor) -> list[Arrival]:
    """Arrivals of the items at `places`; sources and authors that are new exist afterwards."""
    if not places:
        return []
    senders = [_sender(items[place]) for place in places]
    known = _known({**dict.fromkeys(senders, ""), **_names(items[place] for place in places)}, actor)
    noise = os.urandom(32 * len(places))
    return [
        Arrival(
            place=place, item=items[place], source=known[sender].source, author=known[sender].author,
            hash=items[place].hash(), id=key, key=noise[32 * at : 32 * at + 32],
        )
        for at, (place, sender, key) in enumerate(zip(places, senders, new_ids(len(places)), strict=True))
    ]  # fmt: skip


def _sender(item: IncomingItem) -> sql.Sender:
    return item.source, item.author.id if item.author else ""


def _names(items: Iterable[IncomingItem]) -> dict[sql.Sender, str]:
    """The latest name that an author was called by, of those who were called by one."""
    return {
        (item.source, item.author.id): item.author.name for item in items if item.author and item.author.name
    }


def _known(names: Mapping[sql.Sender, str], actor: Actor) -> dict[sql.Sender, sql.Known]:
    """Source and author of every sender, under the name that was sent where one was."""
    known = sql.known(names)
    if len(known) < len(names):
        strange = sorted({source for source, _ in names} - {source for source, _ in known})
        for name, key in sql.add_sources(dict(zip(strange, new_ids(len(strange)), strict=True))):
            record(verb="source.created", actor=actor, subjects=[key], data={"name": name})
        known = sql.known(names)
    strangers = [sender for sender in names if sender[1] and known[sender].author is None]
    if strangers:
        known |= _add_authors({sender: (known[sender].source, names[sender]) for sender in strangers})
    stale = {
        found.author: names[sender]
        for sender, found in known.items()
        if found.author and names[sender] and names[sender] != found.name
    }
    if stale:
        sql.rename_authors(stale)
    return known


def _add_authors(strangers: Mapping[sql.Sender, tuple[UUID, str]]) -> dict[sql.Sender, sql.Known]:
    """Authors made of source and name, or found where another request was making them."""
    keys = dict(zip(strangers, new_ids(len(strangers)), strict=True))
    late = sql.add_authors(
        {(source, sender[1]): (keys[sender], name) for sender, (source, name) in strangers.items()}
    )
    made = {sender: sql.Known(source, keys[sender], name) for sender, (source, name) in strangers.items()}
    if late:
        made |= sql.known(sender for sender, (source, _) in strangers.items() if (source, sender[1]) in late)
    return made


def _waves(arrivals: Sequence[Arrival]) -> list[list[Arrival]]:
    """Groups in which each item occurs once, in the order sent: a repeat within a request meets the first one."""
    waves: list[list[Arrival]] = []
    seen: dict[tuple[str, str], int] = {}
    for arrival in arrivals:
        item = arrival.item
        name = (item.source, item.external_id)
        turn = seen.get(name, 0)
        seen[name] = turn + 1
        if turn == len(waves):
            waves.append([])
        waves[turn].append(arrival)
    return waves


def _store(wave: list[Arrival]) -> None:
    """Insert what is new; what is here already becomes a duplicate, a new revision, or stays erased."""
    wave.sort(key=lambda arrival: (arrival.source.int, arrival.item.external_id))
    _insert(wave)
    met = [arrival for arrival in wave if not arrival.created]
    while met:
        current = sql.current_revisions([arrival.natural for arrival in met])
        found = [arrival for arrival in met if arrival.natural in current]
        _meet(found, current)
        # The lock of one that was just replaced was waited for in vain; its successor is there on the next look.
        met = [arrival for arrival in met if arrival.natural not in current]


def _insert(arrivals: Sequence[Arrival]) -> None:
    left_out, now = sql.add_items(arrivals)
    for arrival in arrivals:
        # Seldom is one left out, and to look up a UUID takes a call in Python.
        arrival.stored_at = None if left_out and arrival.id in left_out else now


def _meet(found: Sequence[Arrival], current: dict[sql.Natural, sql.Current]) -> None:
    revised = []
    for arrival in found:
        known = current[arrival.natural]
        if known.erasing or known.hash == arrival.hash:
            arrival.target = known.id
            arrival.state = ItemState.ERASED.value if known.erasing else known.state
        else:
            arrival.revision, arrival.superseded = known.revision + 1, known.id
            arrival.restricted = known.restricted
            revised.append(arrival)
    if revised:
        sql.supersede([arrival.superseded for arrival in revised if arrival.superseded])
        _insert(revised)


def _record_received(created: Sequence[Arrival], actor: Actor, key_id: UUID | None) -> None:
    if not created:
        return
    record(
        verb="item.received",
        actor=actor,
        subjects=[arrival.id for arrival in created],
        data={
            "source": sorted({arrival.item.source for arrival in created}),
            "key": str(key_id) if key_id else None,
            "commitments": [commitment(arrival.key, arrival.hash) for arrival in created],
            "count": len(created),
        },
        at=max(arrival.stored_at for arrival in created if arrival.stored_at),
    )
    replaced = [(arrival.superseded, arrival.id) for arrival in created if arrival.superseded]
    if replaced:
        old = [before for before, _ in replaced]
        record(
            verb="item.superseded",
            actor=actor,
            subjects=old,
            data={"by": [str(after) for _, after in replaced]},
        )


def _add_flags(arrivals: Sequence[Arrival], actor: Actor) -> None:
    """Flags of all arrivals; on items that were here before, each new one is told and may bring the item back."""
    live = [arrival for arrival in arrivals if arrival.item.flags and arrival.state != ItemState.ERASED]
    sent = [(arrival.target or arrival.id, flag) for arrival in live for flag in arrival.item.flags]
    if not sent:
        return
    added = sql.add_flags([(key, *pair) for key, pair in zip(new_ids(len(sent)), sent, strict=True)])
    known = {arrival.target: arrival for arrival in live if arrival.target}
    late = [(item, kind) for item, kind in added if item in known]
    if not late:
        return
    items = sorted({item for item, _ in late})
    kinds = sorted({kind for _, kind in late})
    record(verb="item.flagged", actor=actor, subjects=items, data={"kinds": kinds, "count": len(late)})
    by_people = sorted({item for item, kind in late if kind in FLAGS_BY_PEOPLE})
    if by_people:
        sql.mark_flagged(by_people)
    await_anew(items=items)
    _reopen(late, arrivals, actor)


def _reopen(late: Sequence[tuple[UUID, str]], arrivals: Sequence[Arrival], actor: Actor) -> None:
    states = {arrival.target: arrival.state for arrival in arrivals if arrival.target}
    wanted = {item for item, kind in late if reopens(states[item], kind)}
    if not wanted:
        return
    before = sorted({states[item] for item in wanted})
    moved = set(advance(items=sorted(wanted), expected=tuple(before), following=ItemState.AWAITING_REVIEW))
    if moved:
        record(
            verb="item.reopened", actor=actor, subjects=sorted(moved), data={"why": "flag", "states": before}
        )
    for arrival in arrivals:
        if arrival.target in moved:
            arrival.state = ItemState.AWAITING_REVIEW.value


@transaction.atomic
def answer_once(
    *, api_key: UUID, key: str, body_hash: bytes, answer: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """The first answer that was given to this Idempotency-Key, or `answer()`, kept in its transaction for 48 hours.

    A concurrent request with the same key waits for the first. Raises OtherBody when `body_hash` is not the first's.
    """
    row = rows(
        """
        INSERT INTO intake_idempotentanswer AS a (id, api_key_id, key, body_hash, answer, at)
        VALUES (%s, %s, %s, %s, 'null', now())
        ON CONFLICT (api_key_id, key) DO UPDATE SET body_hash = excluded.body_hash, answer = 'null', at = now()
        WHERE a.at < now() - %s
        RETURNING id
        """,
        [new_id(), api_key, key, body_hash, ANSWERS_KEPT],
    )
    if not row:
        first = IdempotentAnswer.objects.get(api_key=api_key, key=key)
        if bytes(first.body_hash) != body_hash:
            raise OtherBody(
                "This Idempotency-Key was used for another body. Take a new key for a new request."
            )
        kept: dict[str, Any] = first.answer
        return kept
    fresh = answer()
    IdempotentAnswer.objects.filter(pk=row[0][0]).update(answer=fresh)
    return fresh


def forget_answers() -> int:
    """Delete kept answers older than 48 hours; gives how many."""
    return IdempotentAnswer.objects.filter(at__lt=Now() - ANSWERS_KEPT).delete()[0]
