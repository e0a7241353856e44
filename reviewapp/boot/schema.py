"""Brings the database to this checkout's state, and skips that when nothing has changed."""

import hashlib
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from reviewapp.boot.say import BootError, step
from reviewapp.boot.services import Services

# Tells manage.py that the services run and Django may take over.
PASSED = {"REVIEW_FRONT_DOOR": "passed"}


def bring_up_to_date(services: Services, *, demo: bool) -> None:
    """Migrate and seed in one process, which loads the product once, unless the embedded database has seen exactly these files.

    Raises BootError with the command's last words.
    """
    if is_up_to_date(services, demo=demo):
        return
    added = "policies, people and demo items" if demo else "policies"
    with step(f"Bringing the database up to date and adding {added}"):
        run_command(services, ["seed", "--migrate", "--policies", *(["--demo"] if demo else [])])
    if services.postgres:
        _stamp(services).write_text(fingerprint(services.root, services.home.version, demo=demo) + "\n")


def is_up_to_date(services: Services, *, demo: bool) -> bool:
    """Whether the embedded database has seen exactly these files; a foreign one is always asked."""
    stamp = _stamp(services)
    if not services.postgres or not stamp.exists():
        return False
    seen = stamp.read_text().split()
    kinds = {demo, True}  # what was seeded with demo items lacks nothing without them
    return any(fingerprint(services.root, services.home.version, demo=kind) in seen for kind in kinds)


def _stamp(services: Services) -> Path:
    return services.home.path / "schema.stamp"


def fingerprint(root: Path, version: str, *, demo: bool) -> str:
    """Hash of everything that decides what `migrate` and `seed` would write."""
    files = [*root.glob("reviewapp/*/migrations/*.py"), *root.glob("policies_seed/**/*")]
    files += [
        *root.glob("reviewapp/**/*seed*"),
        *root.glob("reviewapp/*/management/commands/migrate.py"),
        *root.glob("reviewapp/*/demo/*"),
    ]
    return hash_of(root, files, start=f"{version}\n{demo}\n".encode())


def hash_of(root: Path, paths: Iterable[Path], *, start: bytes) -> str:
    """Hash of `start` and of the names and contents of the files among `paths`, whatever their order."""
    digest = hashlib.sha256(start)
    for path in sorted(set(paths)):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def run_command(services: Services, arguments: list[str]) -> None:
    """Run one Django command quietly. Raises BootError with its last words."""
    env = services.environment(owner=True) | PASSED
    env["DEMO_PASSWORD"] = services.home.secret("demo-password", 9)
    command = [str(services.python), str(services.root / "manage.py"), *arguments]
    done = subprocess.run(
        command, env=env, cwd=services.root, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        words = "\n".join((done.stderr + done.stdout).strip().splitlines()[-12:])
        hint = " Check DATABASE_URL and DATABASE_OWNER_URL." if os.environ.get("DATABASE_URL") else ""
        raise BootError(f"`manage.py {' '.join(arguments)}` failed.{hint}\n{words}")
