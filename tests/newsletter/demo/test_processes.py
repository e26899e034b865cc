"""Child processes end with their parent, however it ends."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from newsletter.demo.processes import AlreadyRunning, ChildFailed, Family, Lock, Signals, Stopped
from tests.processes import is_running

ROOT = Path(__file__).resolve().parent.parent.parent.parent

#: Starts a grandchild, writes both ids to the file given, and does not care for SIGTERM.
STUBBORN = textwrap.dedent(
    """
    import os, signal, subprocess, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    with open(sys.argv[1] + ".part", "w") as file:
        file.write(f"{os.getpid()} {child.pid}")
    os.rename(sys.argv[1] + ".part", sys.argv[1])
    time.sleep(60)
    """
)

#: A parent that starts the above and waits.
PARENT = textwrap.dedent(
    """
    import os, sys, time
    from pathlib import Path
    from newsletter.demo.processes import Family, Lock
    var, stubborn = Path(sys.argv[1]), sys.argv[2]
    lock = Lock(var / "lock")
    lock.acquire("here", lambda: None)
    with Family(var, lock) as family:
        family.start("child", [sys.executable, "-c", stubborn, str(var / "ids")], os.environ)
        time.sleep(60)
    """
)


def eventually(holds, seconds: float = 15.0) -> bool:
    """Whether `holds()` becomes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False


def held(path: Path) -> Lock:
    lock = Lock(path)
    lock.acquire("here", lambda: None)
    return lock


def test_children_and_grandchildren_end_with_the_block(tmp_path, monkeypatch):
    monkeypatch.setattr("newsletter.demo.processes.PATIENCE", 0.5)
    with Family(tmp_path, held(tmp_path / "lock")) as family:
        ids = tmp_path / "ids"
        family.start("child", [sys.executable, "-c", STUBBORN, str(ids)], os.environ)
        family.wait_for("The child", ids.exists, 20)
        pids = [int(pid) for pid in ids.read_text().split()]
        assert all(is_running(pid) for pid in pids)

    assert eventually(lambda: not any(is_running(pid) for pid in pids))


def test_nothing_is_left_when_the_parent_is_killed_and_the_lock_waits_for_that(tmp_path):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), STUBBORN], cwd=ROOT, env=os.environ
    )
    ids = tmp_path / "ids"
    assert eventually(ids.exists)
    pids = [int(pid) for pid in ids.read_text().split()]
    waited: list[str] = []

    with pytest.raises(AlreadyRunning, match="here"):
        Lock(tmp_path / "lock").acquire("me", lambda: waited.append("alive"))
    parent.kill()
    parent.wait()
    Lock(tmp_path / "lock").acquire("me", lambda: waited.append("dead"))

    assert waited == ["dead"], "while the parent lives there is nothing to wait for"
    assert not any(is_running(pid) for pid in pids)


def test_a_child_that_ends_is_reported_with_its_last_words(tmp_path):
    log = tmp_path / "child.log"
    log.write_text("an earlier run\n")
    with Family(tmp_path, held(tmp_path / "lock")) as family:
        child = family.start(
            "child", [sys.executable, "-c", "print('no such luck'); exit(3)"], os.environ
        )
        child.process.wait(20)

        with pytest.raises(ChildFailed) as failure:
            family.check()

    assert "exit code 3" in str(failure.value)
    assert "no such luck" in str(failure.value)
    assert "an earlier run" not in str(failure.value)


def test_a_program_that_is_not_there_is_a_failure(tmp_path):
    with (
        Family(tmp_path, held(tmp_path / "lock")) as family,
        pytest.raises(ChildFailed, match="Couldn't start"),
    ):
        family.start("child", [str(tmp_path / "nothing")], os.environ)


def test_waiting_ends_with_what_did_not_come(tmp_path):
    with (
        Family(tmp_path, held(tmp_path / "lock")) as family,
        pytest.raises(ChildFailed, match="The moon wasn't ready"),
    ):
        family.wait_for("The moon", lambda: False, 0.2)


def test_a_child_reads_what_it_is_given_and_nothing_else(tmp_path):
    with Family(tmp_path, held(tmp_path / "lock")) as family:
        echo = "import sys; print('got', sys.stdin.read())"
        child = family.start("child", [sys.executable, "-c", echo], os.environ, "this")
        child.process.wait(20)

    assert (tmp_path / "child.log").read_text().strip() == "got this"


def test_a_released_lock_can_be_taken_again(tmp_path):
    first = held(tmp_path / "lock")
    with pytest.raises(AlreadyRunning):
        Lock(tmp_path / "lock").acquire("", lambda: None)
    first.release()

    held(tmp_path / "lock")

    with pytest.raises(ValueError, match="isn't held"):
        first.fileno()


def test_the_first_signal_stops_and_later_ones_do_not_disturb():
    before = signal.getsignal(signal.SIGTERM)
    with Signals():
        with pytest.raises(Stopped) as stopped:
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)

    assert stopped.value.number == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before
