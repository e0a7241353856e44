"""Makes `.venv` from the hash-pinned lock, and installs a section only when its stamp differs."""

import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from reviewapp.boot import lockfile
from reviewapp.boot.say import BootError, step

# pip takes one package after the other, and most of its time is a processor's; uv has threads of its own.
PIPS_AT_ONCE = 3
MISSING_VENV = (
    "This Python has neither venv with pip nor uv. On Debian or Ubuntu: "
    "sudo apt install python3-venv   (then run the same command again)"
)


def installer(*, has_venv: bool, has_ensurepip: bool, has_pip: bool, has_uv: bool) -> str:
    """Which tool fills the environment: `uv`, the environment's own `pip`, or the system's `borrowed`.

    Raises BootError naming the Debian package when none can.
    """
    if has_venv and has_uv:
        return "uv"
    if has_venv and has_ensurepip:
        return "pip"
    if has_venv and has_pip:
        return "borrowed"
    raise BootError(MISSING_VENV)


def ensure(root: Path, sections: Sequence[str]) -> Path:
    """Return the environment's Python with these lock sections installed.

    `REVIEW_PYTHON` names an environment of the person's own; then nothing is installed.
    Raises BootError when the environment cannot be made.
    """
    given = os.environ.get("REVIEW_PYTHON")
    if given:
        return Path(given)
    venv = root / ".venv"
    python = venv / "bin" / "python"
    texts = lockfile.read_sections((root / "requirements.lock").read_text())
    if not _missing(venv, texts, sections):
        return python
    guard = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(guard, fcntl.LOCK_EX)  # two first starts at once: the second finds it done
        missing = _missing(venv, texts, sections)
        if missing:
            _make(venv)
            _install(venv, texts, missing)
    finally:
        os.close(guard)
    return python


def packages_folder(python: Path) -> Path:
    """The environment's site-packages. Raises BootError when there is none."""
    found = sorted((python.parent.parent / "lib").glob("python3.*/site-packages"))
    if not found:
        raise BootError(f"{python.parent.parent} is not a Python environment. Delete it and start again.")
    return found[-1]


def _tag(venv: Path) -> str:
    found = sorted((venv / "lib").glob("python3.*"))
    return found[-1].name.removeprefix("python") if found else ""


def _missing(venv: Path, texts: dict[str, str], sections: Sequence[str]) -> list[str]:
    if not os.access(venv / "bin" / "python", os.X_OK):
        return list(sections)
    missing = []
    for section in sections:
        stamp = venv / f".installed-{section}"
        wanted = lockfile.section_stamp(texts[section], _tag(venv))
        if not stamp.exists() or stamp.read_text() != wanted:
            missing.append(section)
    return missing


def _plan() -> str:
    return installer(
        has_venv=importlib.util.find_spec("venv") is not None,
        has_ensurepip=importlib.util.find_spec("ensurepip") is not None,
        has_pip=importlib.util.find_spec("pip") is not None,
        has_uv=shutil.which("uv") is not None,
    )


def _make(venv: Path) -> None:
    plan = _plan()
    python = venv / "bin" / "python"
    if not os.access(python, os.X_OK):
        with step("Making the Python environment .venv"):
            _run([[sys.executable, "-m", "venv", "--clear", "--without-pip", str(venv)]], "The environment")
    has_pip = any((venv / "lib").glob("python3.*/site-packages/pip"))
    if plan == "pip" and not has_pip:
        with step("Adding pip to it"):
            _run([[str(python), "-m", "ensurepip", "--default-pip"]], "pip")


def _install(venv: Path, texts: dict[str, str], sections: Sequence[str]) -> None:
    python = str(venv / "bin" / "python")
    wanted = "".join(texts[name] for name in sections)
    plan = _plan()
    command = {
        "uv": ["uv", "pip", "install", "--quiet", "--python", python],
        "pip": [python, "-m", "pip", "install", "-qq", "--no-compile"],
        "borrowed": [sys.executable, "-m", "pip", "--python", python, "install", "-qq", "--no-compile"],
    }[plan]
    flags = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-r"]
    with (
        step(f"Installing {wanted.count('==')} packages by their hashes (only when they change)"),
        tempfile.TemporaryDirectory(dir=venv) as folder,
    ):
        listings = []
        for number, share in enumerate(lockfile.shares(wanted, 1 if plan == "uv" else PIPS_AT_ONCE)):
            listings.append(Path(folder, f"{number}.txt"))
            listings[-1].write_text(share)
        _run([[*command, *flags, str(listing)] for listing in listings], "The packages")
    for name in sections:
        (venv / f".installed-{name}").write_text(lockfile.section_stamp(texts[name], _tag(venv)))


def _run(commands: Sequence[Sequence[str]], what: str) -> None:
    """Run these at once and wait for all. Raises BootError with the last words of the first that failed."""
    env = {**os.environ, "PIP_USER": "0", "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    with ThreadPoolExecutor(len(commands)) as threads:
        run = partial(subprocess.run, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        ended = list(threads.map(run, commands))
    done = next((each for each in ended if each.returncode), None)
    if done is None:
        return
    words = "\n".join((done.stderr or done.stdout).strip().splitlines()[-6:])
    if "No space left" in words:
        raise BootError(
            "The disk is full: the environment needs about 500 MB. Free some space and start again."
        )
    raise BootError(
        f"{what} could not be installed:\n{words}\n"
        "Check that the package index can be reached and that this Python is 3.11 to 3.14 on a platform "
        "with prebuilt packages; then run the same command again."
    )
