"""`python -m tests.bench [NAME…] [--json FILE]`: runs the named benchmarks, or all, on a database of their own."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewapp.settings")
os.environ.setdefault("PARTITION_MONTHS_AHEAD", "1")

import django

django.setup()

from tests import databases  # noqa: E402  needs the settings
from tests.bench import claims, desks, exports, feed, ingest, keyboard, lab, policies, pump, rerun, soak  # noqa: E402
from tests.bench.measure import Figure  # noqa: E402

BENCHMARKS = {
    "B1": ingest.durable_ingest,
    "B2": ingest.single_item_ingest,
    "B4": pump.pump_rate,
    "B6": claims.claim_next,
    "B7": claims.queue_page,
    "B8": exports.audit_export,
    "B11": desks.desks_under_load,
    "B12": rerun.rerun_after_kill,
    "verdicts": pump.verdict_rate,
    "feed": feed.whole_feed,
    "lab": lab.lab_runs,
    "keyboard": keyboard.robot,
    "policies": policies.policy_pages,
}
LONG = "soak"
"""Runs only where it is named."""


def main() -> int:
    """Run, print a line for each figure, write JSON where asked. Returns 1 where a figure that must be reached is not."""
    parser = argparse.ArgumentParser(
        prog="manage.py bench", description="Each figure is a ratio against its bare limit."
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"one or more of {', '.join(BENCHMARKS)}, {LONG}; none: all but {LONG}",
    )
    parser.add_argument("--minutes", type=float, default=60, help=f"how long {LONG} lasts (60)")
    parser.add_argument("--seed", type=int, default=1, help=f"draws the faults of {LONG} (1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file too")
    options = parser.parse_args()
    unknown = set(options.names) - {*BENCHMARKS, LONG}
    if unknown:
        parser.error(
            f"no benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}, {LONG}"
        )
    figures: list[Figure] = []
    for name in options.names or BENCHMARKS:
        for each in soak.soak(minutes=options.minutes, seed=options.seed) if name == LONG else _run(name):
            print(each.line(), flush=True)
            figures.append(each)
    if options.json:
        options.json.write_text(
            json.dumps([each.as_json() for each in figures], indent=2) + "\n", encoding="utf-8"
        )
    return int(any(each.must and not each.reached for each in figures))


def _run(name: str) -> Iterator[Figure]:
    with databases.cloned(databases.ensure_template()) as database:
        yield from BENCHMARKS[name](database)


if __name__ == "__main__":
    sys.exit(main())
