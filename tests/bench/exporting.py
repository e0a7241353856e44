"""The export worker of B8, alone in a process so that its memory can be weighed: one export for each line on stdin."""

import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewapp.settings")

import django

django.setup()

from reviewapp.audit.actions import OPERATOR  # noqa: E402  needs the settings
from reviewapp.insights import actions, jobs  # noqa: E402
from reviewapp.insights.models import Export  # noqa: E402
from reviewapp.insights.spool import remove  # noqa: E402


def memory_mb(line: str) -> float:
    """A line of the kernel's account of this process, such as VmRSS or VmHWM, in MB."""
    for row in Path("/proc/self/status").read_text().splitlines():
        if row.startswith(f"{line}:"):
            return int(row.split()[1]) / 1024
    return 0.0


def main() -> None:
    """Weigh the idle worker once, then write an export for every line and tell rows, seconds and peak."""
    jobs.write_exports()
    idle = memory_mb("VmRSS")
    for _ in sys.stdin:
        asked = actions.ask_export(kind="audit", format="csv", actor=OPERATOR)
        begun = time.perf_counter()
        finished = jobs.write_exports()
        took = time.perf_counter() - begun
        export = Export.objects.get(pk=asked)
        assert finished == 1 and export.state == "done", export.failure or export.state
        remove(asked, ["csv"])
        answer = {"rows": export.rows_done, "seconds": took, "idle_mb": idle, "peak_mb": memory_mb("VmHWM")}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
