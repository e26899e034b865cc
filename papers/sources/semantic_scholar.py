"""Semantic Scholar: further names and free copies of papers that others list.

`POST /graph/v1/paper/batch?fields=…` with `{"ids": ["ARXIV:…", "DOI:…"]}` answers with a list in
the order of the ids, `null` for those that it does not know
(https://api.semanticscholar.org/api-docs/graph). Without a key all clients share one allowance,
and 429 is the usual answer; with one it takes a request in a second.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from papers.sources import http, polite
from papers.sources.base import FetchFailed
from papers.sources.facts import FactsSettings, FactsSource
from papers.sources.record import Author, Draft
from papers.sources.settings import setting
from papers.text import markup

FIELDS = (
    "title,abstract,authors,externalIds,citationCount,isOpenAccess,openAccessPdf,publicationDate,"
    "venue,journal,publicationTypes"
)

DOOR = polite.Door("Semantic Scholar", "papers.s2", least=60, longest=3600, pause=1.1)

SCHEMES = {"arxiv": "ARXIV", "doi": "DOI", "pubmed": "PMID", "pmcid": "PMCID", "s2": "CorpusId"}
NAMES = {
    "ArXiv": "arxiv:{}",
    "DOI": "doi:{}",
    "PubMed": "pubmed:{}",
    "PubMedCentral": "pmcid:PMC{}",
    "CorpusId": "s2:{}",
}


@dataclass(frozen=True, slots=True)
class SemanticScholarSettings(FactsSettings):
    """With which key."""

    api_key: str = setting(
        "",
        "Without a Semantic Scholar key, most requests are refused.",
        label="Key",
        most=100,
    )


class SemanticScholar(FactsSource[SemanticScholarSettings]):
    """Looks papers up by whatever name they have here."""

    kind = "semantic-scholar"
    label = "Semantic Scholar: facts about papers listed by others"
    Settings = SemanticScholarSettings
    acknowledgment = "Free copies of papers from Semantic Scholar."

    most_asked = 200
    most_requests = 10
    pause = 1.1

    def asked_as(self, identifier: str) -> str:
        """The identifier in the service's spelling."""
        scheme, _, name = identifier.partition(":")
        prefix = SCHEMES.get(scheme)
        return (
            f"{prefix}:{name.removeprefix('PMC') if scheme == 'pmcid' else name}" if prefix else ""
        )

    def look_up(self, asked: Sequence[str]) -> Mapping[str, Draft]:
        """The papers of these names, each at its place in the answer."""
        headers = {"x-api-key": self.settings.api_key} if self.settings.api_key else None
        with http.client("application/json") as client:
            try:
                papers = polite.ask(
                    DOOR,
                    client,
                    self.name,
                    f"{settings.SEMANTIC_SCHOLAR_URL}/graph/v1/paper/batch",
                    {"fields": FIELDS},
                    _papers,
                    for_what=f"{len(asked)} papers",
                    json={"ids": list(asked)},
                    headers=headers,
                )
            except http.Refused as error:
                if error.status in {401, 403}:
                    raise FetchFailed(f"{self.name} rejects our key.") from error
                if error.status in {400, 404}:  # no paper of these is known
                    return {}
                raise
        if len(papers) != len(asked):
            raise FetchFailed(
                f"{self.name} returned {len(papers)} papers for {len(asked)} identifiers."
            )
        return {
            name: draft_of(paper)
            for name, paper in zip(asked, papers, strict=True)
            if isinstance(paper, dict)
        }


def _papers(body: bytes) -> list[Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        kind = "a web page" if http.is_web_page(body) else "broken JSON"
        raise http.TryAgain(f"answers with {kind} instead of papers") from None
    if not isinstance(data, list):
        raise http.TryAgain("answers with JSON that isn't a list of papers")
    return data


def draft_of(paper: Mapping[str, Any]) -> Draft:
    """What is said of a paper; most fields may be missing or null."""
    free = paper.get("openAccessPdf")
    kinds = paper.get("publicationTypes")
    journal = paper.get("journal")
    journal_name = journal.get("name") if isinstance(journal, dict) else None
    is_free = paper.get("isOpenAccess") is True and isinstance(free, dict)
    return Draft(
        title=markup.plain(paper.get("title")),
        abstract=markup.plain(paper.get("abstract")),
        authors=list(_authors(paper.get("authors"))),
        published_on=paper.get("publicationDate"),
        names=list(_names(paper.get("externalIds"))),
        kind=_kind(kinds if isinstance(kinds, list) else []),
        venue=journal_name or paper.get("venue"),
        citations=paper.get("citationCount"),
        free_url=free.get("url") or "" if is_free and isinstance(free, dict) else "",
    )


def _names(ids: Any) -> Iterator[str]:
    for key, pattern in NAMES.items():
        value = ids.get(key) if isinstance(ids, dict) else None
        if isinstance(value, str | int) and str(value).strip():
            yield pattern.format(str(value).strip())


def _authors(listed: Any) -> Iterator[Author]:
    for one in listed if isinstance(listed, list) else ():
        name = markup.plain(one.get("name")) if isinstance(one, dict) else ""
        if name:
            number = one.get("authorId")
            yield Author(name, ids=(("s2", number),) if isinstance(number, str) else ())


def _kind(kinds: Sequence[Any]) -> str:
    if "JournalArticle" in kinds:
        return "article"
    return "proceedings" if "Conference" in kinds else "other"
