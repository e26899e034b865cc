"""Hugging Face Daily Papers: what the community submitted and voted on, day by day.

`GET /api/daily_papers?date=YYYY-MM-DD&p=0&limit=100` answers with a list of items. An item holds
a `paper`, and repeats some of its facts with differences: the item's `publishedAt` is hours off,
its `summary` the same, and only the item has `numComments`. What an older answer lacks is simply
not there, so every field is looked for and none is relied on but the identifier and the title.
"""

import datetime as dt
import json
import logging
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import stamina
import stamina.instrumentation
from django.conf import settings

from papers import texts
from papers.sources.base import BadRecord, Draft, FetchFailed, PaperSource

# Retries are logged as everything else is, rather than printed by structlog's default.
stamina.instrumentation.set_on_retry_hooks([stamina.instrumentation.LoggingOnRetryHook])

logger = logging.getLogger(__name__)

PAGE = 100
"""Items asked for at a time; the service gives no more."""

MOST_PAGES = 20
"""A day has had up to about a hundred papers."""

MOST_BYTES = 20_000_000
"""Of one answer; a hundred papers take about one million."""

MOST_REDIRECTS = 3

LONGEST_WAIT = 60.0
"""Seconds between two attempts. A service that wants to be left alone for longer is left alone:
the next fetch comes by itself."""

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})


class TryAgain(Exception):
    """An answer that another attempt may better, after `wait` seconds where the service said so."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


class HuggingFace(PaperSource):
    """Reads the Daily Papers at `HUGGINGFACE_URL`."""

    name = "Hugging Face"

    def __init__(self) -> None:
        self.url = settings.HUGGINGFACE_URL

    def items(self, day: dt.date) -> Iterator[Any]:
        """All pages of a day; ends at the first that is short or brings nothing new."""
        seen: set[str] = set()
        with self._client() as client:
            for page in range(MOST_PAGES):
                query = {"date": day.isoformat(), "p": str(page), "limit": str(PAGE)}
                items = self._get(client, "/api/daily_papers", query)
                fresh = [item for item in items if _key(item) not in seen]
                seen.update(map(_key, fresh))
                yield from fresh
                if len(items) < PAGE or not fresh:
                    return
        logger.warning("gave up paging", extra={"source": self.name, "pages": MOST_PAGES})

    def draft(self, item: Any) -> Draft:
        """The facts of the nested paper, and those that only the item has."""
        if not isinstance(item, dict) or not isinstance(item.get("paper"), dict):
            raise BadRecord("it has no paper in it")
        paper = item["paper"]
        organization = paper.get("organization") or item.get("organization")
        submitter = paper.get("submittedOnDailyBy") or item.get("submittedBy")
        return Draft(
            id=paper.get("id"),
            title=paper.get("title") or item.get("title"),
            abstract=paper.get("summary") or item.get("summary"),
            summary=paper.get("ai_summary"),
            authors=_shown_authors(paper.get("authors")),
            organization=_called(organization, "fullname", "name"),
            keywords=paper.get("ai_keywords"),
            published_on=paper.get("publishedAt"),
            code_url=paper.get("githubRepo"),
            project_url=paper.get("projectPage"),
            thumbnail_url=item.get("thumbnail"),
            upvotes=paper.get("upvotes"),
            comments=item.get("numComments"),
            stars=paper.get("githubStars"),
            submitted_by=_called(submitter, "fullname", "name"),
            submitted_at=paper.get("submittedOnDailyAt"),
        )

    def _client(self) -> httpx.Client:
        return httpx.Client(
            headers={
                "User-Agent": _who_asks(),
                "Accept": "application/json",
            },
            timeout=settings.FETCH_TIMEOUT,
            follow_redirects=False,
        )

    def _get(self, client: httpx.Client, path: str, query: dict[str, str]) -> list[Any]:
        """The list that an address answers with, asked for up to FETCH_ATTEMPTS times."""
        address = f"{self.url}{path}"
        attempts = settings.FETCH_ATTEMPTS
        try:
            for attempt in stamina.retry_context(
                on=_backoff, attempts=attempts, timeout=None, wait_initial=0.5, wait_max=20
            ):
                with attempt:
                    return _list_in(_body(client, address, query))
        except (TryAgain, httpx.TransportError) as error:
            what = str(error) if isinstance(error, TryAgain) else _said(error)
            wait = error.wait if isinstance(error, TryAgain) else None
            if wait and wait > LONGEST_WAIT:
                what += f" and wants to be left alone for {wait:.0f} seconds"
            raise FetchFailed(
                f"{_host(address)} {what}; asked for "
                f"{query['date']}, page {query['p']}, up to {attempts} times."
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FetchFailed(f"{self.name} could not be asked: {_said(error)}.") from error
        raise AssertionError("stamina either returns or raises")


def _backoff(error: Exception) -> bool | float:
    """Whether to try again, or after how many seconds."""
    if isinstance(error, TryAgain):
        if error.wait is None:
            return True
        return error.wait if error.wait <= LONGEST_WAIT else False
    return isinstance(error, httpx.TransportError)


def _body(client: httpx.Client, address: str, query: dict[str, str]) -> bytes:
    """The body of a 200. Raises `TryAgain`, `FetchFailed` or an error of httpx."""
    url = str(httpx.URL(address, params=query))
    for _ in range(MOST_REDIRECTS + 1):
        with client.stream("GET", url) as answer:
            if answer.has_redirect_location:
                url = _same_host(url, answer.headers["location"])
                continue
            if answer.status_code in RETRIED:
                raise TryAgain(
                    f"answers {answer.status_code}", retry_after(answer.headers.get("retry-after"))
                )
            if answer.status_code != 200:
                raise FetchFailed(f"{_host(url)} answers {answer.status_code} to {url[:200]}.")
            return _read(answer, url)
    raise FetchFailed(f"{_host(url)} redirects more than {MOST_REDIRECTS} times.")


def _read(answer: httpx.Response, url: str) -> bytes:
    """The whole body, unless it is enormous or dribbles in for ever."""
    started = time.monotonic()
    chunks: list[bytes] = []
    size = 0
    for chunk in answer.iter_bytes():
        size += len(chunk)
        if size > MOST_BYTES:
            raise FetchFailed(f"{_host(url)} answers with more than {MOST_BYTES:,} bytes.")
        if time.monotonic() - started > 3 * settings.FETCH_TIMEOUT:
            raise TryAgain("takes too long to answer")
        chunks.append(chunk)
    return b"".join(chunks)


def _list_in(body: bytes) -> list[Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        start = body[:200].lstrip().lower()
        kind = "a web page" if start.startswith((b"<!doctype", b"<html")) else "broken JSON"
        raise TryAgain(f"answers with {kind} instead of a list of papers") from None
    if not isinstance(data, list):
        raise TryAgain("answers with JSON that is no list of papers")
    return data


def retry_after(value: str | None) -> float | None:
    """Seconds to wait, from seconds or an HTTP date (RFC 9110, 10.2.3); None for anything else."""
    if not value:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
    return max(0.0, (at - dt.datetime.now(dt.UTC)).total_seconds())


def _same_host(url: str, location: str) -> str:
    """Where a redirect leads. Raises `FetchFailed` when that is another host."""
    target = urljoin(url, location)
    here, there = urlsplit(url), urlsplit(target)
    upgraded = (here.scheme, there.scheme) == ("http", "https") and here.hostname == there.hostname
    if (here.scheme, here.netloc) != (there.scheme, there.netloc) and not upgraded:
        raise FetchFailed(f"{here.netloc} redirects to another host, {there.netloc[:100]}.")
    return target


def _host(url: str) -> str:
    return f"Hugging Face ({urlsplit(url).netloc})"


def _who_asks() -> str:
    """The User-Agent, in the characters that a header takes."""
    who = texts.plain(f"{settings.SITE_NAME} (+{settings.SITE_URL})")
    return who.encode("ascii", "replace").decode()


def _said(error: Exception) -> str:
    """What went wrong on the wire, in words."""
    if isinstance(error, httpx.TimeoutException):
        return f"did not answer within {settings.FETCH_TIMEOUT} seconds"
    if isinstance(error, httpx.ConnectError):
        return "cannot be reached"
    return f"broke off its answer ({type(error).__name__})"


def _key(item: Any) -> str:
    """What makes an item the same as one that an earlier page had."""
    paper = item.get("paper") if isinstance(item, dict) else None
    known = paper.get("id") if isinstance(paper, dict) else None
    return known if isinstance(known, str) else repr(item)[:500]


def _shown_authors(authors: Any) -> list[Any]:
    """The names of the authors who are not hidden."""
    if not isinstance(authors, list):
        return []
    return [a.get("name") for a in authors if isinstance(a, dict) and a.get("hidden") is not True]


def _called(thing: Any, *keys: str) -> Any:
    """The first of the names that a person or an organisation has."""
    if not isinstance(thing, dict):
        return None
    return next((thing[key] for key in keys if thing.get(key)), None)
