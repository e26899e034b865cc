"""Hugging Face Daily Papers: what the community submitted and voted on, day by day.

`GET /api/daily_papers?date=YYYY-MM-DD&p=0&limit=100` answers with a list of items. An item holds
a `paper`, and repeats some of its facts with differences: the item's `publishedAt` is hours off,
its `summary` the same, and only the item has `numComments`. What an older answer lacks is simply
not there, so every field is looked for and none is relied on but the identifier and the title.
"""

import datetime as dt
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from django.conf import settings

from papers.sources import http
from papers.sources.base import PaperSource
from papers.sources.record import BadRecord, Draft
from papers.sources.settings import SourceSettings, setting

logger = logging.getLogger(__name__)

PAGE = 100
"""Items asked for at a time; the service gives no more."""

MOST_PAGES = 20
"""A day has had up to about a hundred papers."""


@dataclass(frozen=True, slots=True)
class HuggingFaceSettings(SourceSettings):
    """Which server is asked."""

    address: str = setting(
        "",
        "The server that lists the papers, such as https://huggingface.co. Leave empty to use "
        "HUGGINGFACE_URL.",
        is_address=True,
    )


class HuggingFace(PaperSource[HuggingFaceSettings]):
    """Reads the Daily Papers at the row's address, or else at `HUGGINGFACE_URL`."""

    kind = "huggingface"
    label = "Hugging Face Daily Papers"
    Settings = HuggingFaceSettings

    def items(self, day: dt.date) -> Iterator[Any]:
        """All pages of a day; ends at the first that is short or brings nothing new."""
        seen: set[str] = set()
        is_guarded = bool(self.settings.address)  # an editor's; the operator's may be our own
        with http.client("application/json", is_guarded=is_guarded) as client:
            for page in range(MOST_PAGES):
                query = {"date": day.isoformat(), "p": str(page), "limit": str(PAGE)}
                items = self._get(client, query)
                fresh = [item for item in items if _key(item) not in seen]
                seen.update(map(_key, fresh))
                yield from fresh
                if len(items) < PAGE or not fresh:
                    return
        logger.warning("stopped paging", extra={"source": self.name, "pages": MOST_PAGES})

    def draft(self, item: Any) -> Draft:
        """The facts of the nested paper, and those that only the item has."""
        if not isinstance(item, dict) or not isinstance(item.get("paper"), dict):
            raise BadRecord("it contains no paper")
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

    def _get(self, client: httpx.Client, query: dict[str, str]) -> list[Any]:
        """The list that a page answers with, asked for up to FETCH_ATTEMPTS times."""
        return http.ask(
            client,
            self.name,
            f"{(self.settings.address or settings.HUGGINGFACE_URL).rstrip('/')}/api/daily_papers",
            query,
            http.json_list,
            for_what=f"{query['date']}, page {query['p']}",
        )


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
