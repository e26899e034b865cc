"""Child processes that end with their parent, however it ends.

All children share one process group, which is led by a small guard. The guard waits on a pipe that
only the parent holds open: when the parent is gone, even by kill -9, the pipe closes and the guard
ends the whole group, grandchildren included. It also keeps the parent's lock, so that a new parent
waits until nothing of the old one is left.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Any, Self

PATIENCE = 8.0
"""Seconds that a child has between SIGTERM and SIGKILL."""

GUARD_PATIENCE = 3.0
"""The same, when the parent was killed and only the guard is left."""


class Stopped(Exception):
    """The parent was asked to stop, by Ctrl-C or a signal."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class ChildFailed(Exception):
    """A child did not start, or ended though nobody asked it to."""


class AlreadyRunning(Exception):
    """Another process holds the lock; the message is what it wrote into the file."""


class Lock:
    """A lock on a file, held until its process ends and never left behind (flock)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def acquire(self, note: str, on_wait: Callable[[], None], patience: float = 15.0) -> None:
        """Take the lock and write this process and `note` into the file.

        Where the last holder is dead but its guard still tidies up, `on_wait` is called and up to
        `patience` seconds are waited. Raises `AlreadyRunning`, or OSError for a file that cannot
        be written.
        """
        # Kept open on purpose: closing the file would give the lock away.
        self._file = self._path.open("a+")
        deadline = time.monotonic() + patience
        has_waited = False
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                pid, _, said = self._path.read_text().strip().partition(" ")
                if is_alive(pid) or time.monotonic() > deadline:
                    raise AlreadyRunning(said) from None
                if not has_waited:
                    has_waited = True
                    on_wait()
                time.sleep(0.2)
        self._file.truncate(0)
        self._file.write(f"{os.getpid()} {note}\n")
        self._file.flush()

    def release(self) -> None:
        """Give the lock up."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def fileno(self) -> int:
        """The descriptor, for handing the lock on to a child. Only after `acquire`."""
        if self._file is None:
            raise ValueError("the lock isn't held")
        return self._file.fileno()


def is_alive(pid: str) -> bool:
    """Whether a process of this id runs; False for what is not an id."""
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


@dataclass(slots=True)
class Child:
    """A running child, and where it writes what it has to say."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    log_start: int
    """Where this run's part of the log begins, in bytes."""

    def last_words(self, lines: int = 3) -> str:
        """The last lines of this run in the log, for a message."""
        with suppress(OSError), self.log.open("rb") as file:
            file.seek(self.log_start)
            text = file.read().decode("utf-8", "replace")
            found = [line.strip() for line in text.splitlines() if line.strip()]
            return "\n".join(found[-lines:])
        return ""


class Family:
    """The children of this process. On leaving the `with` block, none of them is left."""

    def __init__(self, logs: Path, lock: Lock) -> None:
        self._logs = logs
        self._lock = lock
        self._children: list[Child] = []
        self._guard: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._guard = subprocess.Popen(
            [sys.executable, "-I", str(Path(__file__).resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._lock.fileno(),),
            process_group=0,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(
        self,
        name: str,
        argv: Sequence[str],
        environment: Mapping[str, str],
        given: str | None = None,
    ) -> Child:
        """Start a child that writes to the log `name`.log; `given` is put on its standard input.

        Raises `ChildFailed` if it cannot be started at all.
        """
        if self._guard is None:
            raise ValueError("start children inside the with block")
        log = self._logs / f"{name}.log"
        try:
            with log.open("ab") as file:
                process = subprocess.Popen(
                    list(argv),
                    stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    env=dict(environment),
                    process_group=self._guard.pid,
                )
                child = Child(name, process, log, file.tell())
        except OSError as error:
            raise ChildFailed(f"Couldn't start the {name}: {error}.") from None
        self._children.append(child)
        if process.stdin is not None:
            with suppress(BrokenPipeError), process.stdin as stdin:
                stdin.write((given or "").encode())
        return child

    def check(self) -> None:
        """Raise `ChildFailed`, with its last words, if a child has ended."""
        for child in self._children:
            code = child.process.poll()
            if code is not None:
                how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
                words = child.last_words()
                raise ChildFailed(
                    f"The {child.name} stopped {how}. See its log: {child.log}"
                    + (f", and ends:\n{words}" if words else ".")
                )
        if self._guard is not None and self._guard.poll() is not None:
            raise ChildFailed("The process that watches over the others was killed.")

    def wait_for(self, what: str, is_there: Callable[[], bool], patience: float) -> None:
        """Wait until `is_there()`. Raises `ChildFailed` after `patience` seconds, or when a child
        ends meanwhile.
        """
        deadline = time.monotonic() + patience
        while not is_there():
            self.check()
            if time.monotonic() > deadline:
                raise ChildFailed(f"{what} wasn't ready within {patience:.0f} seconds.")
            time.sleep(0.1)

    def stop(self) -> None:
        """End all children, the last started first: SIGTERM, and SIGKILL after `PATIENCE`."""
        if self._guard is None:
            return
        for child in reversed(self._children):
            child.process.terminate()
            try:
                child.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                child.process.kill()
        # Whatever else is in the group, such as a worker's own children, goes with the guard.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._guard.pid, signal.SIGKILL)
        for process in (*(child.process for child in self._children), self._guard):
            process.wait()
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        self._children.clear()
        self._guard = None


class Signals:
    """While in the `with` block, SIGINT, SIGTERM and SIGHUP raise `Stopped`, once: what comes
    after the first does not disturb the tidying up.
    """

    NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __enter__(self) -> Self:
        self._before: dict[int, Any] = {}
        for number in self.NUMBERS:
            # nohup and the like ignore SIGHUP, and so do we then.
            if signal.getsignal(number) is not signal.SIG_IGN or number == signal.SIGINT:
                self._before[number] = signal.signal(number, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def ignore(self) -> None:
        """From here on, let nothing interrupt."""
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.ignore()
        raise Stopped(number)


def _guard() -> None:
    """Wait for the parent's end, then end the group that this process leads, itself included."""
    for number in Signals.NUMBERS:
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGTERM)
    time.sleep(GUARD_PATIENCE)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    _guard()
