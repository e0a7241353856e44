"""The seeded policies and demo items, read as plain text: whatever the product's own parser thinks of them.

Small regular expressions of our own, so that a fault in the parser cannot hide a fault in the texts.
"""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import bpe_openai
import pytest

ROOT = Path(__file__).parents[2]
SEEDS = sorted((ROOT / "policies_seed").glob("*.md"))
DEMO = ROOT / "reviewapp" / "intake" / "demo" / "items.jsonl"

# slug: (section prefix, prefilter family or nothing)
EXPECTED = {
    "spam": ("SP", "spam"),
    "fraud": ("FR", None),
    "harassment": ("HA", "harassment"),
    "hate": ("HT", "hate"),
    "violence": ("VI", "threat"),
    "self-harm": ("SH", "self_harm"),
    "sexual": ("SX", "sexual"),
}
HEDGES = (
    r"\b(generally|usually|typically|normally|sometimes|often|may|might|perhaps|possibly|probably|should)\b"
)
HEADING = re.compile(r"^## ([A-Z]{2,4}-\d+(?:\.\d+)*) (.+)$", re.M)
SECTION = re.compile(
    r"^## (?P<id>\S+) (?P<title>[^\n]+)\nseverity: (?P<severity>[1-4])\n"
    r"(?:response: (?P<response>support|(?:support, )?escalate:[a-z_]+)\n)?\n"
    r"(?P<model>.*?)^### Guidance\n(?P<guidance>.+?)^### Public\n(?P<public>.+?)(?=^## |^```cases|\Z)",
    re.M | re.S,
)
FLAG_KINDS = {"user_report", "automated", "trusted_flagger", "legal_notice", "authority_order"}
SOURCES = {"forum", "market", "video-comments", "chat", "groups"}


def front_matter(text: str, key: str) -> str | None:
    """The value of one key in the front matter, None where the key is absent."""
    found = re.search(rf"^{key}: (.+)$", text.split("---\n")[1], re.M)
    return found[1] if found else None


def preamble(text: str) -> str:
    """What stands between the front matter and the first section."""
    return text.split("---\n", 2)[2].split("\n## ", 1)[0].strip()


def model_text(text: str) -> str:
    """The part a reasoner reads: title, preamble, and per section heading, rules and examples."""
    parts = [f"# {front_matter(text, 'title')}", preamble(text)]
    parts += [f"## {s['id']} {s['title']}\n\n{s['model'].strip()}" for s in SECTION.finditer(text)]
    return "\n\n".join(parts) + "\n"


def examples(model: str, kind: str) -> list[str]:
    """The listed example lines under `Violating examples:` or `Allowed examples:`."""
    found = re.search(rf"^{kind} examples:\n((?:- .+\n?)+)", model, re.M)
    return [line[2:] for line in found[1].splitlines()] if found else []


def cases(text: str) -> list[dict[str, str]]:
    """The rows of the fenced cases block."""
    block = re.search(r"^```cases\n(.*?)\n```\n\Z", text, re.M | re.S)
    return [json.loads(line) for line in block[1].splitlines()] if block else []


def demo_rows() -> list[dict[str, Any]]:
    """The demo items, one JSON object a line."""
    return [json.loads(line) for line in DEMO.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(params=SEEDS, ids=lambda path: path.stem)
def policy(request: pytest.FixtureRequest) -> str:
    path: Path = request.param
    return path.read_text(encoding="utf-8")


def test_there_is_one_policy_for_every_promised_slug() -> None:
    assert {path.stem for path in SEEDS} == set(EXPECTED)
    assert {front_matter(path.read_text(encoding="utf-8"), "slug") for path in SEEDS} == set(EXPECTED)


def test_family_title_language_and_effort_are_stated(policy: str) -> None:
    slug = front_matter(policy, "slug")
    assert slug is not None
    assert front_matter(policy, "family") == EXPECTED[slug][1]
    assert front_matter(policy, "title") and front_matter(policy, "language") == "en"
    assert front_matter(policy, "effort") in {"low", "medium", "high"}


def test_sections_are_three_to_six_with_ids_of_the_policy(policy: str) -> None:
    ids = [found[1] for found in HEADING.finditer(policy)]
    prefix = EXPECTED[str(front_matter(policy, "slug"))][0]
    assert 3 <= len(ids) <= 6 and len(set(ids)) == len(ids)
    assert all(section.startswith(f"{prefix}-") for section in ids)
    assert [s["id"] for s in SECTION.finditer(policy)] == ids, (
        "a section lacks severity, guidance or public text"
    )


def test_every_section_shows_what_is_allowed_and_every_rule_what_violates(policy: str) -> None:
    for section in SECTION.finditer(policy):
        assert examples(section["model"], "Allowed"), section["id"]
        exception = section["title"].startswith("Always allowed")
        assert bool(examples(section["model"], "Violating")) != exception, section["id"]
        assert not exception or section["severity"] == "1"


def test_the_policy_ends_with_an_exception_and_says_which_rule_wins(policy: str) -> None:
    assert [s["title"] for s in SECTION.finditer(policy)][-1].startswith("Always allowed")
    assert re.search(r"\b[A-Z]{2}-\d\.\d wins? over\b", preamble(policy))
    assert "When no section fits, the item is allowed." in preamble(policy)


def test_every_section_named_in_the_text_exists(policy: str) -> None:
    ids = {found[1] for found in HEADING.finditer(policy)}
    assert set(re.findall(r"\b[A-Z]{2}-\d+\.\d+\b", policy)) == ids


def test_model_text_has_the_length_the_reasoner_reads_best(policy: str) -> None:
    tokens = len(bpe_openai.get_encoding("o200k_base").encode_ordinary(model_text(policy)))
    assert 400 <= tokens <= 600


def test_rules_do_not_hedge(policy: str) -> None:
    rules = "\n".join(line for line in model_text(policy).splitlines() if not line.startswith("- "))
    assert re.findall(HEDGES, rules, re.I) == []


def test_cases_are_enough_balanced_and_point_at_real_sections(policy: str) -> None:
    rows = cases(policy)
    ids = {found[1] for found in HEADING.finditer(policy)}
    counts = Counter(row["expect"] for row in rows)
    assert len(rows) >= 12 and counts["violates"] == counts["allowed"] == len(rows) / 2
    assert len({row["id"] for row in rows}) == len({row["text"] for row in rows}) == len(rows)
    assert {row["section"] for row in rows} == ids
    assert all(set(row) == {"id", "section", "text", "expect", "note"} and row["note"] for row in rows)


def test_no_case_or_demo_item_repeats_the_text_the_model_reads(policy: str) -> None:
    shown = model_text(policy).casefold()
    texts = [row["text"] for row in cases(policy)] + [row["content"]["text"] for row in demo_rows()]
    assert [text for text in texts if text and text.casefold() in shown] == []


def test_risk_to_life_and_to_children_goes_to_people_who_can_act() -> None:
    responses = {
        s["id"]: (s["severity"], s["response"])
        for path in SEEDS
        for s in SECTION.finditer(path.read_text(encoding="utf-8"))
        if s["response"]
    }
    assert responses == {
        "VI-1.1": ("4", "escalate:threat_to_life"),
        "SH-1.1": ("4", "support, escalate:threat_to_life"),
        "SH-4.1": ("1", "support"),
        "SX-1.1": ("4", "escalate:child_safety"),
    }


def test_demo_items_have_the_fields_of_the_interface_and_unique_keys() -> None:
    rows = demo_rows()
    assert len(rows) >= 80
    assert len({(row["source"], row["external_id"]) for row in rows}) == len(rows)
    for row in rows:
        assert row["source"] in SOURCES and row["author"]["id"] and row["language"]
        assert row["content"]["text"] or row["content"]["attachments"]
        assert re.fullmatch(r"2026-11-2[0-4]T\d\d:\d\d:\d\dZ", row["created_at"])
        assert set(row.get("policies", [])) <= set(EXPECTED)
        assert all(set(entry) == {"role", "author_id", "text"} for entry in row.get("context", []))


def test_demo_flags_come_after_the_item_and_orders_carry_a_deadline() -> None:
    kinds: Counter[str] = Counter()
    for row in demo_rows():
        flags = row.get("flags", [])
        kinds.update(flag["kind"] for flag in flags)
        keys = [(flag["kind"], flag.get("reporter_id"), flag["reason"], flag["at"]) for flag in flags]
        assert len(set(keys)) == len(keys) and all(flag["at"] > row["created_at"] for flag in flags)
        assert all(flag["reporter_id"] for flag in flags if flag["kind"] == "user_report")
        orders = [flag for flag in flags if flag["kind"] == "authority_order"]
        assert all(order["deadline"] and order["reference"] and order["org"] for order in orders)
    assert set(kinds) <= FLAG_KINDS and kinds["user_report"] >= 30
    assert (kinds["trusted_flagger"], kinds["legal_notice"], kinds["authority_order"]) == (3, 1, 1)


def test_demo_items_cover_threads_scripts_attachments_and_returning_authors() -> None:
    rows = demo_rows()
    authors = Counter((row["source"], row["author"]["id"]) for row in rows)
    threads = [row["context"] for row in rows if "context" in row]
    assert {row["source"] for row in rows} == SOURCES
    assert {"de", "es", "fr", "ar", "he", "tr"} <= {row["language"] for row in rows}
    assert len(threads) >= len(rows) / 5 and all(2 <= len(thread) <= 4 for thread in threads)
    assert sum("attachments" in row["content"] for row in rows) >= 4
    assert sum(count > 1 for count in authors.values()) >= 15


def test_demo_contacts_lead_nowhere() -> None:
    raw = DEMO.read_text(encoding="utf-8")
    hosts = re.findall(r"\b((?:[\w-]+\.)+(?:com|org|net|io|info|co|me|de|tk|ly))\b", raw)
    assert hosts and all(host.endswith(("example.com", "example.org")) for host in hosts)
    phones = re.findall(r"(?<![\w-])\d{3}[ -]\d{3,4}(?!\w)", raw)
    assert all(phone.startswith("555-01") for phone in phones)


def test_invisible_characters_are_escaped_in_the_demo_file() -> None:
    assert re.findall("[\u200b-\u200f\u202a-\u202e\u2060-\u2069]", DEMO.read_text(encoding="utf-8")) == []
    texts = "".join(row["content"]["text"] for row in demo_rows())
    assert "\u202e" in texts and "\u200b" in texts
