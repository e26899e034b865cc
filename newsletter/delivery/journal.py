"""The journal: the cheapest marker that survives kill -9, so that at most one message is in doubt.

Before a message is handed over, its row's number is written to an append-only file that belongs
to one worker alone; after the answer, the outcome. After a crash the file says exactly which
messages of the claimed batch were answered, which one was under way, and that the others were
never touched.

Why a file and not the database? SIGKILL ends a process, not the kernel: what `write()` returned
for is in the page cache and will be read by whoever opens the file next, without any fsync. That
costs about two microseconds for each message, where a committed row costs a hundred or more, in
the very process that the message rate is bound by. The database learns of a batch's outcomes in
one statement afterwards.

What it does not survive is the machine. The header records the kernel's boot, and a journal from
an earlier boot vouches only for what it says: messages it does not name count as in doubt instead
of untouched, since its last lines may be lost. If the file itself is gone (the disk, or the
machine and its local disk), every claimed and unsettled row of that batch is in doubt once its
lease has run out. So the directory belongs on a disk that outlives the worker.

Whether the owner is dead is asked of the kernel, not of a clock: it holds a lock on the file
(flock), which ends with the process. So the next worker on the machine recovers at once.
"""

import fcntl
import json
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from newsletter.mail.outcomes import Kind, Outcome

_SUFFIX = ".journal"

UNSAID = "email"
"""The channel that the journal does not write down: most digests', and all those of the version
before."""


Key = int | str
"""What a journal calls a message: a digest by its delivery's number alone, as in the version
before, and a notice by its number after an "n".
"""

_BOUNCE = b"~"
"""Begins the line that says how bad a refusal is. It stands before that of the outcome, and the
version before passes over it."""


def _boot() -> str:
    """What names this run of the kernel; empty where the system does not say."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


@dataclass(frozen=True, slots=True)
class Trace:
    """What a dead worker's journal says about one batch."""

    name: str
    answered: "dict[Key, Outcome]"
    under_way: "frozenset[Key]"
    """Begun and not answered; at most one."""
    channels: "dict[Key, str]"
    """The channel of each that was begun."""
    is_complete: bool
    """Messages that it does not name were certainly not touched."""


class Journal:
    """One worker's journal; `name` is what its claims carry in the ledger."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        host = socket.gethostname().split(".")[0][:24]
        self.name = f"{host}-{os.getpid()}-{secrets.token_hex(6)}"
        self._path = directory / f"{self.name}{_SUFFIX}"
        # Locked before it has its name, so that nobody takes it for a dead worker's.
        draft = directory / f".{self.name}.new"
        self._file = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            header = json.dumps({"boot": _boot()}).encode() + b"\n"
            os.write(self._file, header)
            self._header_length = len(header)
            draft.rename(self._path)
        except BaseException:
            os.close(self._file)
            draft.unlink(missing_ok=True)
            raise

    def begin(self, key: Key, channel: str = UNSAID) -> None:
        """This message is about to be handed over. Raises OSError where that cannot be written,
        and then it must not be.
        """
        name = str(key).encode()
        line = b">%s\n" % name
        if channel != UNSAID:
            # A line of its own, which the version before passes over: it may be the one to
            # recover this journal, and must read the line that follows.
            line = b"@%s %s\n" % (name, channel.encode()) + line
        os.write(self._file, line)

    def end(self, key: Key, outcome: Outcome) -> None:
        """This became of it."""
        name = str(key).encode()
        if outcome.kind is Kind.ACCEPTED and outcome.provider_id == "":
            os.write(self._file, b"+%s\n" % name)
            return
        said = [
            outcome.kind.value,
            outcome.code,
            outcome.reason,
            outcome.retry_after,
            outcome.provider_id,
            outcome.suppress,
            outcome.tried,
        ]
        line = b"<%s %s\n" % (name, json.dumps(said).encode())
        if outcome.bounce:
            line = _BOUNCE + b"%s %s\n" % (name, outcome.bounce.encode()) + line
        os.write(self._file, line)

    def clear(self) -> None:
        """The batch is settled in the database; forget it."""
        os.ftruncate(self._file, self._header_length)

    def close(self, *, keep: bool = False) -> None:
        """Give up the journal. `keep` leaves it for recovery, which one with an unsettled batch
        is in any case.
        """
        with suppress(OSError):
            if not keep and os.fstat(self._file).st_size <= self._header_length:
                self._path.unlink(missing_ok=True)
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # After an error a claim may have been committed whose answer was lost with it.
        self.close(keep=error is not None)


def is_alive(directory: Path, name: str) -> bool | None:
    """Whether the owner of this journal lives; None where the journal is not on this machine."""
    try:
        file = os.open(directory / f"{name}{_SUFFIX}", os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(file)


def orphans(directory: Path, keep_for: float) -> Iterator[Trace]:
    """The journals whose owners died, each locked while the caller settles its batch.

    They are kept `keep_for` seconds more and given out again until then: a claim that was on its
    way to the database when its worker was killed may be committed after we looked.
    """
    try:
        names = sorted(path.name for path in directory.glob(f"*{_SUFFIX}"))
    except OSError:
        return
    for name in names:
        path = directory / name
        try:
            file = os.open(path, os.O_RDWR)
        except OSError:
            continue  # gone meanwhile
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue  # its owner lives, or another worker is recovering it
            if os.fstat(file).st_nlink == 0:
                continue  # recovered by another worker before we had the lock
            written = os.fstat(file).st_mtime
            yield _read(path)
            if time.time() - written > keep_for:
                path.unlink(missing_ok=True)
        finally:
            os.close(file)


def _read(path: Path) -> Trace:
    lines = path.read_bytes().split(b"\n")
    whole, _tail = lines[:-1], lines[-1]  # what follows the last line end was not written whole
    boot = ""
    begun: set[Key] = set()
    channels: dict[Key, str] = {}
    answered: dict[Key, Outcome] = {}
    bounces: dict[Key, str] = {}
    if whole:
        with suppress(ValueError):
            boot = json.loads(whole[0]).get("boot", "")
    for line in whole[1:]:
        with suppress(ValueError, TypeError, IndexError):
            mark, rest = line[:1], line[1:]
            name, _, said = rest.partition(b" ")
            key = _key(name)
            if mark == b">":
                begun.add(key)
                answered.pop(key, None)  # a notice may come up again before the file is cleared
                channels.setdefault(key, UNSAID)
            elif mark == b"@":
                channels[key] = said.decode()
            elif mark == b"+":
                answered[key] = Outcome(Kind.ACCEPTED)
            elif mark == _BOUNCE:
                bounces[key] = said.decode()
            elif mark == b"<":
                answered[key] = replace(_outcome(json.loads(said)), bounce=bounces.get(key, ""))
    return Trace(
        name=path.name.removesuffix(_SUFFIX),
        answered=answered,
        under_way=frozenset(begun - answered.keys()),
        channels=channels,
        is_complete=bool(boot) and boot == _boot(),
    )


def _key(name: bytes) -> Key:
    """The key that was written so. Raises ValueError for what is none."""
    if name.startswith(b"n"):
        return f"n{int(name[1:])}"
    return int(name)


def _outcome(said: list[Any]) -> Outcome:
    kind, code, reason, retry_after, provider_id, suppress_it, tried = said
    return Outcome(Kind(kind), code, reason, retry_after, provider_id, suppress_it, tried)
