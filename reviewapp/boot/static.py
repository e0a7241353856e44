"""The static files as they are served: with their content in the name, so that browsers keep them, and compressed."""

import shutil
from pathlib import Path

from reviewapp.boot.home import Home
from reviewapp.boot.say import BootError
from reviewapp.boot.schema import hash_of
from reviewapp.boot.services import Services

COLLECT = (
    "-m",
    "django",
    "collectstatic",
    "--no-input",
    "--verbosity",
    "0",
    "--ignore",
    "ninja",
    "--ignore",
    "django_rq",
)
"""Without the files of pages that are not mounted."""


def folder(home: Home) -> Path:
    """Where they lie: the checkout may be read-only."""
    return home.path / "static"


def bring_up_to_date(services: Services) -> None:
    """Make them anew when a file or a package has changed. Raises BootError with the command's last words."""
    target, stamp = folder(services.home), services.home.path / "static.stamp"
    wanted = fingerprint(services.root)
    if stamp.exists() and stamp.read_text().strip() == wanted:
        return
    stamp.unlink(missing_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    collecting = services.child("static", COLLECT)
    collecting.start(services.leash)
    collecting.wait(60)
    if collecting.ended() != 0:
        raise BootError(f"The static files could not be made:\n{collecting.last_words(12)}")
    stamp.write_text(wanted + "\n")


def fingerprint(root: Path) -> str:
    """Hash of everything that decides what is made."""
    return hash_of(root, root.glob("static/**/*"), start=(root / "requirements.lock").read_bytes())
