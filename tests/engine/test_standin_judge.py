"""The practice judge: reads the policy it is sent, quotes the item, tells apart the seeded policies' own cases."""

import time
from pathlib import Path

import pytest

from inference import ItemText, PolicyText
from inference.prompt import messages
from inference.standin import main
from inference.standin_judge import Judged, judge, practice_policy
from inference.standin_policy import read_sections
from inference.standin_script import Rule, ScriptError, first_rule, read_script
from reviewapp.policies import rules
from tests.engine.examples import POLICY, TEXT

SEEDS = sorted((Path(__file__).parents[2] / "policies_seed").glob("*.md"))
HARMLESS = [
    "The trains run late again because of the snow.",
    "I planted tomatoes and basil, they grow well on the balcony.",
    "Does anyone know when the library opens on Sunday?",
    "What a goal! Best match of the season so far.",
    "I think the second chapter explains the proof better than the first.",
    "",
]


def seeded(path: Path) -> tuple[PolicyText, rules.Document]:
    document = rules.parse(path.read_text())
    ids = tuple(section.code for section in document.sections)
    return PolicyText(path.stem, 1, rules.text_hash(document), rules.model_text(document), ids), document


def ask(policy: PolicyText, text: str) -> Judged:
    developer, user = (message["content"] for message in messages(policy, ItemText("1", text)))
    return judge(developer, user)


def test_it_tells_the_seeded_cases_apart_clearly_better_than_chance() -> None:
    right = total = 0
    for path in SEEDS:
        policy, document = seeded(path)
        for case in document.cases:
            total += 1
            right += ask(policy, case.text).label == case.expect
    assert total >= 70
    assert right / total >= 0.8


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.stem)
def test_harmless_text_is_allowed_under_every_seeded_policy(path: Path) -> None:
    policy, _ = seeded(path)
    assert {ask(policy, text).label for text in HARMLESS} == {"allowed"}


def test_it_reads_every_section_and_example_of_a_seeded_policy() -> None:
    for path in SEEDS:
        policy, document = seeded(path)
        read = read_sections(messages(policy, ItemText("1", "x"))[0]["content"])
        assert [section.id for section in read] == [section.code for section in document.sections]
        assert all(section.violating or section.allowed for section in read)


def test_editing_the_policy_changes_the_verdict() -> None:
    text = "Selling my old bicycle, collect it in Harbour Street"
    assert ask(POLICY, text).label == "allowed"
    stricter = TEXT.replace("- Check out my", "- Selling my old bicycle, come and collect it\n- Check out my")
    verdict = ask(PolicyText("spam", 4, "1" * 64, stricter, POLICY.section_ids), text)
    assert (verdict.label, verdict.sections) == ("violates", ("SP-1",))


def test_an_allowed_example_nearer_than_any_violating_one_decides() -> None:
    assert ask(POLICY, "You asked for a bike shop, I like the one on Mill Street").label == "allowed"


def test_it_quotes_the_item_cites_a_section_and_says_what_it_is() -> None:
    text = "Hello all. Cheap followers and likes, visit example.com now! Bye."
    verdict = ask(POLICY, text)
    assert (verdict.label, verdict.sections) == ("violates", ("SP-1",))
    assert verdict.evidence_for == ("Cheap followers and likes, visit example.com now!",)
    assert verdict.rationale.startswith("Practice: closest to a violating example of SP-1")
    assert "not a language model" in verdict.rationale
    assert verdict == ask(POLICY, text)


def test_a_long_item_is_judged_to_its_end() -> None:
    offer = "Cheap followers and likes, visit example.com today! Check out my channel for daily music."
    assert (
        ask(POLICY, f"{'The train was late again today. ' * 900}{offer} {offer} {offer}").label == "violates"
    )
    assert ask(POLICY, "The train was late again today. " * 900).label == "allowed"


def test_a_policy_without_examples_is_judged_by_its_rule_words() -> None:
    bare = "# Fire\n\n## FI-1 Fireworks\nSelling fireworks, rockets or explosives violates."
    policy = PolicyText("fire", 1, "2" * 64, bare, ("FI-1",))
    assert ask(policy, "I sell rockets, fireworks and explosives").label == "violates"
    assert ask(policy, "The garden is lovely").label == "allowed"


def test_text_that_is_no_policy_of_ours_never_violates() -> None:
    assert judge("POLICY", "Buy pills now!").label == "allowed"
    assert judge("", "").label == "allowed"


@pytest.mark.slow
def test_it_gives_at_least_200_verdicts_a_second() -> None:
    policy, _ = seeded(SEEDS[0])
    developer = messages(policy, ItemText("1", "x"))[0]["content"]
    practice_policy(developer)
    users = [
        messages(policy, ItemText(str(n), f"{HARMLESS[n % 5]} Number {n}."))[1]["content"] for n in range(400)
    ]
    started = time.process_time()
    for user in users:
        judge(developer, user)
    assert 400 / (time.process_time() - started) >= 200


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"do": "delay"}\n{"do": "explode"}', r"line 2: \"do\" must be one of"),
        ('\n# note\n{"do": "delay", "secs": 1}', "line 3: unknown key 'secs'"),
        ('{"do": "status", "status": "500"}', "line 1: 'status' must be a whole number"),
        ('{"do": "status", "status": 42}', "line 1: 'status' must be from 100 to 599"),
        ('{"do": "cut_off", "where": "middle"}', "line 1: 'where' must be one of"),
        ('{"do": "delay", "calls": 3}', "line 1: 'calls' must be a list of numbers"),
        ('{"do": "delay", "seconds": -1}', "line 1: 'seconds' must be a number"),
        ("delay", "line 1: not JSON"),
        ('[{"do": "delay"},\n {"do": 3}]', 'rule 2: "do" must be one of'),
        ('[{"do": "delay"},\n {"do": ]', "line 2: not JSON"),
        ('"delay"', "line 1: a rule is an object"),
    ],
)
def test_a_broken_script_says_which_line_and_what_to_change(tmp_path: Path, text: str, message: str) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text(text)
    with pytest.raises(ScriptError, match=message):
        read_script(script)
    assert main(["--port", "0", "--script", str(script)]) == 2


def test_the_first_rule_whose_conditions_hold_applies() -> None:
    script = (
        Rule("reset", calls=frozenset((2,))),
        Rule("hang", contains="slow"),
        Rule("leak", from_call=5, to_call=6),
    )
    found = [
        first_rule(script, call, text) for call, text in ((1, "x"), (2, "x"), (3, "slow"), (5, "x"), (7, "x"))
    ]
    assert [rule.do if rule else None for rule in found] == [None, "reset", "hang", "leak", None]


def test_a_rule_by_chance_repeats_and_hits_about_its_share() -> None:
    rule = Rule("reset", probability=0.2, seed=3)
    hits = [call for call in range(1, 2001) if rule.applies(call, "")]
    assert hits == [call for call in range(1, 2001) if rule.applies(call, "")]
    assert 300 < len(hits) < 500
