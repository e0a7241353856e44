"""The rules of the house: keys point down, states are whole, every text column is answered for, the map is true."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

from reviewapp.accounts.rules import MAY, Role
from reviewapp.audit.events import EVENTS
from reviewapp.audit.partitions import PARTITIONED
from reviewapp.insights.management.commands.diagrams import MAP, with_diagrams
from reviewapp.insights.state_tables import STATE_TABLES

ROOT = Path(settings.BASE_DIR)
ROOMS = [
    name.removeprefix("reviewapp.") for name in settings.INSTALLED_APPS if name.startswith("reviewapp.")
][:9]
OURS = [model for model in apps.get_models() if model._meta.app_label in ROOMS]
TEXTUAL = (models.TextField, models.CharField, models.JSONField)
OWN_CODE = sorted(path for folder in ("reviewapp", "inference") for path in (ROOT / folder).rglob("*.py"))


def test_the_rooms_are_in_floor_order() -> None:
    assert ROOMS == [
        "audit", "accounts", "webhooks", "policies", "intake", "screening", "review", "lab", "insights",
    ]  # fmt: skip


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_foreign_keys_point_down(model: type[models.Model]) -> None:
    floor = ROOMS.index(model._meta.app_label)
    for field in model._meta.get_fields():
        if isinstance(field, models.ForeignKey):
            target = field.related_model._meta.app_label
            assert target in ROOMS, f"{field} leaves the house"
            assert ROOMS.index(target) <= floor, f"{field} points up to {target}"


def test_nothing_points_at_a_partitioned_table() -> None:
    for model in OURS:
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey):
                assert field.related_model._meta.db_table not in PARTITIONED


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_every_text_column_is_erasable_or_content_free(model: type[models.Model]) -> None:
    erasable = set(getattr(model, "erasable", ()))
    content_free = set(getattr(model, "content_free", ()))
    assert not erasable & content_free
    texts = {field.name for field in model._meta.fields if _is_textual(field)}
    assert texts - erasable - content_free == set(), "say whether these columns can hold content"
    names = {field.name for field in model._meta.fields}
    assert (erasable | content_free) - names == set(), "these columns are gone"


def _is_textual(field: Any) -> bool:
    inner = getattr(field, "base_field", field)
    return isinstance(inner, TEXTUAL) and not isinstance(inner, models.BinaryField)


@pytest.mark.parametrize("name", STATE_TABLES)
def test_states_are_whole(name: str) -> None:
    table, start = STATE_TABLES[name]
    assert start in table
    for state in table.values():
        assert state.label and state.owner and state.next_step
        assert set(state.to) <= set(table)
    reached = {start, *(after for state in table.values() for after in state.to)}
    assert reached == set(table), "a state that nothing leads to"


def test_the_diagrams_of_the_map_are_the_tables_of_the_code() -> None:
    text = MAP.read_text(encoding="utf-8")
    assert with_diagrams(text) == text, "run `manage.py diagrams`"


def test_the_map_names_every_room_and_module_beside_the_stairs() -> None:
    text = MAP.read_text(encoding="utf-8")
    beside = {path.name for path in (ROOT / "reviewapp").glob("*.py")} - {"__init__.py", "wsgi.py"}
    for name in [*ROOMS, *beside]:
        assert name in text, f"ARCHITECTURE.md does not say what {name} is"


def test_the_map_names_every_file_that_has_a_name_of_its_own() -> None:
    usual = re.compile(r"(models|rules|actions|reads|views)(_[a-z]+)*|forms|urls|api|jobs|apps|__init__")
    table = MAP.read_text(encoding="utf-8").partition("name of its own:\n\n")[2]
    named: dict[str, set[str]] = {}
    room = ""
    for row in table.partition("\n\n")[0].splitlines()[2:]:
        first, files, _ = [cell.strip() for cell in row.strip("|").split("|")]
        room = first.strip("`") or room
        named.setdefault(room, set()).update(re.findall(r"`([a-z_]+)`", files))
    for room in [*ROOMS, "ui"]:
        there = {path.stem for path in (ROOT / "reviewapp" / room).glob("*.py")}
        own = {name for name in there if not usual.fullmatch(name)}
        assert own <= named.get(room, set()) <= there, room


def test_events_are_subject_and_verb_with_a_meaning() -> None:
    for verb, kind in EVENTS.items():
        assert re.fullmatch(r"[a-z]+\.[a-z_]+", verb)
        assert kind.verb == verb
        assert str(kind.meaning).endswith(".")


def test_every_permission_has_somebody() -> None:
    assert all(roles and roles <= set(Role) for roles in MAY.values())


def _source(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", OWN_CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_is_and_stays_small(path: Path) -> None:
    if path.name == "__init__.py" and not path.read_text().strip():
        return
    tree = _source(path)
    assert ast.get_docstring(tree), "a module starts with a sentence"
    if "migrations" in path.parts:
        return
    assert len(path.read_text().splitlines()) <= 450
    for function in _functions(tree):
        length = (function.end_lineno or 0) - function.lineno + 1
        assert length <= 60, f"{function.name} has {length} lines"


@pytest.mark.parametrize("path", OWN_CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_stand_at_the_top_and_nothing_listens_to_signals(path: Path) -> None:
    for function in _functions(_source(path)):
        inner = [node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)]
        assert not inner or path.parts[-2] == "boot", f"{function.name} imports inside"
    text = path.read_text()
    assert "django.dispatch" not in text and "GenericForeignKey" not in text


def test_only_the_doorbell_enqueues() -> None:
    for path in OWN_CODE:
        if path.name not in {"doorbell.py", "worker.py"}:
            assert "enqueue" not in path.read_text(), f"{path} enqueues"


def test_views_know_no_tables() -> None:
    for path in (ROOT / "reviewapp").glob("*/views*.py"):
        for node in ast.walk(_source(path)):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").endswith(".models"), f"{path} imports models"


def test_rules_are_pure() -> None:
    unclean = re.compile(
        r"\b(django\.db|connection|timezone\.now|datetime\.now|random\.|secrets\.|os\.environ|httpx|redis)\b"
    )
    for path in (ROOT / "reviewapp").glob("*/rules*.py"):
        assert not unclean.search(path.read_text()), f"{path} is not pure"


def test_no_cupboards() -> None:
    banned = re.compile(r"(utils?|helpers?|common|manager|services?|base)\.py")
    for path in OWN_CODE:
        assert path.parts[-2] == "boot" or not banned.fullmatch(path.name), f"{path} is a cupboard"


def test_the_repository_speaks_of_the_product_only() -> None:
    strangers = re.compile(r"pypi\.org|files\.pythonhosted|registry\.npmjs|/work/|/root/\.", re.IGNORECASE)
    for path in _written_files():
        found = strangers.search(path.read_text(encoding="utf-8", errors="ignore"))
        assert not found, f"{path.relative_to(ROOT)} names {found[0] if found else ''}"


def test_all_styles_together_stay_small() -> None:
    assert sum(path.stat().st_size for path in (ROOT / "static").glob("*.css")) <= 48 * 1024


def _written_files() -> Iterator[Path]:
    endings = {".py", ".md", ".toml", ".html", ".css", ".js", ".yaml", ".txt", ".lock", ".jsonl"}
    for folder in ("reviewapp", "inference", "templates", "static", "tests", "policies_seed", ".ci"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in endings and path != Path(__file__):
                yield path
    yield from (path for path in ROOT.glob("*.*") if path.suffix in endings)


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_icon_that_is_named_is_drawn() -> None:
    drawn = set(re.findall(r'id="i-([a-z0-9-]+)"', (ROOT / "static" / "icons.svg").read_text()))
    named = {
        name
        for path in [*(ROOT / "templates").rglob("*.html"), *OWN_CODE]
        for name in re.findall(r'(?:\{% icon |NoticeKind\(\s*|Badge\(\s*)"([a-z0-9-]+)"', path.read_text())
    }
    assert len(named) > 40 and named - drawn == set()
