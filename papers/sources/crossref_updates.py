"""Crossref, asked every day what became of papers that others listed: retracted, or corrected.

The notice itself may be registered by another journal, or by one that no row asks for; the work
says in `updated-by` what became of it. Relations, licenses and dates come along.

A feed of Elsevier's names its items by PII alone. Crossref knows the DOI of a PII, so such a paper
gets its DOI here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.db.models.functions import Coalesce

from papers.models import PaperName
from papers.sources import crossref, feed_names
from papers.sources.facts import FactsSettings, FactsSource
from papers.sources.record import Draft
from papers.sources.settings import setting

ARXIV_DOI = "doi:10.48550/"
"""How arXiv's DOIs begin, which Crossref does not know."""


@dataclass(frozen=True, slots=True)
class CrossrefUpdatesSettings(FactsSettings):
    """For how long: a retraction comes late."""

    days: int = setting(
        365,
        "Look up papers listed in this many days, new ones first, each once a day.",
        label="Days to look back",
        least=1,
        most=2_000,
    )


class CrossrefUpdates(FactsSource[CrossrefUpdatesSettings]):
    """Looks works up by DOI, many in a request."""

    kind = "crossref-updates"
    label = "Crossref: retractions and corrections of papers listed by others"
    Settings = CrossrefUpdatesSettings
    acknowledgment = "Retractions and corrections from Crossref."

    most_asked = 40

    def asked_as(self, identifier: str) -> str:
        """The DOI, or else the PII in a link; arXiv's DOIs are not Crossref's. A filter cannot hold
        a comma.
        """
        scheme, _, name = identifier.partition(":")
        if scheme == "feed":
            return feed_names.pii_in(name)
        return name if scheme == "doi" and "," not in name else ""

    def names_of(self, papers: Sequence[tuple[int, str]]) -> Mapping[int, Sequence[str]]:
        """Every DOI that the work has or that somebody says is its article's: a preprint's article
        is retracted under its own. What is found there is kept under that name, and is the
        preprint's only where the two are one work.
        """
        keys = [key for key, _ in papers]
        names: dict[int, dict[str, None]] = {key: {name: None} for key, name in papers}
        claimed = PaperName.objects.filter(
            Q(paper__in=keys) | Q(paper__merged_into__in=keys), identifier__startswith="doi:"
        ).order_by("identifier")
        works = claimed.annotate(work=Coalesce("paper__merged_into_id", "paper_id"))
        for work, name in works.values_list("work", "identifier"):
            if work in names and not name.startswith(ARXIV_DOI):
                names[work][name] = None
        return {key: list(mine) for key, mine in names.items()}

    def look_up(self, asked: Sequence[str]) -> Mapping[str, Draft]:
        """The works of these DOIs and PIIs: a request for each sort."""
        dois = [name for name in asked if name.startswith("10.")]
        piis = [name for name in asked if not name.startswith("10.")]
        found: dict[str, Draft] = {}
        if dois:
            found |= crossref.known_works(dois, self.name)
        if piis:
            found |= crossref.works_of_publisher(piis, self.name)
        return found
