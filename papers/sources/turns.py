"""Where it is kept whose turn it is to ask a service, and which services are left alone.

In the cache that all machines share; while that does not answer, in files that the processes of
this machine share, so that together they ask no faster than a service allows.
"""

import fcntl
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache as once
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.core.cache.backends.filebased import FileBasedCache

logger = logging.getLogger(__name__)

AGAIN_AFTER: Final = 60.0
"""Seconds after which a cache that did not answer is tried again."""


class Files(FileBasedCache):
    """Django's cache in files, of which one process at a time adds an entry."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder, {})
        self._folder = Path(folder)

    def add(self, *args: Any, **kwargs: Any) -> bool:
        """Whether the entry was not there; of several processes that add it, for one alone."""
        with self._alone():
            return bool(super().add(*args, **kwargs))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._folder / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # let go when the file closes, or the process ends
            yield


class Turns:
    """The four questions that are put to a cache, with an answer as long as there is a disk."""

    def __init__(self) -> None:
        self._down_until = 0.0

    def get(self, key: str, default: Any = None) -> Any:
        """What is kept under the key."""
        return self._ask("get", key, default)

    def set(self, key: str, value: Any, timeout: float | None) -> None:
        """Keep a value for the seconds of the timeout."""
        self._ask("set", key, value, timeout=timeout)

    def add(self, key: str, value: Any, timeout: float | None) -> bool:
        """Keep a value unless there is one; whether it was kept."""
        return bool(self._ask("add", key, value, timeout=timeout))

    def delete(self, key: str) -> None:
        """Forget what is kept under the key."""
        self._ask("delete", key)

    def _ask(self, question: str, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= self._down_until:
            try:
                return getattr(cache, question)(*args, **kwargs)
            except Exception:  # each cache has errors of its own
                self._down_until = time.monotonic() + AGAIN_AFTER
                logger.warning(
                    "the cache doesn't answer; turns are kept on this machine", exc_info=True
                )
        return getattr(_files(str(settings.VAR_DIR)), question)(*args, **kwargs)


@once
def _files(folder: str) -> Files:
    return Files(str(Path(folder) / "turns"))


turns = Turns()
