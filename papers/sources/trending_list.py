"""Hugging Face's trending list: which papers it shows, and in which order.

`GET /api/daily_papers?sort=trending&limit=50` answers with items like those of a day. The order is
the service's own, by what the last days brought, and a place in it is stored with its day. A server
that does not know the word `trending` answers with some other list: one that is in order of votes,
of identifiers or of dates says no more than those, and is not taken for a trending list.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from papers.identifiers import UnknownIdentifier, identifier
from papers.sources import http
from papers.sources.base import FetchFailed, Sighting
from papers.sources.loose import as_dict
from papers.sources.observing import ObservingSettings, ObservingSource, is_in_order_of
from papers.sources.settings import setting

LENGTH = 50
"""Places of the list."""


@dataclass(frozen=True, slots=True)
class TrendingListSettings(ObservingSettings):
    """Which server is asked."""

    address: str = setting(
        "",
        "The server that has the list, such as https://huggingface.co. Empty: the one that "
        "HUGGINGFACE_URL names.",
        is_address=True,
    )


class TrendingList(ObservingSource[TrendingListSettings]):
    """Observes places."""

    kind = "hf-trending"
    label = "Hugging Face: the trending list"
    Settings = TrendingListSettings

    def sightings(self) -> Iterator[Sighting]:
        """The places of the list, the first first. Raises `FetchFailed` for one in the order of
        votes or numbers.
        """
        self.spend()
        is_guarded = bool(self.settings.address)
        with http.client("application/json", is_guarded=is_guarded) as client:
            items = http.ask(
                client,
                self.name,
                f"{(self.settings.address or settings.HUGGINGFACE_URL).rstrip('/')}"
                "/api/daily_papers",
                {"sort": "trending", "limit": str(LENGTH)},
                http.json_list,
                for_what="the trending list",
            )
        papers = [as_dict(as_dict(item).get("paper")) for item in items[:LENGTH]]
        if order := order_of(papers):
            raise FetchFailed(f"{self.name} is in order of {order}, so it isn't a trending list.")
        for position, paper in enumerate(papers, 1):
            try:
                name = identifier(str(paper.get("id") or ""))
            except UnknownIdentifier:
                self.left_out["without an identifier"] += 1
                continue
            yield Sighting(name, position=position, length=len(papers))


def order_of(papers: Sequence[dict[str, Any]]) -> str:
    """What a list of papers is in order of, where that is no more than votes or numbers."""
    numbers: dict[str, list[Any]] = {
        "votes": [_count(paper.get("upvotes")) for paper in papers],
        "stars": [_count(paper.get("githubStars")) for paper in papers],
        "identifiers": [str(paper["id"]) if paper.get("id") else None for paper in papers],
        "dates": [_text(paper.get("publishedAt")) for paper in papers],
        "days": [_text(paper.get("submittedOnDailyAt")) for paper in papers],
    }
    return next((name for name, values in numbers.items() if is_in_order_of(values)), "")


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
