"""OpenAlex: institutions, further names, free copies and retractions of papers that others list.

`GET /works?filter=doi:a|b|…` answers with a page of works
(https://docs.openalex.org/api-entities/works). It cannot list a day: works may be filtered by the
day they were created with a paid key only, and publication dates are often wrong for new ones.

Since February 2026 there is a daily budget of credits, about a thousand without a key, of which a
list takes ten. Headers say what is left; when it is used up, it answers 429 and wants to be left
alone for up to fifteen hours.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
from django.conf import settings

from papers.sources import headings, http, polite
from papers.sources.facts import FactsSettings, FactsSource, doi_of
from papers.sources.last_answer import contact
from papers.sources.loose import as_dict, as_text, dicts_in
from papers.sources.record import Affiliation, Author, Draft
from papers.sources.settings import setting
from papers.text import markup

FIELDS = (
    "id,doi,title,ids,publication_date,type,authorships,primary_location,best_oa_location,"
    "open_access,is_retracted,is_paratext,abstract_inverted_index,cited_by_count,"
    "referenced_works"
)

DOOR = polite.Door("OpenAlex", "papers.openalex", least=60, longest=3600, pause=0.2)
"""Ten questions a second are allowed."""

LIST_COSTS = 10
"""Credits that a list of works takes."""

MOST_WORDS = 20_000
"""Words of an abstract; a position beyond that is a mistake."""

KINDS = {"article": "article", "preprint": "preprint", "review": "article", "letter": "article"}


@dataclass(frozen=True, slots=True)
class OpenAlexSettings(FactsSettings):
    """With which key."""

    api_key: str = setting(
        "",
        ("A free OpenAlex key allows about ten times as many requests per day."),
        label="Key",
        most=100,
    )


class OpenAlex(FactsSource[OpenAlexSettings]):
    """Looks works up by DOI."""

    kind = "openalex"
    label = "OpenAlex: facts about papers listed by others"
    Settings = OpenAlexSettings
    acknowledgment = "Institutions and free copies of papers from OpenAlex."

    def asked_as(self, identifier: str) -> str:
        """The DOI, arXiv's as well. A filter cannot hold a comma or a bar."""
        doi = doi_of(identifier)
        return "" if set(",|") & set(doi) else doi

    def look_up(self, asked: Sequence[str]) -> Mapping[str, Draft]:
        """The works of these DOIs."""
        query = {"filter": f"doi:{'|'.join(asked)}", "per-page": "100", "select": FIELDS}
        query |= _identified(self.settings.api_key)
        with http.client("application/json") as client:
            works = polite.ask(
                DOOR,
                client,
                self.name,
                f"{settings.OPENALEX_URL}/works",
                query,
                _works,
                for_what=f"{len(asked)} works",
                on_headers=self._heed,
            )
        found: dict[str, Draft] = {}
        for work in works:
            if isinstance(work, dict) and work.get("is_paratext") is not True:
                draft = draft_of(work)
                if draft.id:
                    found.setdefault(draft.id.removeprefix("doi:"), draft)
        return found

    def _heed(self, headers: httpx.Headers) -> None:
        """Rest where fewer credits are left than the next list takes, until there are new ones."""
        left, reset = headers.get("x-ratelimit-remaining"), headers.get("x-ratelimit-reset")
        if left and left.isdecimal() and int(left[:12]) < LIST_COSTS:
            self.rest(int(reset[:9]) if reset and reset.isdecimal() else 3600)


def lookup(doi: str) -> Draft | None:
    """The work of one DOI, which takes no credits; None where OpenAlex does not know it.

    A work that was merged into another one is answered with a redirect to that. Raises
    `FetchFailed`.
    """
    with http.client("application/json") as client:
        try:
            work = polite.ask(
                DOOR,
                client,
                "OpenAlex",
                f"{settings.OPENALEX_URL}/works/https://doi.org/{quote(doi, safe='/')}",
                {"select": FIELDS} | _identified(""),
                _work,
                for_what=doi[:100],
            )
        except http.Refused as error:
            if error.status in {404, 410}:
                return None
            raise
    return draft_of(work)


def _identified(key: str) -> dict[str, str]:
    found = {"api_key": key} if key else {}
    return found | ({"mailto": contact()} if contact() else {})


def _works(body: bytes) -> list[Any]:
    results = _work(body).get("results")
    if not isinstance(results, list):
        raise http.TryAgain("answers with JSON without works")
    return results


def _work(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        kind = "a web page" if http.is_web_page(body) else "broken JSON"
        raise http.TryAgain(f"answers with {kind} instead of works") from None
    if not isinstance(data, dict):
        raise http.TryAgain("answers with JSON without works")
    return data


def draft_of(work: Mapping[str, Any]) -> Draft:
    """What a work says. Its date is left out where it is the first of a year, which is a guess."""
    doi = re.sub(r"^https?://doi\.org/", "", as_text(work.get("doi")).lower())
    title, marked = headings.unmarked(markup.plain(work.get("title")))
    place, copy = (
        as_dict(work.get("primary_location")),
        as_dict(work.get("best_oa_location")),
    )
    journal = as_dict(place.get("source"))
    access = as_dict(work.get("open_access"))
    published_on = as_text(work.get("publication_date"))
    is_free = access.get("is_oa") is True
    return Draft(
        id=f"doi:{doi}" if doi else None,
        title=title,
        abstract=abstract_of(work.get("abstract_inverted_index")),
        authors=[author for one in dicts_in(work.get("authorships")) if (author := _author(one))],
        published_on="" if published_on.endswith("-01-01") else published_on,
        names=list(_names(work)),
        kind=KINDS.get(as_text(work.get("type")), "other"),
        venue=journal.get("display_name") if journal.get("type") == "journal" else "",
        issns=journal.get("issn") if isinstance(journal.get("issn"), list) else [],
        license=as_text(copy.get("license") or place.get("license")),
        free_url=_free(copy, access) if is_free else "",
        citations=work.get("cited_by_count"),
        cites=work.get("referenced_works"),
        status="retracted" if work.get("is_retracted") is True else marked,
    )


def abstract_of(index: Any) -> str:
    """The text of an inverted index, `{word: [positions]}`; empty for none, or a broken one."""
    if not isinstance(index, dict):
        return ""
    words: dict[int, str] = {}
    for word, places in index.items():
        for place in places if isinstance(places, list) else ():
            if isinstance(place, int) and 0 <= place < MOST_WORDS:
                words[place] = str(word)
    return markup.plain(" ".join(words[place] for place in sorted(words)))


def _names(work: Mapping[str, Any]) -> Iterator[str]:
    ids = as_dict(work.get("ids"))
    number = as_text(work.get("id")).rpartition("/")[2]
    if re.fullmatch(r"W\d{1,13}", number):
        yield f"openalex:{number}"
    for scheme, key, pattern in (("pubmed", "pmid", r"\d{1,9}"), ("pmcid", "pmcid", r"\d{1,9}")):
        found = re.search(rf"({pattern})/?$", as_text(ids.get(key)))
        if found:
            yield f"{scheme}:{'PMC' if scheme == 'pmcid' else ''}{found[1]}"


def _author(one: Mapping[str, Any]) -> Author | None:
    """An author under the name that is printed, with all institutions."""
    person = as_dict(one.get("author"))
    name = markup.plain(one.get("raw_author_name")) or markup.plain(person.get("display_name"))
    if not name or len(name) > 200:  # some records put a whole list of authors into one name
        return None
    if name.count(",") == 1 and ";" not in name:
        name = " ".join(part.strip() for part in reversed(name.split(",")))
    number = as_text(person.get("id")).rpartition("/")[2]
    return Author(
        name=name,
        orcid=as_text(person.get("orcid")),
        ids=(("openalex", number),) if re.fullmatch(r"A\d{1,13}", number) else (),
        affiliations=tuple(
            Affiliation(as_text(at.get("display_name")), as_text(at.get("ror")))
            for at in dicts_in(one.get("institutions"))
            if as_text(at.get("display_name"))
        ),
    )


def _free(copy: Mapping[str, Any], access: Mapping[str, Any]) -> str:
    """Where the free copy is: its PDF, or its page."""
    places = (copy.get("pdf_url"), copy.get("landing_page_url"), access.get("oa_url"))
    return next(filter(None, map(as_text, places)), "")
