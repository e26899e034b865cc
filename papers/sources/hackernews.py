"""Hacker News: stories whose link leads to a paper, with their points and comments.

Nobody is asked paper by paper. `GET /api/v1/search_by_date?query=arxiv.org&tags=story&
restrictSearchableAttributes=url&numericFilters=created_at_i>…` (https://hn.algolia.com/api)
answers with the newest stories whose address holds a word, at most 1,000 in all, so each host where
papers are read takes a request or two, and the links are joined with stored works here. A story
begins with one point, its submitter's own, which is no attention. Several stories of one work are
added up.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.conf import settings

from papers.identifiers import in_link
from papers.sources import http
from papers.sources.base import Sighting
from papers.sources.last_answer import wait
from papers.sources.loose import as_count, as_dict
from papers.sources.observing import ObservingSettings, ObservingSource
from papers.sources.settings import setting

HOSTS = (
    "arxiv.org",
    "huggingface.co",
    "biorxiv.org",
    "medrxiv.org",
    "doi.org",
    "openreview.net",
    "nature.com",
    "science.org",
    "pnas.org",
    "pubmed.ncbi.nlm.nih.gov",
)

PAGE = 1_000
"""Stories in one answer: as many as the service gives in all."""

MOST_POINTS = 1_000_000
"""More than any story had."""

PAUSE = 1.0
"""Seconds between two requests; an hour's limit of 10,000 is far away."""


@dataclass(frozen=True, slots=True)
class HackerNewsSettings(ObservingSettings):
    """Where papers are read, and for how long stories are followed."""

    hosts: tuple[str, ...] = setting(
        HOSTS,
        "Hosts that stories lead to, one per line. Each takes one request in a round.",
        label="Hosts",
        is_required=True,
        most=40,
    )
    days: int = setting(14, "Stories of so many days are followed.", label="Days", least=1, most=60)


class HackerNews(ObservingSource[HackerNewsSettings]):
    """Observes points and comments."""

    kind = "hackernews"
    label = "Hacker News: points and comments of papers listed by others"
    Settings = HackerNewsSettings

    def sightings(self) -> Iterator[Sighting]:
        """The stories of each host, the newest first."""
        since = int((self.now - dt.timedelta(days=self.settings.days)).timestamp())
        with http.client("application/json") as client:
            for number, host in enumerate(self.settings.hosts):
                if number:
                    wait(PAUSE)
                self.spend()
                for hit in self._stories(client, host, since):
                    sighting = _seen(as_dict(hit), host)
                    if sighting is None:
                        self.left_out["stories that lead to no paper"] += 1
                    else:
                        yield sighting

    def _stories(self, client: httpx.Client, host: str, since: int) -> list[Any]:
        found = http.ask(
            client,
            self.name,
            f"{settings.HACKER_NEWS_URL}/api/v1/search_by_date",
            {
                "query": host,
                "restrictSearchableAttributes": "url",
                "tags": "story",
                "numericFilters": f"created_at_i>{since}",
                "hitsPerPage": str(PAGE),
            },
            _hits,
            for_what=f"stories that lead to {host}",
        )
        if len(found) >= PAGE:
            self.notes.append(f"There are more stories that lead to {host} than can be had.")
        return found


def _hits(body: bytes) -> list[Any]:
    hits = http.json_object(body).get("hits")
    if not isinstance(hits, list):
        raise http.TryAgain("answers without stories")
    return hits


def _seen(hit: dict[str, Any], host: str) -> Sighting | None:
    """What a story says of a paper; None for one that leads to none."""
    link = hit.get("url")
    if not isinstance(link, str):
        return None
    name = name_in(link)
    if not name or not _leads_to(link, host):
        return None
    comments = hit.get("num_comments")
    return Sighting(
        name,
        upvotes=max(min(as_count(hit.get("points")), MOST_POINTS) - 1, 0),
        comments=min(as_count(comments), MOST_POINTS) if comments is not None else None,
    )


def name_in(link: str) -> str:
    """The identifier of the work that a link leads to; empty for none."""
    try:
        parts = urlsplit(link)
        host, path = (parts.hostname or "").removeprefix("www."), parts.path
    except ValueError:
        return ""
    if host == "nature.com" and path.startswith("/articles/"):
        # Nature's addresses hold the end of the DOI alone.
        link = f"https://doi.org/10.1038/{path.removeprefix('/articles/').split('/')[0]}"
        link = link.removesuffix(".pdf")
    return in_link(link)


def _leads_to(link: str, host: str) -> bool:
    """Whether a link is of the host that was asked for, so that no story is counted twice."""
    found = (urlsplit(link).hostname or "").lower()  # it was parted before
    return found == host or found.endswith(f".{host}")
