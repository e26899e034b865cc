"""A reading group's list, as a whole kind of source: what a new one takes is a file like this."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from papers.sources import http
from papers.sources.base import PaperSource
from papers.sources.record import Draft
from papers.sources.settings import SourceSettings, setting


@dataclass(frozen=True, slots=True)
class ReadingListSettings(SourceSettings):
    """Which list, and which of its shelves."""

    address: str = setting(
        "",
        "The list's address, such as https://example.org/list.json.",
        is_required=True,
        is_address=True,
    )
    shelves: tuple[str, ...] = setting((), "Shelves to take, one a line. Empty: all.")


class ReadingList(PaperSource[ReadingListSettings]):
    """Reads the JSON list at the row's address."""

    kind = "reading-list"
    label = "Reading list"
    Settings = ReadingListSettings

    def items(self, day: dt.date) -> Iterable[Any]:
        """What was put on the wanted shelves on the day."""
        with http.client("application/json", is_guarded=True) as client:
            items = http.ask(
                client,
                self.name,
                self.settings.address,
                {"day": day.isoformat()},
                http.json_list,
                for_what=str(day),
            )
        shelves = self.settings.shelves
        return [item for item in items if not shelves or item["shelf"] in shelves]

    def draft(self, item: Any) -> Draft:
        """The list's own words for a record."""
        return Draft(
            id=item["arxiv"],
            title=item["title"],
            abstract=item["about"],
            upvotes=item["readers"],
            submitted_by=item["by"],
        )
