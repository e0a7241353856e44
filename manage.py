#!/usr/bin/env python3
"""The front door. Needs nothing but Python 3.11 to 3.14 and its venv module; `up` does the rest."""

import os
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))


def main():  # type: () -> None
    if sys.version_info < (3, 11):
        sys.exit("Python 3.11 or newer is needed; this is %d.%d. On Debian 12: sudo apt install python3 python3-venv"
                 % sys.version_info[:2])  # fmt: skip
    sys.path.insert(0, ROOT)
    if os.environ.get("REVIEW_FRONT_DOOR") == "passed":
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewapp.settings")
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
        return
    from pathlib import Path

    from reviewapp.boot.front import enter

    enter(Path(ROOT))


if __name__ == "__main__":
    main()
