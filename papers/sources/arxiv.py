"""arXiv: how all of its services are asked, and single papers by their identifiers.

arXiv asks for one connection at a time and one request in three seconds, over all of its services
together (https://info.arxiv.org/help/api/tou.html). The cache that all machines share says whose
turn it is, so that holds however many workers there are; while it does not answer, it holds for
each machine by itself (`turns`). It also says for how long nobody asks: a
429, the words "Rate exceeded." or a Retry-After close all doors for a while, longer each time.

`GET /api/query?id_list=a,b&max_results=n` answers with an Atom feed
(https://info.arxiv.org/help/api/user-manual.html). A paper that is not there is left out of it; an
identifier that arXiv finds malformed turns the whole answer into a 400. Many papers fit into one
request.
"""

import datetime as dt
import logging
import re
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

import httpx
from django.conf import settings

from papers.sources import http, polite
from papers.sources.base import FetchFailed
from papers.sources.record import BadRecord, Draft, PaperRecord
from papers.sources.turns import turns as cache

logger = logging.getLogger(__name__)

T = TypeVar("T")

NAME = "arXiv"

MOST_ASKED = 50
"""Papers in one request."""

MOST_BYTES = 3_000_000
"""Of one answer; fifty papers take about 150,000, a paper of three thousand authors 300,000."""

PAUSE = 3
"""Seconds between the end of one request and the next."""

PATIENCE = 30
"""Seconds to wait for a turn."""

NAP = 0.5
"""Seconds between two looks at whose turn it is."""

DOOR = polite.Door(NAME, "papers.arxiv", least=15 * 60, longest=6 * 3600)
"""To all of its services. Clients report hours of refusals."""

REFUSED = b"Rate exceeded."

_TURN = "papers.arxiv.turn"

_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_SUBJECT = re.compile(r"\.[A-Z]{2}(?=/)")


class Malformed(FetchFailed):
    """arXiv takes one of the identifiers for malformed, and does not say which."""


def canonical(arxiv_id: str) -> str:
    """The spelling that arXiv answers with: identifiers before April 2007 may name a subject class,
    `math.GT/0309136`, which is no part of it.
    """
    return _SUBJECT.sub("", arxiv_id)


def lookup(arxiv_ids: Sequence[str]) -> dict[str, PaperRecord]:
    """What arXiv knows of up to `MOST_ASKED` papers, by the identifiers asked for; a paper that is
    not there is left out. Asked once; the caller may come back.

    Raises `Malformed`, or `FetchFailed` where arXiv cannot be asked at present.
    """
    if not 0 < len(arxiv_ids) <= MOST_ASKED:
        raise ValueError(f"Ask for 1 to {MOST_ASKED} papers, not {len(arxiv_ids)}.")
    query = {"id_list": ",".join(arxiv_ids), "max_results": str(len(arxiv_ids))}
    with http.client("application/atom+xml") as client:
        try:
            records = ask(
                client,
                f"{settings.ARXIV_URL}/api/query",
                query,
                read,
                for_what=f"{len(arxiv_ids)} papers",
                most_bytes=MOST_BYTES,
                attempts=1,
            )
        except http.Refused as error:
            if error.status != 400:
                raise
            raise Malformed(str(error)) from error
    found = {record.identifier: record for record in records}
    named = {arxiv_id: f"arxiv:{canonical(arxiv_id)}" for arxiv_id in arxiv_ids}
    return {arxiv_id: found[name] for arxiv_id, name in named.items() if name in found}


def ask(
    client: httpx.Client,
    address: str,
    query: Mapping[str, str],
    read: Callable[[bytes], T],
    *,
    for_what: str,
    most_bytes: int = 0,
    attempts: int = 3,
    patience: float | None = None,
    headers: Mapping[str, str] | None = None,
    on_headers: Callable[[httpx.Headers], None] | None = None,
    now: dt.datetime | None = None,
) -> T:
    """What `read` makes of arXiv's answer at `now`, each attempt in a turn of its own; see
    `http.ask`.

    Waits up to `patience` seconds for a turn, by default `PATIENCE`. An attempt that was one too
    many, or that arXiv answers with a long Retry-After, is the last for everybody for a while.
    Raises `FetchFailed`, and `http.Refused` for a status that asking again will not better.
    """

    def guarded(body: bytes) -> T:
        if body[:100].strip() == REFUSED:
            raise http.TryAgain("says it's being asked too often", is_busy=True)
        return read(body)

    for attempt in range(1, attempts + 1):
        try:
            with turn(patience, now):
                answer = http.ask(
                    client,
                    NAME,
                    address,
                    query,
                    guarded,
                    for_what=for_what,
                    most_bytes=most_bytes,
                    attempts=1,
                    headers=headers,
                    on_headers=on_headers,
                )
        except http.Busy as error:
            DOOR.close(error.wait or 0, now)
            raise
        except FetchFailed as error:
            why = error.__cause__
            if attempt == attempts or not isinstance(why, http.TryAgain | httpx.TransportError):
                raise  # asking again is no use where it is too large, refused or not our turn
            time.sleep((why.wait if isinstance(why, http.TryAgain) else None) or 0)
        else:
            DOOR.reopen()
            return answer
    raise ValueError("Ask at least once.")


@contextmanager
def turn(patience: float | None = None, now: dt.datetime | None = None) -> Iterator[None]:
    """Hold arXiv for one request. Raises `FetchFailed` while arXiv is to be left alone, where
    nobody's turn ends within `patience` seconds (`PATIENCE` by default), or where neither the
    cache nor a file can say whose turn it is: then it is nobody's.
    """
    _take_turn(PATIENCE if patience is None else patience, now)
    try:
        yield
    finally:
        try:
            cache.set(_TURN, 1, timeout=PAUSE)
        except Exception:  # each cache has errors of its own; the turn then ends by itself
            logger.warning("couldn't return a turn to the cache", exc_info=True)


def _take_turn(patience: float, now: dt.datetime | None) -> None:
    # Longer than a request can take, so that a worker that died does not hold it for ever.
    longest = 10 + 4 * settings.FETCH_TIMEOUT
    for nap in range(int(patience / NAP) + 1):
        if nap:
            time.sleep(NAP)
        try:
            DOOR.check(now)
            if cache.add(_TURN, 1, timeout=longest):
                return
        except FetchFailed:
            raise
        except Exception as error:
            raise FetchFailed(
                f"Couldn't find out whose turn it is to ask {NAME}: {error}"
            ) from error
    raise FetchFailed(f"Waited {patience} seconds without getting a turn to ask {NAME}.")


def read(body: bytes) -> list[PaperRecord]:
    """The papers in an Atom feed; an entry that is no paper is left out.

    Raises `TryAgain` for what is no such feed. A document type is not taken at all: no feed needs
    one, and all ways to make a small document large begin with it.
    """
    if http.is_web_page(body):
        raise http.TryAgain("answers with a web page instead of a feed")
    try:
        text = body.decode("utf-8-sig")
        if "<!doctype" in text.lower() or "<!entity" in text.lower():
            raise http.TryAgain("answers with a document type, which feeds don't have")
        feed = ET.fromstring(text)  # noqa: S314  # of limited size, and without a document type
    except (ValueError, ET.ParseError):
        raise http.TryAgain("answers with something other than a feed") from None
    if feed.tag != f"{_ATOM}feed":
        raise http.TryAgain("answers with XML that isn't a feed")
    records = []
    for entry in feed.iterfind(f"{_ATOM}entry"):
        try:
            records.append(_draft(entry).clean())
        except BadRecord:  # such as the entry that says what is wrong with a question
            continue
    return records


def _draft(entry: ET.Element) -> Draft:
    primary = entry.find(f"{_ARXIV}primary_category")
    terms = [primary] if primary is not None else []
    terms += entry.findall(f"{_ATOM}category")
    return Draft(
        id=entry.findtext(f"{_ATOM}id"),
        title=entry.findtext(f"{_ATOM}title"),
        abstract=entry.findtext(f"{_ATOM}summary"),
        authors=[author.findtext(f"{_ATOM}name") for author in entry.iterfind(f"{_ATOM}author")],
        categories=[term.get("term") for term in terms],
        published_on=entry.findtext(f"{_ATOM}published"),
    )
