"""`manage.py test`, `bench` and `lint`: on services of their own, in a folder that goes away."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from reviewapp.boot.environment import packages_folder
from reviewapp.boot.home import Home, product_version
from reviewapp.boot.places import passing_place
from reviewapp.boot.postgres import FAST_SETTINGS
from reviewapp.boot.run import foreground
from reviewapp.boot.say import line
from reviewapp.boot.services import DATABASE, DOORBELL, Services

REAL_ENGINE = "real_vllm"
MEMORY_FOR_TESTS = 6 * 1024**3  # bytes; the copies and the write-ahead log of a run stay below one
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# import-linter has no `python -m` of its own.
_LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"
_LINTERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("formatting", ("-m", "ruff", "format", "--check", "--quiet", ".")),
    ("style", ("-m", "ruff", "check", "--quiet", ".")),
    ("types", ("-m", "mypy")),
    ("import floors", ("-c", _LINT_IMPORTS)),
    ("templates", ("-m", "djlint", "templates", "--lint", "--quiet")),
)


def run_on_own_services(root: Path, python: Path, name: str, arguments: Sequence[str]) -> int:
    """Run pytest or the benchmarks on a fresh database and doorbell; returns their exit status."""
    folder = Path(tempfile.mkdtemp(prefix=f"review-{name}-", dir=_memory() if name == "test" else None))
    folder.chmod(0o711)  # the servers' own user passes through to its data
    home = Home(folder / "home", product_version(root))
    home.open()
    services = Services(root, home, python, place=passing_place(folder / "servers", packages_folder(python)))
    try:
        services.start((DATABASE, DOORBELL), FAST_SETTINGS if name == "test" else None)
        env = services.environment(owner=True)
        env.pop("REASONER_URL", None)
        env.pop("REVIEW_FRONT_DOOR", None)
        module = ["pytest", *_pytest_options(arguments)] if name == "test" else ["tests.bench", *arguments]
        status = foreground([str(python), "-m", *module], env, root)
    finally:
        services.stop()
        shutil.rmtree(folder, ignore_errors=True)
    if name == "test":
        missing = skipped_parts(root)
        if REAL_ENGINE not in " ".join(arguments):
            missing.append(
                f"the real engine. Run it with: python3 manage.py test -m {REAL_ENGINE} (3.5 GB, once)"
            )
        for part in missing:
            line(f"Skipped: {part}")
    return status


def _memory() -> Path | None:
    """A folder in memory with room to spare: each test copies a database of some thousand files, and none must last."""
    memory = Path("/dev/shm")
    roomy = (
        memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > MEMORY_FOR_TESTS
    )
    return memory if roomy else None


def lint(root: Path, python: Path) -> int:
    """Run every linter, one line each; returns 1 when any of them complains."""
    bad = 0
    for what, command in _LINTERS:
        done = subprocess.run([str(python), *command], cwd=root, capture_output=True, text=True)
        line(f"{'ok ' if done.returncode == 0 else 'BAD'} {what}")
        if done.returncode:
            bad = 1
            line((done.stdout + done.stderr).strip())
    return bad


def find_chromium() -> str | None:
    """A system Chromium for the browser tests, or None; `CHROMIUM` names one elsewhere."""
    named = os.environ.get("CHROMIUM")
    return named or next((found for name in CHROMIUM_NAMES if (found := shutil.which(name))), None)


def skipped_parts(root: Path) -> list[str]:
    """Optional parts of the suite that cannot run here, and how to get them."""
    missing = []
    if find_chromium() is None:
        missing.append(
            "browser tests. Get them with: sudo apt install chromium (or set CHROMIUM to a browser)"
        )
    if not (root.parent / "shared" / "data").is_dir() and not os.environ.get("REVIEW_DATA"):
        missing.append("tests on real streams. Get them by naming the folder of data sets in REVIEW_DATA")
    return missing


def _pytest_options(arguments: Sequence[str]) -> list[str]:
    """Two processes, unless the person chose otherwise or asks for the real engine, which fills the machine alone."""
    chosen = any(
        word.startswith(("-n", "-p", "--numprocesses", "--pdb")) or REAL_ENGINE in word for word in arguments
    )
    return [*([] if chosen else ["-n", "2"]), *arguments]
