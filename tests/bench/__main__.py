"""`python -m tests.bench [NAME…] [--json FILE]`: runs the named benchmarks, or all, on a database of their own."""

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewapp.settings")
os.environ.setdefault("PARTITION_MONTHS_AHEAD", "1")

import django

django.setup()

from tests import databases  # noqa: E402  needs the settings
from tests.bench import claims, exports, feed, ingest, keyboard, policies, pump, rerun  # noqa: E402

BENCHMARKS = {
    "B1": ingest.durable_ingest,
    "B2": ingest.single_item_ingest,
    "B4": pump.pump_rate,
    "B6": claims.claim_next,
    "B7": claims.queue_page,
    "B8": exports.audit_export,
    "B12": rerun.rerun_after_kill,
    "verdicts": pump.verdict_rate,
    "feed": feed.whole_feed,
    "keyboard": keyboard.robot,
    "policies": policies.policy_pages,
}


def main() -> None:
    """Run, print a line for each figure, write JSON where asked."""
    parser = argparse.ArgumentParser(
        prog="manage.py bench", description="Each figure is a ratio against its bare limit."
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one or more of {', '.join(BENCHMARKS)}; none: all"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file too")
    options = parser.parse_args()
    unknown = set(options.names) - set(BENCHMARKS)
    if unknown:
        parser.error(
            f"no benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}"
        )
    template = databases.ensure_template()
    figures = []
    for name in options.names or BENCHMARKS:
        with databases.cloned(template) as database:
            for figure in BENCHMARKS[name](database):
                print(figure.line(), flush=True)
                figures.append(figure.as_json())
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
