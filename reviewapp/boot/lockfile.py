"""Reads and regenerates `requirements.lock`: one hash-pinned file in four sections."""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from reviewapp.boot.say import BootError

SECTIONS = ("run", "train", "translate", "test")
_MARK = re.compile(r"^# section: (\w+)$")
_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==")
_HEAD = (
    "# Every package by version and SHA-256, valid for Python 3.11 to 3.14.\n"
    "# Made from pyproject.toml by `manage.py lock`; do not edit by hand.\n"
)


def read_sections(text: str) -> dict[str, str]:
    """Split the lock's text into its sections, in file order.

    Raises BootError when a section is missing or unknown.
    """
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for row in text.splitlines():
        mark = _MARK.match(row)
        if mark:
            current = found.setdefault(mark.group(1), [])
        elif current is not None and row.strip():
            current.append(row)
    if tuple(found) != SECTIONS:
        raise BootError(
            f"requirements.lock has sections {', '.join(found) or 'none'}; expected {', '.join(SECTIONS)}. "
            "Restore the file from version control."
        )
    return {name: "\n".join(rows) + "\n" for name, rows in found.items()}


def shares(text: str, count: int) -> list[str]:
    """The packages of some sections dealt out to `count` installers, none of them empty."""
    dealt = list(_blocks(text).values())
    return ["".join(dealt[place::count]) for place in range(min(count, len(dealt)))]


def section_stamp(section_text: str, python_tag: str) -> str:
    """Fingerprint of one installed section for one Python version, e.g. `3.12`."""
    return hashlib.sha256(f"{python_tag}\n{section_text}".encode()).hexdigest()


def regenerate(root: Path) -> None:
    """Write `requirements.lock` anew with uv, newest versions pyproject.toml allows.

    Raises BootError when uv is not found or cannot resolve.
    """
    beside = Path(sys.executable).with_name("uv")
    uv = shutil.which("uv") or (str(beside) if beside.exists() else None)
    if uv is None:
        raise BootError("`manage.py lock` needs uv on the PATH: install it with `pip install uv`.")
    everything = _blocks(_compile(uv, root, SECTIONS[1:], None))
    with tempfile.TemporaryDirectory() as scratch:
        pins = Path(scratch, "pins.txt")
        pins.write_text("".join(text.split(" \\")[0] + "\n" for text in everything.values()))
        told: set[str] = set()
        body = [_HEAD]
        for place, name in enumerate(SECTIONS):
            part = set(_blocks(_compile(uv, root, SECTIONS[1 : place + 1], pins))) - told
            body.append(f"\n# section: {name}\n")
            body.extend(everything[key] for key in sorted(part))
            told |= part
    (root / "requirements.lock").write_text("".join(body))


def _compile(uv: str, root: Path, extras: tuple[str, ...], constraint: Path | None) -> str:
    command = [uv, "pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11"]
    command += ["--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url"]
    command += ["--no-emit-find-links", "--quiet"]
    for extra in extras:
        command += ["--extra", extra]
    if constraint:
        command += ["--constraint", str(constraint)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    if done.returncode:
        raise BootError(f"uv could not resolve pyproject.toml:\n{done.stderr.strip()}")
    return done.stdout


def _blocks(text: str) -> dict[str, str]:
    """Requirement blocks by their first line without hashes (name, version, marker)."""
    blocks: dict[str, str] = {}
    key = ""
    for row in text.splitlines():
        if _NAME.match(row):
            key = row.removesuffix(" \\")
            blocks[key] = ""
        if key and row.strip() and not row.startswith("#"):
            blocks[key] += row + "\n"
    return blocks
