"""`manage.py diagrams`: rewrites the state diagrams of ARCHITECTURE.md from the tables in the code."""

import re
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand

from reviewapp.insights.state_tables import STATE_TABLES
from reviewapp.ui.states import diagram

MAP: Final = Path(__file__).resolve().parents[3] / "ARCHITECTURE.md"
_BLOCK: Final = re.compile(r"(<!-- states -->\n).*?(<!-- /states -->)", re.DOTALL)


def with_diagrams(text: str) -> str:
    """`text` with its states block made anew."""
    blocks = [
        f"### {name}\n\n```mermaid\n{diagram(table, start)}\n```\n"
        for name, (table, start) in STATE_TABLES.items()
    ]
    return _BLOCK.sub(lambda found: found[1] + "\n".join(blocks) + found[2], text)


class Command(BaseCommand):
    """Write the diagrams."""

    help = "Rewrite the state diagrams of reviewapp/ARCHITECTURE.md from the code."

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, replace, write."""
        MAP.write_text(with_diagrams(MAP.read_text(encoding="utf-8")), encoding="utf-8")
        self.stdout.write(f"Wrote {len(STATE_TABLES)} diagrams.")
