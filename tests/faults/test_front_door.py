"""What happens to `up` when it is killed, started twice, or given a home or port it cannot have."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reviewapp.boot.services import free_port
from tests.faults.front_door import FrontDoor, wait_for

pytestmark = pytest.mark.fault
NOBODY = pwd.getpwnam("nobody").pw_uid


@pytest.fixture
def door() -> Iterator[FrontDoor]:
    """A copied checkout with a space in its path, below a 0700 folder."""
    made = FrontDoor()
    yield made
    made.remove()


@pytest.fixture
def users_door() -> Iterator[FrontDoor]:
    """The same for an ordinary user; needs a Python that one can start."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    try:
        subprocess.run(
            [sys.executable, "-c", "import psycopg"], user=NOBODY, group=NOBODY, check=True, cwd="/"
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(f"other users cannot start {sys.executable}: it lies under a private folder")
    made = FrontDoor(uid=NOBODY)
    yield made
    made.remove()


def test_up_serves_stops_in_order_and_keeps_its_data(door: FrontDoor) -> None:
    lines = door.up()
    assert f"  http://localhost:{door.port}" in lines
    assert any("moderator@example.com" in row for row in lines)
    password = (door.home / "demo-password").read_text().strip()
    assert any(password in row for row in lines)
    assert "remembered tea" in door.run("remember", "tea").stdout  # through the services of `up`
    assert door.end(signal.SIGINT) == 0
    assert not door.everyone()
    assert "remembered tea" in door.run("remember").stdout  # on services of its own
    assert not door.everyone()


def test_static_files_are_made_again_when_one_changed(door: FrontDoor) -> None:
    made, source = door.home / "static" / "made", door.root / "static" / "page.css"
    door.up()
    first = made.stat().st_mtime_ns
    assert door.end() == 0
    door.up()
    assert made.stat().st_mtime_ns == first
    assert door.end() == 0
    source.write_text("green")
    door.up()
    assert made.read_text() == "green"


def test_a_killed_front_process_leaves_nobody_and_the_next_start_recovers(door: FrontDoor) -> None:
    door.up()
    door.run("remember", "kept over the kill")
    assert len(door.everyone()) > 10
    door.end(signal.SIGKILL)
    assert wait_for(lambda: not door.everyone(), 5), door.everyone()
    door.up()
    assert "remembered kept over the kill" in door.run("remember").stdout
    assert door.end() == 0


def test_the_kill_of_everything_at_once_is_recovered_from(door: FrontDoor) -> None:
    """As after a power cut: stale pid file, stale sockets, a write-ahead log to replay."""
    door.up()
    door.run("remember", "kept over the cut")

    def everything_fell() -> bool:
        for pid in {door.pid, *door.everyone()}:  # again for one that was born while the others fell
            with contextlib.suppress(ProcessLookupError):  # one that fell with another
                os.kill(pid, signal.SIGKILL)
        return not door.everyone()

    assert wait_for(everything_fell, 20), door.everyone()
    door.end(signal.SIGKILL)
    assert "remembered kept over the cut" in door.run("remember").stdout


def test_a_killed_process_is_started_again(door: FrontDoor) -> None:
    door.up()
    before = {pid for pid in door.server_pids() if "postgres\0-D" in _command(pid)}
    assert len(before) == 1
    os.kill(min(before), signal.SIGKILL)

    def another_serves() -> bool:
        now = {pid for pid in door.server_pids() if "postgres\0-D" in _command(pid)}
        return bool(now - before) and door.run("remember").returncode == 0

    assert wait_for(another_serves, 20)


def test_a_second_up_says_who_runs_the_home(door: FrontDoor) -> None:
    door.up()
    second = door.run("up", "--port", "1")
    assert second.returncode == 1
    assert f"process {door.pid} at http://localhost:{door.port}" in second.stderr
    assert "--home" in second.stderr


def test_a_taken_port_names_the_option_and_starts_nothing(door: FrontDoor) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", door.port))
        squatter.listen()
        done = door.run("up", "--port", str(door.port))
    assert done.returncode == 1
    assert f"Port {door.port}" in done.stderr and f"--port {door.port + 1}" in done.stderr
    assert not door.everyone()


def test_a_database_of_another_major_version_is_refused(door: FrontDoor) -> None:
    assert door.run("remember").returncode == 0
    version = Path(door.holder_of_servers(), "postgres", "PG_VERSION")
    version.write_text("15\n")
    done = door.run("up", "--port", str(door.port))
    assert done.returncode == 1
    assert "made by Postgres 15" in done.stderr and "DATABASE_URL" in done.stderr
    assert not door.everyone()


def test_a_home_from_a_newer_version_is_refused(door: FrontDoor) -> None:
    door.home.mkdir()
    (door.home / "version").write_text("99.0\n")
    done = door.run("up", "--port", str(door.port))
    assert done.returncode == 1
    assert "written by version 99.0" in done.stderr


def test_a_full_disk_says_so(door: FrontDoor) -> None:
    door.home.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(door.home)], check=False
    ).returncode:
        pytest.skip("a small file system to fill can only be mounted by root")
    try:
        done = door.run("up", "--port", str(door.port))
    finally:
        subprocess.run(["umount", str(door.home)], check=True)
    assert done.returncode == 1
    assert "are free in" in done.stderr and "--home" in done.stderr


def test_a_copied_home_does_not_touch_the_first_ones_servers(door: FrontDoor) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root keeps the data outside the home")
    door.up()
    copy = door.top / "copy of the home"
    shutil.copytree(door.home, copy)
    done = door.run("up", "--home", str(copy), "--port", str(free_port()))
    assert done.returncode == 1
    assert "in use by another home" in done.stderr
    assert door.run("remember").returncode == 0


def test_a_deleted_home_starts_empty_and_its_database_is_kept(door: FrontDoor) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root keeps the data outside the home")
    assert door.run("remember", "old").returncode == 0
    data = Path(door.holder_of_servers())
    shutil.rmtree(door.home)
    done = door.run("remember", "new")
    aside = list(data.parent.glob(f"{data.name}.left-*"))
    for folder in aside:
        shutil.rmtree(folder)
    assert len(aside) == 1 and str(aside[0]) in done.stdout
    assert "remembered new" in done.stdout and "old" not in done.stdout.split("kept in")[1]


def test_an_ordinary_user_runs_it_below_a_private_folder(users_door: FrontDoor) -> None:
    users_door.up()
    assert "remembered tea" in users_door.run("remember", "tea").stdout
    assert users_door.end() == 0
    assert not users_door.everyone()


def test_an_unwritable_home_says_whose_it_must_be(users_door: FrontDoor) -> None:
    users_door.home.mkdir(mode=0o700)  # root's
    done = users_door.run("up", "--port", str(users_door.port))
    assert done.returncode == 1
    assert "cannot be written" in done.stderr and "--home" in done.stderr


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode()
    except OSError:
        return ""
