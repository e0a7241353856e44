"""Scores what arrived and sends each item on its way; sets the switches of the prefilter."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from inference import Prefilter, Spoken
from reviewapp import doorbell
from reviewapp.audit.actions import PREFILTER, Actor, record
from reviewapp.audit.clock import database_time
from reviewapp.ids import new_ids
from reviewapp.intake import actions as intake
from reviewapp.intake import reads as intake_reads
from reviewapp.intake.models import Flag, Item
from reviewapp.intake.rules import FLAGS_BY_PEOPLE, ItemState
from reviewapp.policies import reads as policies
from reviewapp.screening import rules
from reviewapp.screening.models import Run, Score, ScreeningSettings
from reviewapp.screening.rules import Route, RunKind
from reviewapp.screening.rules_line import SECONDS_A_POINT, Lane
from reviewapp.ui.errors import ProductError
from reviewapp.ui.languages import UNKNOWN, base_of

BATCH = 500
_FOLLOWING = {
    Route.PASS: ItemState.PASSED,
    Route.REASON: ItemState.AWAITING_VERDICT,
    Route.PEOPLE: ItemState.AWAITING_REVIEW,
}


class BadSwitch(ProductError):
    """The new value of a switch makes no sense."""

    status = 422


@dataclass(frozen=True, slots=True)
class _Scored:
    item: Item
    reading: Any | None
    way: rules.Way
    detected: str
    flag_kinds: frozenset[str]


@transaction.atomic
def score_batch(
    *,
    prefilter: Prefilter,
    read: Callable[[str], Spoken],
    limit: int = BATCH,
    draw: Callable[[], float] = random.random,
) -> int:
    """Score up to `limit` (at most 500) received items and move each on, in one transaction; returns how many.

    Rows another worker scores right now are left to it. `read` gives the language of a text, and is asked
    where none was sent. `draw` gives the random numbers of the sample. Rings "reason" when something is to be judged.
    """
    items = intake_reads.received_batch(min(limit, BATCH))
    if not items:
        return 0
    scored = _scored(items, prefilter, read, draw)
    _store(scored, prefilter.name)
    states = _advance(scored)
    asked = _ask(scored)
    ordered = sorted(scored, key=lambda each: _FOLLOWING[each.way.route])
    record(
        verb="item.scored",
        actor=PREFILTER,
        subjects=[each.item.pk for each in ordered],
        data={
            "model": prefilter.name,
            "routes": dict(sorted(Counter(each.way.route.value for each in scored).items())),
            "states": states,
        },
    )
    if asked:
        doorbell.ring("reason")
    return len(items)


@transaction.atomic
def switch_prefilter(*, send_everything_on: bool, sample_share: float, actor: Actor) -> None:
    """Set the switch and the sample share (0 to 1). Raises BadSwitch for another share."""
    if not 0 <= sample_share <= 1:
        raise BadSwitch(_("The sample share is a part of what passes: type a number from 0 to 100 per cent."))
    ScreeningSettings.objects.get_or_create(pk=True)
    current = ScreeningSettings.objects.select_for_update().get(pk=True)
    changes = {
        "send_everything_on": (current.send_everything_on, send_everything_on),
        "sample_share": (current.sample_share, sample_share),
    }
    for field, (before, after) in changes.items():
        if before != after:
            record(
                verb="prefilter.switched",
                actor=actor,
                subjects=[],
                data={"field": field, "before": str(before), "after": str(after)},
            )
    ScreeningSettings.objects.filter(pk=True).update(
        send_everything_on=send_everything_on, sample_share=sample_share, changed_at=Now()
    )


def versions_for(item: Item) -> tuple[UUID, ...]:
    """What judges an item when somebody asks for it: what its risk calls for, else all that applies to it; none without text."""
    content = intake_reads.contents([item.pk]).get(item.pk)
    if content is None or not content.text.strip():
        return ()
    spoken = Spoken(item.detected or UNKNOWN)
    facts = _facts(item, _flags([item]).get(item.pk, []), spoken, content.text)
    score = Score.objects.filter(item=item).order_by("-scored_at").first()
    published = _candidates()
    heads, over = (score.heads, frozenset(score.over)) if score else ({}, frozenset())
    chosen = rules.policies_for(facts=facts, heads=heads, over=over, published=published, best=False)
    return chosen or rules.applying(facts, published)


def live_run() -> Run:
    """The one live run; made when it is first needed."""
    return Run.objects.get_or_create(kind=RunKind.LIVE.value)[0]


def _scored(
    items: Sequence[Item], prefilter: Prefilter, read: Callable[[str], Spoken], draw: Callable[[], float]
) -> list[_Scored]:
    contents = intake_reads.contents([item.pk for item in items])
    texts = {key: content.text for key, content in contents.items() if content.text.strip()}
    readings = dict(zip(texts, prefilter.score(list(texts.values())), strict=True))
    flags = _flags(items)
    published = _candidates()
    switches = ScreeningSettings.objects.filter(pk=True).first() or ScreeningSettings()
    found = []
    for item in items:
        reading = readings.get(item.pk)
        spoken = _spoken(item, texts, read)
        way = rules.way(
            facts=_facts(item, flags.get(item.pk, []), spoken, texts.get(item.pk, "")),
            heads=reading.heads if reading else {},
            over=reading.over if reading else frozenset(),
            published=published,
            everything=switches.send_everything_on,
            sample_share=switches.sample_share,
            draw=draw(),
        )
        kinds = frozenset(kind for kind, _ in flags.get(item.pk, []))
        found.append(_Scored(item, reading, way, spoken.language, kinds))
    return found


def _spoken(item: Item, texts: Mapping[UUID, str], read: Callable[[str], Spoken]) -> Spoken:
    """What is read in the text of an item that came without a language."""
    if base_of(item.language) != UNKNOWN or item.pk not in texts:
        return Spoken()
    found = read(texts[item.pk])
    return Spoken(base_of(found.language), base_of(found.leaning))


def _flags(items: Sequence[Item]) -> Mapping[UUID, list[tuple[str, str]]]:
    found: dict[UUID, list[tuple[str, str]]] = defaultdict(list)
    rows = Flag.objects.filter(item__in=[item.pk for item in items]).values_list("item_id", "kind", "reason")
    for item, kind, reason in rows:
        found[item].append((kind, reason.strip().lower()))
    return found


def _candidates() -> list[rules.Candidate]:
    return [
        rules.Candidate(
            version=each.version_id,
            slug=each.slug,
            family=each.family,
            sources=frozenset(each.applies.get("sources") or ()),
            countries=frozenset(each.applies.get("countries") or ()),
            languages=frozenset(each.applies.get("languages") or ()),
        )
        for each in policies.judging()
    ]


def _facts(item: Item, flags: Sequence[tuple[str, str]], spoken: Spoken, text: str) -> rules.Facts:
    return rules.Facts(
        source=item.source.name,
        source_policies=frozenset(item.source.policies),
        policies=frozenset(item.policies),
        flags=tuple((kind in FLAGS_BY_PEOPLE, reason) for kind, reason in flags),
        attachments=item.attachments,
        language=item.language,
        detected=spoken.language,
        leaning=spoken.leaning,
        latin=rules.is_latin(text),
        country=item.country,
        has_text=bool(text),
    )


def _store(scored: Sequence[_Scored], model: str) -> None:
    now = database_time()
    Score.objects.bulk_create(
        Score(
            item=each.item,
            scored_at=now,
            model=model,
            risk=each.reading.risk if each.reading else None,
            heads={name: round(value, 6) for name, value in each.reading.heads.items()}
            if each.reading
            else {},
            over=sorted(each.reading.over) if each.reading else [],
            route=each.way.route.value,
            why=each.way.why.value,
        )
        for each in scored
    )


def _advance(scored: Sequence[_Scored]) -> dict[str, int]:
    groups: dict[ItemState, list[UUID]] = defaultdict(list)
    for each in scored:
        groups[_FOLLOWING[each.way.route]].append(each.item.pk)
    detected = {each.item.pk: each.detected for each in scored if each.detected != UNKNOWN}
    for following, items in groups.items():
        told = {item: detected[item] for item in items if item in detected}
        intake.advance(items=items, expected=ItemState.RECEIVED, following=following, detected=told)
    return {state.value: len(items) for state, items in sorted(groups.items())}


def _ask(scored: Sequence[_Scored]) -> int:
    """One pending judgement for each item and version; one that is there already stays as it is."""
    questions = [
        (each.item.pk, version, rules.priority(flag_kinds=each.flag_kinds, why=each.way.why))
        for each in scored
        for version in each.way.versions
    ]
    if not questions:
        return 0
    items, versions, priorities = zip(*questions, strict=True)
    with connection.cursor() as cursor:
        # Three arrays instead of twenty placeholders a row: building the statement cost more than running it.
        cursor.execute(
            """
            INSERT INTO screening_judgement (id, run_id, version_id, item_id, replica, state, priority, lane, rank_at,
                policy_hash, lease_epoch, crashes, timeouts, transients, invalids, failure_kind, failure_reason)
            SELECT new.id, %s, new.version, new.item, 0, 'pending', new.priority, %s,
                clock_timestamp() + make_interval(secs => new.priority * %s), '', 0, 0, 0, 0, 0, '', ''
            FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::int[]) AS new(id, version, item, priority)
            ON CONFLICT DO NOTHING
            """,
            [
                live_run().pk,
                Lane.LIVE,
                SECONDS_A_POINT,
                new_ids(len(questions)),
                list(versions),
                list(items),
                list(priorities),
            ],
        )
    return len(questions)
