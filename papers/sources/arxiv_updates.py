"""arXiv, asked every day which of the papers that others listed were withdrawn.

Whoever lists arXiv's papers, such as Hugging Face, does not say when their authors withdraw them. A
withdrawn paper stays in arXiv as a version whose comment or abstract says so. OAI-PMH gives the
records that changed on a day, an archive at a time; of these only the papers that are known here
are looked at. The archives are those of the primary categories of the papers that were listed
lately. An archive's day costs one request for each 2,500 changes.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from papers.models import Paper
from papers.sources import arxiv, arxiv_oai, arxiv_taxonomy, http
from papers.sources.base import PaperSource
from papers.sources.record import NOT_LISTED, Draft
from papers.sources.settings import SourceSettings, setting

AHEAD = dt.timedelta(days=7)
"""Papers may be listed on an issue day that is still to come."""

LONGEST_GAP = dt.timedelta(days=14)
"""How far back missed days are made good."""

BATCH = 500
"""Records looked for in one query."""


@dataclass(frozen=True, slots=True)
class ArxivUpdatesSettings(SourceSettings):
    """For how long, and how much in a day."""

    days: int = setting(
        365,
        "Papers listed in so many days are watched.",
        label="Days to look back",
        least=1,
        most=2_000,
    )
    daily_archives: int = setting(
        12,
        "Archives asked for in a day (UTC) at most, those with most of the papers first.",
        label="Archives a day",
        least=1,
        most=60,
    )
    every_minutes: int = setting(
        60, "Minutes between two rounds.", label="Fetched every", least=15, most=24 * 60
    )


class ArxivUpdates(PaperSource[ArxivUpdatesSettings]):
    """Reads the records that changed since they were read last, once a day."""

    kind = "arxiv-updates"
    label = "arXiv: withdrawals of papers listed by others"
    Settings = ArxivUpdatesSettings
    answers_for_past = False
    adds_facts = True
    acknowledgment = "Thank you to arXiv for use of its open access interoperability."

    def items(self, day: dt.date) -> Iterator[arxiv_oai.Harvested]:
        """The papers known here that are withdrawn, among the records that changed since the
        archive was read last. No issue waits for them. A fetch reads one archive; those to come
        have their turn in the next.
        """
        self.is_complete = True
        today = self.now.astimezone(dt.UTC).date()
        if self.state.get("day") != today.isoformat():
            self.state |= {"day": today.isoformat(), "spent": 0}
        kept: dict[str, str] = dict(self.state.get("read", {}))
        waiting = [one for one in self._archives(today) if kept.get(one) != today.isoformat()]
        if not waiting:
            return
        if int(self.state.get("spent", 0)) >= self.settings.daily_archives:
            self.notes.append(f"{len(waiting)} archives have their turn tomorrow.")
            return
        # Who waits for longest comes first, so that a small budget reaches all of them in turn.
        archive = min(waiting, key=lambda one: kept.get(one, ""))
        first = max(_day(kept.get(archive)) or today - dt.timedelta(days=1), today - LONGEST_GAP)
        self.state["spent"] = int(self.state.get("spent", 0)) + 1
        with http.client("text/xml") as client:
            changed = list(
                arxiv_oai.harvest(
                    client,
                    arxiv_taxonomy.archives()[archive].oai_set,
                    first,
                    notes=self.notes,
                    now=self.now,
                )
            )
        for at in range(0, len(changed), BATCH):
            batch = {
                f"arxiv:{arxiv.canonical(one.arxiv_id)}": one for one in changed[at : at + BATCH]
            }
            known = Paper.objects.filter(identifier__in=batch).order_by("identifier")
            for identifier, status in known.values_list("identifier", "status"):
                one = batch[identifier]
                # One that was withdrawn and came back in a later version stands again.
                if status == Paper.Status.WITHDRAWN or _is_withdrawn(one):
                    yield one
        self.state["read"] = kept | {archive: today.isoformat()}

    def draft(self, item: arxiv_oai.Harvested) -> Draft:
        """That the paper is withdrawn; what stands in its place is no abstract."""
        return Draft(
            id=item.arxiv_id,
            title=item.title,
            version=item.versions,
            kind="preprint",
            license=item.license,
            status="withdrawn" if _is_withdrawn(item) else "",
            listing=NOT_LISTED,
        )

    def _archives(self, today: dt.date) -> list[str]:
        """The archives of the papers that are watched, those with most first."""
        watched = Paper.objects.listed_between(
            today - dt.timedelta(days=self.settings.days), today + AHEAD
        ).filter(identifier__startswith="arxiv:")
        counted: Counter[str] = Counter()
        for categories in watched.order_by().values_list("categories", flat=True).iterator():
            archive = str(categories[0]).partition(".")[0] if categories else ""
            if archive in arxiv_taxonomy.archives():
                counted[archive] += 1
        return [archive for archive, _ in counted.most_common()]


def _is_withdrawn(one: arxiv_oai.Harvested) -> bool:
    return arxiv_oai.is_withdrawn(one.abstract, one.comments)


def _day(said: Any) -> dt.date | None:
    try:
        return dt.date.fromisoformat(said)
    except (TypeError, ValueError):
        return None
