"""A file that a stranger made is read in a process of its own, with limits of time and memory."""

import json
import os
import resource
import subprocess
import sys

from papers.libraries.entries import Library
from papers.libraries.formats import MOST_BYTES, UnknownFormat

CPU_SECONDS = 30
WALL_SECONDS = 60
MEMORY = 1 << 30
"""Bytes of address space, of which Python and Django take some 400 MB."""


def read_apart(data: bytes) -> Library:
    """What the file holds, read by a child process. Raises `UnknownFormat`, with the code `heavy`
    where it took more than it may.
    """
    if len(data) > MOST_BYTES:
        raise UnknownFormat("big")
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    environment.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "papers.libraries.child"],
            input=data,
            capture_output=True,
            timeout=WALL_SECONDS,
            check=False,
            env=environment,
            preexec_fn=_limited,
        )
    except subprocess.TimeoutExpired:
        raise UnknownFormat("heavy") from None
    if done.returncode:
        raise UnknownFormat("heavy")
    said = json.loads(done.stdout)
    if "code" in said:
        raise UnknownFormat(said["code"])
    return Library.from_json(said)


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
