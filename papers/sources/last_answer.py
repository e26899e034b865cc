"""What the last answer of a service said beside its body: its headers and why it refused.

`http.ask` hands over bodies only. A service says in headers how often it may be asked and how long
an answer is good for, and in the body of an error what was wrong with the question.
"""

import json
import math
import time
import zlib
from collections.abc import Mapping
from typing import Any

import httpx
from django.conf import settings

from papers.text import cleaning

MOST_SAID = 4_096
"""Bytes of an error that are read."""

LONGEST_PAUSE = 10.0
"""Seconds between two requests, whatever a header asks for; who asks for more gets an error."""

_NOWHERE = frozenset(
    {"example", "invalid", "test", "local", "localdomain", "localhost", "internal"}
)
"""Names at the top that are on no internet (RFC 6761 and its kin)."""


class LastAnswer:
    """Listens to the answers that a client gets."""

    def __init__(self, client: httpx.Client) -> None:
        self.headers: Mapping[str, str] = {}
        self.status = 0
        self.said = ""
        """The message in the last answer that was an error, as plain text."""
        client.event_hooks["response"] = [*client.event_hooks["response"], self._hear]

    def _hear(self, answer: httpx.Response) -> None:
        self.headers, self.status = answer.headers, answer.status_code
        if 400 <= answer.status_code < 500:
            start = next(answer.iter_raw(MOST_SAID), b"")
            if answer.headers.get("content-encoding"):
                start = _unpacked(start)
            self.said = _message(start)

    def pause(self, limit: str, interval: str) -> float:
        """Seconds between two requests by the headers of these names: so many in such a time.

        0 where there are none that make sense.
        """
        return pause_in(self.headers, limit, interval)


def pause_in(headers: Mapping[str, str], limit: str, interval: str) -> float:
    """Seconds between two requests by the headers of these names: so many in such a time; 0 where
    there are none that make sense.
    """
    often, within = _number(headers.get(limit)), _number(headers.get(interval))
    return min(LONGEST_PAUSE, within / often) if often and within else 0.0


def wait(seconds: float) -> None:
    """Wait as long as a service asked for between two requests."""
    if seconds > 0:
        time.sleep(min(seconds, LONGEST_PAUSE))


def contact() -> str:
    """The address under which those who run a service reach whoever runs this site; empty where
    it is an address of no domain on the internet.
    """
    address = str(settings.CONTACT_EMAIL)
    domain = address.rpartition("@")[2].lower()
    top = domain.rpartition(".")[2]
    is_real = "." in domain and top[:1].isalpha() and top not in _NOWHERE
    return address if is_real else ""


def _unpacked(packed: bytes) -> bytes:
    """The beginning of what gzip or zlib packed, no longer than is looked at."""
    try:
        return zlib.decompressobj(47).decompress(packed, MOST_SAID)
    except zlib.error:
        return b""


def _message(body: bytes) -> str:
    """What an error says, in JSON of whatever shape, or in plain text; empty for a web page."""
    text = body.decode("utf-8", "replace")
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError):
        return "" if text.lstrip().startswith("<") else cleaning.shorten(cleaning.plain(text), 200)
    return cleaning.shorten(cleaning.plain("; ".join(_sentences(data))), 200)


def _sentences(data: Any) -> list[str]:
    if isinstance(data, str):
        return [data]
    if isinstance(data, list):
        return [sentence for one in data[:5] for sentence in _sentences(one)]
    if isinstance(data, dict):
        for key in ("message", "error", "errors", "title", "detail"):
            if data.get(key):
                return _sentences(data[key])
    return []


def _number(value: str | None) -> float | None:
    """The number in `5`, `1s` or `0.5`."""
    try:
        found = float((value or "").strip().rstrip("sS")[:12])
    except ValueError:
        return None
    return found if math.isfinite(found) and found > 0 else None
