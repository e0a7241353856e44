"""Routing rules as admins change them, settings of a queue, one's own keys, and the limit of exposure."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from reviewapp.accounts import actions as accounts
from reviewapp.accounts.models import Notice, Person
from reviewapp.audit.actions import OPERATOR
from reviewapp.audit.clock import database_time
from reviewapp.intake.models import Item
from reviewapp.policies.models import Version
from reviewapp.review import actions, reads_care, reads_routing
from reviewapp.review.keys import KEYS, REMAPPABLE, clashes, keymap
from reviewapp.review.models import Queue, RoutingRule, RoutingVersion, Task
from reviewapp.review.rules import Facts, Route, misses
from reviewapp.review.rules_care import LIGHT_REACH, is_spent, points
from reviewapp.review.rules_routing import impossible, shadows
from reviewapp.ui.errors import Forbidden, Missing
from tests.bench import population
from tests.cast import Cast
from tests.racing import at_once
from tests.rooms.review import stage

SignIn = Callable[[Person], Client]


@pytest.fixture
def fraud(cast: Cast) -> Version:
    return stage.publish("fraud")


def order() -> list[UUID]:
    return list(RoutingRule.objects.order_by("ordinal").values_list("pk", flat=True))


@pytest.mark.parametrize(
    ("rule", "facts", "lacking"),
    [
        (Route(uuid4(), languages=frozenset({"ar"})), Facts("forum", language="ar-EG"), []),
        (Route(uuid4(), languages=frozenset({"ar"})), Facts("forum", language="de"), ["language"]),
        (Route(uuid4(), countries=frozenset({"DE"}), authors=frozenset({"u1"})), Facts("forum"), ["country", "author"]),
        (Route(uuid4(), confidences=frozenset({"low"})), Facts("forum", confidence="low"), []),
        (Route(uuid4(), labels=frozenset({"violates", "none"})), Facts("forum"), []),
        (Route(uuid4(), labels=frozenset({"violates", "none"})), Facts("forum", label="unsure"), ["label"]),
        (Route(uuid4(), severity_from=3, labels=frozenset({"none", "unsure"})), Facts("forum", label="violates", severity=2), ["severity", "label"]),
    ],
)  # fmt: skip
def test_a_rule_says_what_it_misses(rule: Route, facts: Facts, lacking: list[str]) -> None:
    assert misses(rule, facts) == lacking


def test_a_new_rule_stands_above_the_last_and_takes_what_arrives(cast: Cast, fraud: Version) -> None:
    stage.line_up(1, version=fraud)
    goes = stage.queue_of("sexual-content")
    last = order()[-1]
    version = actions.save_rule(rule=None, conditions={"languages": ["ar"]}, queue=goes, person=cast.ad)
    assert version == 1 and order()[-1] == last and len(RoutingVersion.objects.get().rules) == 6
    rule = order()[-2]
    for _ in range(6):
        actions.move_rule(rule=rule, person=cast.ad)
    assert order()[0] == rule
    item = stage.wait_for_a_person(language="ar")
    stage.say(item, fraud)
    actions.admit()
    assert Task.objects.get(item=item).queue_id == goes


def test_a_rule_on_a_language_takes_what_was_detected_and_is_typed_by_name(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    stage.line_up(1, version=fraud)
    goes = stage.queue_of("sexual-content")
    ad = client_for(cast.ad)
    rule = order()[0]
    form = {"rule": str(rule), "queue": str(goes), "severity_from": "0"}
    refused = ad.post("/routing/", form | {"languages": "Klingonese, de"})
    assert refused.status_code == 422 and "Klingonese is no language known here" in refused.content.decode()
    ad.post("/routing/", form | {"languages": "German, pt-BR, unknown"})
    assert RoutingRule.objects.get(pk=rule).languages == ["de", "pt", "und"]
    items = [
        stage.wait_for_a_person(**said)
        for said in ({"detected": "de"}, {"language": "deu"}, {"language": "fr"}, {})
    ]
    for item in items:
        stage.say(item, fraud)
    actions.admit()
    goes_there = [Task.objects.get(item=item).queue_id == goes for item in items]
    assert goes_there == [True, True, False, True]
    tried = ad.get("/routing/try", {"item": str(items[0])}).content.decode()
    assert "detected: German" in tried and "language is German or Portuguese or unknown" in tried


def test_what_waits_moves_only_when_asked_and_the_page_says_how_many(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    stage.line_up(3, version=fraud)
    claim = actions.claim_next(queue=stage.queue_of(), person=cast.ana)
    rule = RoutingRule.objects.get(queue__slug="scams-spam")
    goes = stage.queue_of("harassment-hate")
    ad = client_for(cast.ad)
    ad.post(
        "/routing/",
        {"rule": str(rule.pk), "policies": "fraud, spam", "queue": str(goes), "severity_from": "0"},
    )
    page = ad.get("/routing/").content.decode()
    assert "2 from <bdi>Scams and spam</bdi> to <bdi>Harassment and hate</bdi>" in page
    assert Task.objects.filter(queue_id=goes).count() == 0
    ad.post("/routing/", {"reroute": "1"})
    assert Task.objects.filter(queue_id=goes, state="waiting").count() == 2
    assert claim and Task.objects.get(pk=claim.task).queue.slug == "scams-spam"
    assert "Move them" not in ad.get("/routing/").content.decode()
    assert stage.verbs(Task.objects.filter(queue_id=goes)[0].item_id)[-1] == "task.rerouted"


def test_a_preview_says_what_would_move_saves_nothing_and_keeps_the_form(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    stage.line_up(3, version=fraud)
    actions.claim_next(queue=stage.queue_of(), person=cast.ana)
    rule = RoutingRule.objects.get(queue__slug="scams-spam")
    goes = stage.queue_of("harassment-hate")
    form = {
        "rule": str(rule.pk),
        "policies": "fraud",
        "queue": str(goes),
        "severity_from": "1",
        "preview": "1",
    }
    page = client_for(cast.ad).post("/routing/", form).content.decode()
    assert "would take 2 of the 2 items due next" in page and "2 of 2 waiting" in page
    assert "2 from <bdi>Scams and spam</bdi> to <bdi>Harassment and hate</bdi>." in page
    assert (
        f'value="{goes}" selected' in page
        and 'name="severity_from" type="number" min="0" max="4" value="1"' in page
    )
    assert not RoutingVersion.objects.exists() and RoutingRule.objects.get(pk=rule.pk).severity_from == 0
    new = {"policies": "spam, frod", "queue": str(goes), "preview": "1"}
    page = client_for(cast.ad).post("/routing/", new).content.decode()
    assert "The new rule, as number 5," in page and "There is no policy called frod, spam." in page
    assert "would take 0 of the 2 items" in page and "Nothing that waits would change its queue." in page
    assert client_for(cast.ad).post("/routing/", new | {"queue": ""}).status_code == 422


def test_a_rule_that_nothing_reaches_is_pointed_out(cast: Cast, fraud: Version, client_for: SignIn) -> None:
    stage.line_up(2, version=fraud)
    goes = stage.queue_of("sexual-content")
    severe = {"policies": ["fraud"], "severity_from": 2}
    for conditions in (severe, {"confidences": ["low"]}):
        actions.save_rule(rule=None, conditions=conditions, queue=goes, person=cast.ad)
    lines = reads_routing.routing().lines
    assert [line.taken for line in lines] == [0, 2, 0, 0, 0, 0, 0]
    assert lines[1].warnings == ("There is no policy called spam.",)
    assert lines[4].warnings == ("Never reached: rule 2 takes everything that it would.",)
    assert lines[5].warnings == ("Takes none of the 2 items that are due next.",)
    assert "Never reached: rule 2" in client_for(cast.ad).get("/routing/").content.decode()


FRAUD = frozenset({"fraud"})
UNSAID = frozenset({"unsure", "none"})


@pytest.mark.parametrize(
    ("above", "below", "does"),
    [
        (Route(uuid4()), Route(uuid4(), policies=FRAUD), True),
        (Route(uuid4(), policies=FRAUD), Route(uuid4()), False),
        (Route(uuid4(), policies=FRAUD | {"spam"}), Route(uuid4(), policies=FRAUD, severity_from=3), True),
        (Route(uuid4(), policies=FRAUD, severity_from=3), Route(uuid4(), policies=FRAUD, severity_from=2), False),
        (Route(uuid4(), policies=FRAUD), Route(uuid4(), policies=FRAUD | {"spam"}), False),
        (Route(uuid4(), languages=frozenset({"de"})), Route(uuid4(), languages=frozenset({"de-AT"})), True),
        (Route(uuid4(), labels=UNSAID), Route(uuid4()), False),
        (Route(uuid4()), Route(uuid4(), labels=UNSAID), True),
        (Route(uuid4(), labels=UNSAID | {"allowed"}), Route(uuid4(), labels=UNSAID), True),
        (Route(uuid4(), labels=UNSAID), Route(uuid4(), labels=UNSAID | {"allowed"}), False),
    ],
)  # fmt: skip
def test_a_rule_shadows_another_when_it_takes_whatever_that_could(
    above: Route, below: Route, does: bool
) -> None:
    assert shadows(above, below) is does


def test_a_label_leads_to_a_queue(cast: Cast, fraud: Version, client_for: SignIn) -> None:
    """What is allowed, and what no machine judged, each to a queue of its own; the page says the rules in words."""
    actions.seed_queues(actor=OPERATOR)
    lighter, other = stage.queue_of("sexual-content"), stage.queue_of("everything-else")
    admin = client_for(cast.ad)
    for labels, queue in (("allowed", lighter), ("unsure, none", other)):
        assert admin.post("/routing/", {"labels": labels, "queue": str(queue)}).status_code == 302
    bad, fine, silent = (stage.wait_for_a_person(name=each) for each in ("bad", "fine", "silent"))
    stage.say(bad, fraud)
    stage.say(fine, fraud, "allowed")
    actions.admit()
    page = admin.get("/routing/").content.decode()
    assert "label is allowed" in page and "label is none or unsure" in page
    # The supplied rules stand above: what a policy leads to stays there.
    for rule in order():
        if rule in set(RoutingRule.objects.exclude(policies=[]).values_list("pk", flat=True)):
            actions.drop_rule(rule=rule, person=cast.ad)
    assert [reads_routing.tried(str(each)).queue for each in (bad, fine, silent)] == [
        "Everything else", "Sexual content", "Everything else",
    ]  # fmt: skip


def test_conditions_that_no_item_meets_are_named() -> None:
    there = {"policies": {"fraud"}, "sources": {"forum"}, "flag_kinds": {"user_report"}}
    whole = Route(uuid4(), policies=FRAUD, sources=frozenset({"forum"}), confidences=frozenset({"low"}))
    assert impossible(whole, **there) == []
    wrong = Route(uuid4(), sources=frozenset({"a", "forum", "b"}), severity_from=1, labels=UNSAID)
    assert impossible(wrong, **there) == [
        "There is no source called a, b.", "A severity needs a verdict of violates, which the labels leave out.",
    ]  # fmt: skip
    silent = Route(uuid4(), labels=frozenset({"none"}), confidences=frozenset({"low"}))
    assert impossible(silent, **there) == ["A confidence needs a verdict, which the labels leave out."]


def test_try_this_item_says_which_rule_fires_and_why(cast: Cast, fraud: Version, client_for: SignIn) -> None:
    item = stage.line_up(1, version=fraud)[0]
    tried = reads_routing.tried(str(item))
    assert tried.queue == "Scams and spam" and tried.steps[-1][1] == () and tried.steps[0][1] == ("policy",)
    ad = client_for(cast.ad)
    page = ad.get(f"/routing/try?item=http://x/review/{item}").content.decode()
    assert "yes → <bdi>Scams and spam</bdi>" in page and "not met: policy" in page
    theirs = Item.objects.get(pk=item).external_id
    assert "yes → <bdi>Scams and spam</bdi>" in ad.get("/routing/try", {"item": theirs}).content.decode()
    unknown = ad.get("/routing/try?item=nothing")
    assert unknown.status_code == 404 and 'value="nothing"' in unknown.content.decode()
    Item.objects.filter(pk=item).update(state="erased")
    assert ad.get(f"/routing/try?item={item}").status_code == 404
    Item.objects.filter(pk=item).update(restricted=True)
    assert ad.get(f"/routing/try?item={item}").status_code == 404


def test_rules_that_cannot_be_and_people_who_may_not(cast: Cast, fraud: Version, client_for: SignIn) -> None:
    stage.line_up(1, version=fraud)
    queue = stage.queue_of()
    with pytest.raises(Forbidden):
        actions.save_rule(rule=None, conditions={}, queue=queue, person=cast.sam)
    for rule, goes in ((uuid4(), queue), (None, uuid4())):
        with pytest.raises(Missing):
            actions.save_rule(rule=rule, conditions={}, queue=goes, person=cast.ad)
    for conditions, says in (
        ({"severity_from": 9}, "from 0 to 4"), ({"sources": ["x" * 201]}, "200 printable"), ({}, "Give the rule a condition"),
        ({"flag_kinds": ["report"]}, "no kind of flag called report. There are: user_report"), ({"policies": ["frod"]}, "no policy called frod"),
        ({"labels": ["bad"]}, "no label called bad. There are: violates, allowed, unsure, none"),
        ({"confidences": ["certain"]}, "no confidence called certain"), ({"countries": ["Germany"]}, "GERMANY is no country"),
    ):  # fmt: skip
        with pytest.raises(actions.Unclear, match=says):
            actions.save_rule(rule=None, conditions=conditions, queue=queue, person=cast.ad)
    with pytest.raises(actions.Unclear, match="Give the rule a condition"):
        actions.save_rule(rule=order()[0], conditions={}, queue=queue, person=cast.ad)
    with pytest.raises(actions.Unclear):
        actions.drop_rule(rule=order()[-1], person=cast.ad)
    assert not RoutingVersion.objects.exists() and client_for(cast.sam).get("/routing/").status_code == 403
    actions.drop_rule(rule=order()[0], person=cast.ad)
    assert len(order()) == 4


def test_the_last_rule_needs_no_condition_and_a_new_one_no_queue_by_default(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    stage.line_up(1, version=fraud)
    ad = client_for(cast.ad)
    assert "selected" not in ad.get("/routing/").content.decode().split('id="queue"')[1].split("</select>")[0]
    assert ad.post("/routing/", {"policies": "", "queue": ""}).status_code == 422
    actions.save_rule(rule=order()[-1], conditions={}, queue=stage.queue_of(), person=cast.ad)
    actions.save_rule(rule=None, conditions={"countries": ["de"]}, queue=stage.queue_of(), person=cast.ad)
    assert RoutingRule.objects.get(pk=order()[-2]).countries == ["DE"]


def test_removing_a_rule_asks_first(cast: Cast, fraud: Version, client_for: SignIn) -> None:
    stage.line_up(1, version=fraud)
    ad = client_for(cast.ad)
    first, *_, last = order()
    page = ad.get("/routing/").content.decode()
    assert 'name="drop"' not in page and f"/routing/?remove={first}" in page
    page = ad.get(f"/routing/?remove={first}").content.decode()
    assert "Remove rule 1?" in page and 'name="drop"' in page
    assert "Remove rule" not in ad.get(f"/routing/?remove={last}").content.decode()
    ad.post("/routing/", {"rule": str(first), "drop": "1"})
    assert first not in order()


def test_two_admins_at_once_make_two_versions(cast: Cast, fraud: Version) -> None:
    stage.line_up(1, version=fraud)
    queue = stage.queue_of()
    at_once(
        4,
        lambda n: actions.save_rule(rule=None, conditions={"authors": [str(n)]}, queue=queue, person=cast.ad),
    )
    assert (
        sorted(RoutingVersion.objects.values_list("number", flat=True)) == [1, 2, 3, 4] and len(order()) == 9
    )


def test_a_queue_serves_its_oldest_first_when_told(cast: Cast, fraud: Version, client_for: SignIn) -> None:
    old, urgent = stage.line_up(2, version=fraud)
    stage.tell("review_task", "tier = 1", Task.objects.get(item=urgent).pk)
    sam = client_for(cast.sam)
    given = {"target_minutes": "60", "undo_seconds": "20", "blind_percent": "0", "oldest_first": "1"}
    wrong = sam.post("/queues/scams-spam/settings", given | {"undo_seconds": "9999", "translates": "1"})
    page = wrong.content.decode()
    assert (
        wrong.status_code == 422 and 'value="9999"' in page and 'name="translates" value="1" checked' in page
    )
    first = actions.claim_next(queue=stage.queue_of(), person=cast.mo)
    assert first and first.item == urgent
    actions.release(task=first.task, epoch=first.epoch, person=cast.mo)
    sam.post("/queues/scams-spam/settings", given)
    queue = Queue.objects.get(slug="scams-spam")
    assert (queue.target_minutes, queue.undo_seconds, queue.oldest_first) == (60, 20, True)
    claim = actions.claim_next(queue=queue.pk, person=cast.ana)
    assert claim and claim.item == old and "queue.changed" in stage.verbs(queue.pk)


def test_who_reached_their_limit_gets_lighter_items_only(
    cast: Cast, fraud: Version, client_for: SignIn
) -> None:
    heavy, light = stage.wait_for_a_person(), stage.wait_for_a_person()
    stage.say(heavy, fraud)
    stage.say(light, fraud, "allowed")
    actions.admit()
    client = client_for(cast.ana)
    given = {"exposure_cap": "3", "break_minutes": "45", "shift_ends": "18:00", "masking": "words"}
    assert client.post("/settings/care", given | {"exposure_cap": "x"}).status_code == 422
    client.post("/settings/care", given)
    assert 'value="18:00"' in client.get("/settings/care").content.decode()
    ana = Person.objects.get(pk=cast.ana.pk)
    first = actions.claim_next(queue=stage.queue_of(), person=ana)
    assert first and first.item == heavy
    code = fraud.sections.all()[0].code
    actions.override(
        task=first.task,
        epoch=first.epoch,
        nonce=uuid4(),
        label="violates",
        sections=[(fraud.pk, code)],
        person=ana,
    )
    assert reads_care.exposure(ana) == 3 and reads_care.is_spent(ana)
    again = stage.wait_for_a_person(flags=["authority_order"])
    stage.say(again, fraud)
    actions.admit()
    following = actions.claim_next(queue=stage.queue_of(), person=ana)
    assert following and following.item == light
    assert actions.skip(task=following.task, epoch=following.epoch, person=ana) is None
    heard = Notice.objects.filter(kind__startswith="exposure").order_by("person__name")
    assert [(str(each.person), each.kind, str(each.by)) for each in heard] == [
        ("Ad", "exposure_of_member", "Ana"), ("Ana", "exposure_reached", "None"), ("Sam", "exposure_of_member", "Ana"),
    ]  # fmt: skip
    page = client.post("/queues/scams-spam/next").content.decode()
    assert "Enough of the heavy ones" in page and "Nothing lighter waits in any queue now" in page
    assert "exposure" not in str(stage.verbs(heavy))


def test_a_queue_of_heavy_items_is_looked_through_once_and_the_way_to_a_lighter_one_is_shown(
    cast: Cast, fraud: Version, client_for: SignIn, django_assert_max_num_queries: Any
) -> None:
    actions.seed_queues(actor=OPERATOR)
    accounts.set_preferences(person=cast.ana.pk, changes={"exposure_cap": 3})
    ana = Person.objects.get(pk=cast.ana.pk)
    heavy, elsewhere, far = (
        stage.queue_of(),
        stage.queue_of("everything-else"),
        stage.queue_of("harassment-hate"),
    )
    crowd = population.new_source("crowd")
    population.waiting_tasks(source=crowd, queue=heavy, upto=LIGHT_REACH)
    Task.objects.update(severity=3)
    population.decided(source=crowd, author="a", person=ana.pk, count=1)
    population.waiting_tasks(source=population.new_source("light"), queue=elsewhere, upto=1)
    with django_assert_max_num_queries(30) as asked:
        assert actions.claim_next(queue=heavy, person=ana) is None
    assert sum("review_protectedauthor" in each["sql"] for each in asked.captured_queries) == 1
    assert reads_care.lighter_queues(ana) == (("everything-else", "Everything else"),)
    page = client_for(ana).post("/queues/scams-spam/next").content.decode()
    assert "Enough of the heavy ones" in page and "Start<span> <bdi>Everything else</bdi>" in page
    # Behind the heavy ones, within reach of a claim, and beyond it.
    Task.objects.filter(queue=elsewhere).update(queue=heavy, rank_at=database_time() + timedelta(days=1))
    claim = actions.claim_next(queue=heavy, person=ana)
    assert claim is not None and Task.objects.get(pk=claim.task).severity < 3
    actions.release(task=claim.task, epoch=claim.epoch, person=ana)
    population.waiting_tasks(source=population.new_source("more"), queue=heavy, upto=1)
    Task.objects.exclude(pk=claim.task).update(severity=4)
    assert actions.claim_next(queue=heavy, person=ana) is None and reads_care.lighter_queues(ana) == ()
    Task.objects.filter(pk=claim.task).update(queue=far)
    assert reads_care.lighter_queues(ana) == (("harassment-hate", "Harassment and hate"),)
    accounts.set_languages(person=ana.pk, languages={"de": "native"}, actor=OPERATOR)
    assert reads_care.lighter_queues(Person.objects.get(pk=ana.pk)) == ()


def test_points_add_up_and_no_limit_is_never_reached() -> None:
    assert points([1, 2, 3, 4]) == 11 and points([]) == 0
    assert not is_spent(500, 0) and is_spent(60, 60) and not is_spent(59, 60)


def test_keys_as_supplied_never_clash_and_moved_ones_are_followed() -> None:
    assert clashes({}) == [] and keymap({}) == {}
    assert keymap({"skip": "j"}) == {"s": "", "j": "s"}
    assert keymap({"skip": "h", "hold": "s"}) == {"h": "s", "s": "h"}
    assert [(one.name, two.name) for one, two, _ in clashes({"skip": "h"})] in (
        [("skip", "hold")],
        [("hold", "skip")],
    )
    assert clashes({"skip": "["}) and {each.key for each in KEYS} >= {each.key for each in REMAPPABLE}


def test_a_remap_that_collides_is_refused_and_swapped_in_one_press(cast: Cast, client_for: SignIn) -> None:
    client = client_for(cast.ana)
    wanted = {each.name: each.key for each in REMAPPABLE} | {"restrict": "h"}
    answer = client.post("/settings/keys", wanted)
    assert answer.status_code == 422 and "Not saved" in answer.content.decode()
    assert Person.objects.get(pk=cast.ana.pk).preferences == {}
    client.post("/settings/keys", wanted | {"swap": "restrict:hold"})
    assert Person.objects.get(pk=cast.ana.pk).preferences["keys"] == {"restrict": "h", "hold": "r"}
    assert client.post("/settings/keys", wanted | {"restrict": "7"}).status_code == 422
    client.post("/settings/keys", {"supplied": "1"})
    assert Person.objects.get(pk=cast.ana.pk).preferences["keys"] == {}
