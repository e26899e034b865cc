"""The sample that ships with Broadsheet: a hundred real papers of several fields, for machines
without a network.

Sixty are of machine learning; the others of biology, medicine, physics, chemistry, mathematics and
economics, with abstracts that their licenses let us ship, and counts where somebody counted. Its
five days stand for Monday to Friday of every week, so that any five feature days in a row
show all of it, and the same day always shows the same papers.
"""

import datetime as dt
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from papers.sources.base import PaperSource
from papers.sources.record import Draft
from papers.sources.settings import SourceSettings

PATH = Path(__file__).resolve().parent.parent / "data" / "sample.json"


class Sample(PaperSource[SourceSettings]):
    """Reads `papers/data/sample.json`."""

    kind = "sample"
    label = "Sample that ships with Broadsheet"
    is_sample = True

    def items(self, day: dt.date) -> list[dict[str, Any]]:
        """Twenty papers on a weekday, none on a weekend."""
        return [paper for paper in _papers() if paper["day"] == day.isoweekday()]

    def draft(self, item: Any) -> Draft:
        """The sample's own words for a record."""
        return Draft(
            id=item["id"],
            title=item["title"],
            abstract=item["summary"],
            summary=item["tldr"],
            authors=item["authors"],
            organization=item["organization"],
            categories=item["categories"],
            published_on=item["published"],
            code_url=item["code_url"],
            project_url=item["project_url"],
            upvotes=item["upvotes"],
            comments=item["comments"],
            stars=item["stars"],
            submitted_by=item["submitted_by"],
            kind=item.get("kind", "article"),
            venue=item.get("venue", ""),
            license=item.get("license", ""),
        )


@lru_cache(maxsize=1)
def _papers() -> list[dict[str, Any]]:
    papers: list[dict[str, Any]] = json.loads(PATH.read_text(encoding="utf-8"))["papers"]
    return papers
