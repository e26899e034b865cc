"""Crossref, asked every day what became of papers that others listed: retracted, or corrected.

The notice itself may be registered by another journal, or by one that no row asks for; the work
says in `updated-by` what became of it. Relations, licenses and dates come along.

A feed of Elsevier's names its items by PII alone. Crossref knows the DOI of a PII, so such a paper
gets its DOI here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from papers.sources import crossref, feed_names
from papers.sources.facts import FactsSettings, FactsSource
from papers.sources.record import Draft
from papers.sources.settings import setting


@dataclass(frozen=True, slots=True)
class CrossrefUpdatesSettings(FactsSettings):
    """For how long: a retraction comes late."""

    days: int = setting(
        365,
        "Papers listed in so many days are looked up, new ones first and each once a day.",
        label="Days looked back",
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
