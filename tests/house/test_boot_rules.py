"""The cellar's decisions that need no process: tools, lock sections, services per command, messages."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

from reviewapp.boot import front, home, lockfile, schema
from reviewapp.boot.environment import installer
from reviewapp.boot.places import own_uid
from reviewapp.boot.postgres import Postgres
from reviewapp.boot.say import BootError
from reviewapp.boot.services import DATABASE, DOORBELL, REASONER, WEB, Services, check_port

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("has", "tool"),
    [("venv ensurepip pip uv", "uv"), ("venv ensurepip", "pip"), ("venv pip", "borrowed")],
)
def test_the_installer_is_the_best_one_at_hand(has: str, tool: str) -> None:
    parts = {f"has_{name}": name in has.split() for name in ("venv", "ensurepip", "pip", "uv")}
    assert installer(**parts) == tool


@pytest.mark.parametrize("has", ["", "venv", "pip", "uv"])
def test_a_python_without_the_parts_names_the_debian_package(has: str) -> None:
    parts = {f"has_{name}": name in has.split() for name in ("venv", "ensurepip", "pip", "uv")}
    with pytest.raises(BootError, match="apt install python3-venv"):
        installer(**parts)


def test_the_lock_pins_every_package_by_hash_and_names_no_host() -> None:
    text = (ROOT / "requirements.lock").read_text()
    parts = lockfile.read_sections(text)
    names = re.findall(r"^[\w.-]+==", text, re.MULTILINE)
    hashed = re.findall(r"^[\w.-]+==[^\n]*\\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert len(names) == len(hashed) > 50
    assert all(row.startswith(("#", "    --hash=sha256:")) or "==" in row for row in text.splitlines() if row)
    assert "://" not in text and str(ROOT) not in text
    assert "django==" in parts["run"]
    assert "scikit-learn==" in parts["train"]
    assert "pytest==" in parts["test"]


def test_what_python_compiles_is_kept_for_the_processes_that_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(front, "main", lambda root, arguments: 7)
    with pytest.raises(SystemExit, match="7"):
        front.enter(ROOT)
    assert "PYTHONDONTWRITEBYTECODE" not in os.environ and not sys.dont_write_bytecode


def test_a_lock_without_its_sections_is_refused() -> None:
    with pytest.raises(BootError, match="Restore the file"):
        lockfile.read_sections("# section: run\ndjango==5\n")


@pytest.mark.parametrize("count", [1, 3, 500])
def test_installers_share_the_packages_and_leave_none_out(count: int) -> None:
    text = lockfile.read_sections((ROOT / "requirements.lock").read_text())["run"]
    dealt = lockfile.shares(text, count)
    names = [name for share in dealt for name in re.findall(r"^([\w.-]+)==", share, re.MULTILINE)]
    assert sorted(names) == sorted(re.findall(r"^([\w.-]+)==", text, re.MULTILINE))
    assert len(dealt) == min(count, len(names)) and all("--hash=sha256:" in share for share in dealt)


def test_a_section_is_installed_again_for_another_python_or_another_text() -> None:
    stamps = {lockfile.section_stamp(*pair) for pair in (("a", "3.11"), ("a", "3.12"), ("b", "3.11"))}
    assert len(stamps) == 3


@pytest.mark.parametrize(
    ("command", "services"),
    [
        ("prefilter score x --out y", ()),
        ("translations compile", ()),
        ("reasoner standin --port 1", ()),
        ("apikey --help", ()),
        ("ingest f --url http://localhost:1 --key k", ()),
        ("ingest f", (DATABASE, DOORBELL, REASONER, WEB)),
        ("evaluate spam f", (DATABASE, DOORBELL, REASONER)),
        ("audit verify", (DATABASE, DOORBELL)),
    ],
)
def test_a_command_starts_only_what_it_needs(command: str, services: tuple[str, ...]) -> None:
    assert front.needs(command.split()) == services


def test_only_training_and_checking_need_more_than_the_run_section() -> None:
    assert front.sections(["up"]) == ["run"]
    assert front.sections(["prefilter", "score"]) == ["run"]
    assert front.sections(["prefilter", "train"]) == ["run", "train"]
    assert front.sections(["translations", "compile"]) == ["run", "translate"]
    assert front.sections(["test"]) == ["run", "train", "translate", "test"]


def test_the_servers_own_user_is_nobodys_account_and_stays_the_same() -> None:
    assert own_uid("/a") == own_uid("/a")
    assert 60578 <= own_uid("/a") < 61184


def test_a_port_that_cannot_exist_names_the_option() -> None:
    with pytest.raises(BootError, match="--port"):
        check_port("127.0.0.1", 99999)


def test_a_changed_seed_or_migration_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "policies_seed").mkdir()
    seed = tmp_path / "policies_seed" / "spam.md"
    seed.write_text("one")
    before = schema.fingerprint(tmp_path, "1", demo=False)
    seed.write_text("two")
    assert schema.fingerprint(tmp_path, "1", demo=False) != before


@pytest.mark.parametrize(
    ("seen", "asked", "known"),
    [(True, True, True), (True, False, True), (False, False, True), (False, True, False)],
)
def test_a_start_with_nothing_to_migrate_is_known_before_the_database_runs(
    tmp_path: Path, seen: bool, asked: bool, known: bool
) -> None:
    """Demo items seen or asked for: what was seeded with them lacks nothing without."""
    services = Services(tmp_path, home.Home(tmp_path / "home", "1"), Path(sys.executable))
    services.home.open()
    stamp = services.home.path / "schema.stamp"
    stamp.write_text(schema.fingerprint(tmp_path, "1", demo=seen))
    assert not schema.is_up_to_date(services, demo=asked)  # a database of the person's own is always asked
    services.postgres = cast(Postgres, object())
    assert schema.is_up_to_date(services, demo=asked) == known
    stamp.unlink()
    assert not schema.is_up_to_date(services, demo=asked)


def test_a_home_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "version").write_text("0.10.0\n")
    with pytest.raises(BootError, match=r"0\.10\.0.*Update the checkout"):
        home.Home(tmp_path, "0.9.0").open()
    home.Home(tmp_path, "0.10.0").open()


def test_secrets_are_made_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    place = home.Home(tmp_path, "1")
    assert place.secret("key", 30) == place.secret("key", 30)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_the_cellar_runs_on_the_standard_library_alone() -> None:
    """`up` runs before anything is installed: import all of it without site-packages."""
    modules = [f"reviewapp.boot.{path.stem}" for path in (ROOT / "reviewapp/boot").glob("*.py")]
    code = "import importlib,sys; sys.path.insert(0, sys.argv[1]); [importlib.import_module(m) for m in sys.argv[2:]]"
    command = [sys.executable, "-I", "-S", "-c", code, str(ROOT), *modules]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert importlib.util.find_spec("django") is not None  # so the check above could have failed


def test_an_old_python_is_told_which_one_it_needs() -> None:
    code = "import sys; sys.version_info = (3, 9); sys.argv = ['manage.py', 'up']; exec(open('manage.py').read())"
    code = f"__name__ = '__main__'; __file__ = 'manage.py'; {code}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed; this is 3.9" in done.stderr


@pytest.mark.skipif(
    os.geteuid() == 0, reason="root may write anywhere; the front door tests cover it as a user"
)
def test_a_home_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(BootError, match="--home"):
        home.Home(tmp_path / "home", "1").open()
