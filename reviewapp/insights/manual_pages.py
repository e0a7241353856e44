"""The manual: markdown pages, with the lists that the code knows best filled in from the code."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import nh3
from django.templatetags.static import static
from django.utils import translation
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt

from reviewapp.accounts.rules import ACTS, MAY, Role
from reviewapp.audit.events import EVENTS
from reviewapp.insights.export_sql import TABLES
from reviewapp.insights.state_tables import STATE_TABLES
from reviewapp.review.keys import KEYS
from reviewapp.ui.api import v1
from reviewapp.ui.errors import Missing
from reviewapp.webhooks.rules import ANNOUNCED, Announced

FOLDER: Final = Path(__file__).resolve().parent / "manual"
PAGES: Final[dict[str, str]] = {
    "getting-started": "Getting started",
    "screens": "The screens",
    "queues": "Queues and keys",
    "policies": "Policies",
    "lint": "Findings in a policy text",
    "lab": "The lab",
    "prefilter": "The prefilter",
    "engine": "The reasoner",
    "audit": "Audit, exports, erasure",
    "api": "The API",
    "settings": "Settings and commands",
    "faults": "When something is away",
}
VARIANTS: Final = {"light": "in the light theme", "dark": "in the dark theme", "phone": "on a phone"}
"""In what each picture of a screen shows it: the end of its file's name, and words."""
_TAGS: Final = {
    "h1", "h2", "h3", "p", "ul", "ol", "li", "code", "pre", "strong", "em", "a", "table", "thead", "tbody", "tr", "th", "td",
    "blockquote", "hr", "br", "img",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the manual, rendered; `html` is safe."""

    slug: str
    title: str
    html: str


def page(slug: str) -> Page:
    """One page. Raises Missing."""
    if slug not in PAGES:
        raise Missing(_("The manual has no such page. Look at its contents."))
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(text_of(slug))
    attributes = {"a": {"href"}, "h2": {"id"}, "img": {"src", "alt", "loading"}}
    clean = nh3.clean(_with_places(_lazily(html)), tags=_TAGS, attributes=attributes, link_rel=None)
    # A wide table scrolls on a phone, so the keyboard must be able to reach it.
    return Page(slug, PAGES[slug], clean.replace("<table>", '<table tabindex="0">'))


def _with_places(html: str) -> str:
    """The page with an id on each of its parts, so that a link can lead there: "Hedging words" is `hedging-words`."""
    return re.sub(
        r"<h2>([^<]*)</h2>",
        lambda found: f'<h2 id="{"-".join(re.findall(r"[a-z0-9]+", found[1].lower()))}">{found[1]}</h2>',
        html,
    )


def _lazily(html: str) -> str:
    """A page has many pictures, and few of them are looked at."""
    return html.replace("<img ", '<img loading="lazy" ')


def text_of(slug: str) -> str:
    """The markdown of a page with every `[[list]]` filled in; the manual is English, whoever reads it."""
    text = (FOLDER / f"{slug}.md").read_text(encoding="utf-8")
    with translation.override("en"):
        for name, make in LISTS.items():
            if f"[[{name}]]" in text:
                text = text.replace(f"[[{name}]]", "\n".join(make()))
    return re.sub(r"\[\[pictures ([a-z]+)\]\]", lambda found: _pictures(found[1]), text)


def _pictures(screen: str) -> str:
    """The pictures of one screen, each with its words for who does not see it."""
    return "\n".join(
        f"![The screen “{screen}” {words}]({static(f'manual/{screen}-{variant}.webp')})"
        for variant, words in VARIANTS.items()
    )


def _events() -> Iterator[str]:
    yield "| Event | Means | Carries |\n|---|---|---|"
    for kind in EVENTS.values():
        yield f"| `{kind.verb}` | {kind.meaning} | {', '.join(f'`{field}`' for field in sorted(kind.fields)) or '–'} |"


def _keys() -> Iterator[str]:
    yield "| Key | Does | | Needs |\n|---|---|---|---|"
    for action in KEYS:
        yield f"| `{action.key}` | {action.label} | {action.explains} | {action.when or '–'} |"


def _roles() -> Iterator[str]:
    yield f"| Act | {' | '.join(Role)} |\n|---|{'---|' * len(Role)}"
    for permission, words in ACTS.items():
        yield f"| {words} | {' | '.join('yes' if role in MAY[permission] else 'no' for role in Role)} |"


def _states() -> Iterator[str]:
    for name, (table, _start) in STATE_TABLES.items():
        yield f"\n### {name}\n\n| State | Shown as | Who acts | What happens next |\n|---|---|---|---|"
        for state, each in table.items():
            yield f"| `{state}` | {each.label} | {each.owner} | {each.next_step} |"


def _columns() -> Iterator[str]:
    yield "| Export | Columns |\n|---|---|"
    for kind, table in TABLES.items():
        yield f"| `{kind}` | {', '.join(f'`{column.name}`' for column in table.columns)} |"


def _webhooks() -> Iterator[str]:
    yield "| Event | Sent when |\n|---|---|"
    for event in Announced:
        yield f"| `{event}` | {ANNOUNCED[event]} |"


def _routes() -> Iterator[str]:
    yield "| Route | Does |\n|---|---|"
    for path, operations in v1.get_openapi_schema()["paths"].items():
        for method, operation in operations.items():
            does = " ".join(str(operation.get("description", "")).split("\n\n")[0].split())
            yield f"| `{method.upper()} {path}` | {does} |"


def _fields() -> Iterator[str]:
    """Every schema that the API describes, with the fields of each; sent items are described inline."""
    schema = v1.get_openapi_schema()
    for name, part in schema["components"]["schemas"].items():
        if "properties" in part:
            yield f"- **{name}**: {', '.join(f'`{field}`' for field in part['properties'])}"
    yield f"- **What `POST /api/v1/items` takes**: {', '.join(f'`{field}`' for field in sorted(_sent(schema)))}"


def _sent(schema: dict[str, Any]) -> set[str]:
    def walk(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            yield from node.get("properties", {}) if isinstance(node.get("properties"), dict) else ()
            for inner in node.values():
                yield from walk(inner)
        elif isinstance(node, list):
            for inner in node:
                yield from walk(inner)

    return set(walk(schema["paths"]["/api/v1/items"]["post"]))


LISTS: Final[dict[str, Callable[[], Iterator[str]]]] = {
    "events": _events, "keys": _keys, "roles": _roles, "states": _states, "columns": _columns, "webhooks": _webhooks,
    "routes": _routes, "fields": _fields,
}  # fmt: skip
