"""The interpreter that the others are forked from: what it tells of them, and what becomes of them when it ends."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reviewapp.boot.leash import Leash
from reviewapp.boot.prefork import Prefork
from reviewapp.boot.process import Process
from reviewapp.boot.say import BootError
from tests.databases import ROOT
from tests.faults.front_door import wait_for

pytestmark = pytest.mark.fault
_CHILD = """
import signal, sys, loaded
def stop(number, frame):
    print("stopped in order", flush=True)
    sys.exit(7)
signal.signal(signal.SIGTERM, stop)
print(loaded.WORD, *sys.argv, flush=True)
while True:
    signal.pause()
"""


@pytest.fixture
def leash() -> Iterator[Leash]:
    made = Leash()
    yield made
    made.close()


@pytest.fixture
def prefork(tmp_path: Path, leash: Leash) -> Iterator[Prefork]:
    """One that has loaded a module of one word, in a folder where `child` is a module to run."""
    (tmp_path / "loaded.py").write_text("WORD = 'hello'\n")
    (tmp_path / "child.py").write_text(_CHILD)
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    made = Prefork(Path(sys.executable), "loaded", env=env, cwd=tmp_path, log=tmp_path / "prefork.log")
    made.start(leash)
    yield made
    made.stop()


def child(prefork: Prefork, folder: Path, name: str = "child-1") -> Process:
    command = [sys.executable, "-m", "child", name]
    return Process(name, command, env={}, cwd=folder, log=folder / f"{name}.log", fork=prefork.fork)


def started(prefork: Prefork, leash: Leash, folder: Path, name: str = "child-1") -> Process:
    """A child that has said its first words."""
    made = child(prefork, folder, name)
    made.start(leash)
    assert wait_for(lambda: "hello" in made.last_words(), 10), made.last_words()
    return made


def test_a_child_has_a_log_a_session_and_a_name_of_its_own(
    prefork: Prefork, leash: Leash, tmp_path: Path
) -> None:
    one, two = (started(prefork, leash, tmp_path, name) for name in ("child-1", "child-2"))
    assert one.pid and two.pid and prefork.process.pid
    assert len({os.getsid(pid) for pid in (one.pid, two.pid, prefork.process.pid)}) == 3
    assert one.last_words().endswith("child.py child-1") and two.last_words().endswith("child.py child-2")
    shown = Path(f"/proc/{one.pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    assert [os.fsdecode(word) for word in shown] == one.command
    assert Path(f"/proc/{one.pid}/comm").read_text().strip() == "child-1"


def test_the_end_of_a_child_is_told_with_its_status(prefork: Prefork, leash: Leash, tmp_path: Path) -> None:
    one, two = (started(prefork, leash, tmp_path, name) for name in ("child-1", "child-2"))
    assert one.ended() is None
    one.send(signal.SIGTERM)
    assert one.wait(10) and one.ended() == 7
    two.kill()
    assert two.ended() == -signal.SIGKILL and two.pid is None
    one.start(leash)
    assert one.pid is not None, "it can be started again"


def test_no_child_outlives_it_and_it_can_be_started_again(
    prefork: Prefork, leash: Leash, tmp_path: Path
) -> None:
    one = started(prefork, leash, tmp_path)
    pid = one.pid
    prefork.process.kill()
    assert one.wait(10) and one.ended() == -signal.SIGKILL
    assert wait_for(lambda: not Path(f"/proc/{pid}/exe").exists(), 10)
    with pytest.raises(BootError, match="not loaded"):
        one.start(leash)
    prefork.start(leash)
    one.start(leash)
    assert one.pid is not None


def test_told_to_stop_it_stops_its_children_in_order_and_ends_last(
    prefork: Prefork, leash: Leash, tmp_path: Path
) -> None:
    one = started(prefork, leash, tmp_path)
    prefork.process.send(signal.SIGTERM)
    assert prefork.process.wait(10) and prefork.process.ended() == 0
    assert one.ended() == 7
    assert one.last_words().endswith("stopped in order")


def test_what_cannot_be_loaded_says_why(leash: Leash, tmp_path: Path) -> None:
    env, log = os.environ | {"PYTHONPATH": str(ROOT)}, tmp_path / "prefork.log"
    prefork = Prefork(Path(sys.executable), "not_there", env=env, cwd=tmp_path, log=log)
    prefork.start(leash)
    with pytest.raises(BootError, match="No module named 'not_there'"):
        child(prefork, tmp_path).start(leash)
    prefork.stop()


def test_a_process_of_the_product_shares_most_of_its_memory(leash: Leash, tmp_path: Path) -> None:
    env = os.environ | {"DATABASE_URL": "postgresql://nobody@/nowhere?host=/nowhere"}
    prefork = Prefork(
        Path(sys.executable), "reviewapp.loaded", env=env, cwd=ROOT, log=tmp_path / "prefork.log"
    )
    prefork.start(leash)
    command = [sys.executable, "-m", "reviewapp.sweeper"]
    log = tmp_path / "sweeper.log"
    sweeper = Process("sweeper", command, env={}, cwd=ROOT, log=log, fork=prefork.fork)
    try:
        sweeper.start(leash)
        assert wait_for(lambda: "did not finish" in sweeper.last_words(), 20), sweeper.last_words()
        threads = list(Path(f"/proc/{prefork.process.pid}/task").iterdir())
        assert len(threads) == 1, "what has threads cannot be forked safely"
        rows = Path(f"/proc/{sweeper.pid}/smaps_rollup").read_text().splitlines()
        size = {row.split(":")[0]: int(row.split()[1]) for row in rows[1:]}
        own = size["Private_Clean"] + size["Private_Dirty"]
        assert own < size["Rss"] / 2, f"{own} kB of its own in {size['Rss']} kB"
    finally:
        sweeper.kill()
        prefork.stop()
