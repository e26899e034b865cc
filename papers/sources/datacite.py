"""DataCite, asked for single DOIs that Crossref does not know: arXiv's, Zenodo's and many others.

`GET /dois/<doi>` answers with JSON:API. It lists no day for us: what it has is mostly datasets and
software, and its preprints are listed by their servers themselves.
"""

import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from django.conf import settings

from papers.sources import headings, http, licenses, polite
from papers.sources.last_answer import contact, wait
from papers.sources.loose import as_list, as_text, dicts_in
from papers.sources.record import (
    HAS_VERSION,
    IS_IDENTICAL_TO,
    IS_PART_OF,
    IS_PREPRINT_OF,
    IS_REVIEW_OF,
    IS_SUPPLEMENT_TO,
    IS_TRANSLATION_OF,
    IS_VERSION_OF,
    NOT_LISTED,
    Affiliation,
    Author,
    BadRecord,
    Draft,
    PaperRecord,
    Relation,
)
from papers.text import markup

logger = logging.getLogger(__name__)

NAME = "DataCite"

DOOR = polite.Door(NAME, "papers.datacite", least=60, longest=3600, pause=0.4)

MOST_BYTES = 5_000_000
"""Of one record; some hold thousands of related identifiers."""

PAUSE = 0.4
"""Seconds between two questions: 1,000 in five minutes are free to who says who asks."""

KINDS = {
    "Preprint": "preprint",
    "JournalArticle": "article",
    "ConferencePaper": "proceedings",
    "ConferenceProceeding": "proceedings",
    "PeerReview": "review",
    "DataPaper": "article",
}

NO_PAPERS = frozenset(
    {"Audiovisual", "Award", "Collection", "ComputationalNotebook", "Dataset", "Event", "Image"}
    | {"Instrument", "InteractiveResource", "Model", "PeerReview", "PhysicalObject", "Project"}
    | {"Service", "Software", "Sound", "Workflow"}
)

RELATIONS = {
    "IsPreprintOf": IS_PREPRINT_OF,
    "IsVersionOf": IS_VERSION_OF,
    "IsNewVersionOf": IS_VERSION_OF,
    "IsVariantFormOf": IS_VERSION_OF,
    "IsPreviousVersionOf": HAS_VERSION,
    "IsObsoletedBy": HAS_VERSION,
    "HasVersion": HAS_VERSION,
    "IsOriginalFormOf": HAS_VERSION,
    "IsIdenticalTo": IS_IDENTICAL_TO,
    "IsReviewOf": IS_REVIEW_OF,
    "Reviews": IS_REVIEW_OF,
    "IsSupplementTo": IS_SUPPLEMENT_TO,
    "IsTranslationOf": IS_TRANSLATION_OF,
    "IsPartOf": IS_PART_OF,
}

_ORCID = re.compile(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]")
_UNKNOWN = re.compile(r"\(?:(?:unav|unkn|unas|null|tba|none|unal|unap)\)?", re.IGNORECASE)
_DAYS = ("Available", "Issued", "Submitted", "Created")


def lookup(dois: Sequence[str]) -> dict[str, PaperRecord]:
    """What DataCite knows of DOIs, by the DOIs asked for; one that it does not know, or that names
    no paper, is left out. Raises `FetchFailed` where it cannot be asked at present.
    """
    found = {}
    with http.client("application/vnd.api+json, application/json") as client:
        for number, doi in enumerate(dois):
            if number:
                wait(PAUSE)
            try:
                attributes = polite.ask(
                    DOOR,
                    client,
                    NAME,
                    f"{settings.DATACITE_URL}/dois/{quote(doi, safe='/')}",
                    {"mailto": contact()} if contact() else {},
                    _attributes,
                    for_what=doi[:100],
                    most_bytes=MOST_BYTES,
                )
            except http.Refused as error:
                if error.status in {404, 410}:
                    continue
                raise
            try:
                record = draft_of(attributes).clean()
            except (BadRecord, TypeError, ValueError, AttributeError, LookupError):
                continue
            if not headings.no_paper(record.title):
                found[doi] = replace(record, listing=NOT_LISTED)
    return found


def _attributes(body: bytes) -> Mapping[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        kind = "a web page" if http.is_web_page(body) else "broken JSON"
        raise http.TryAgain(f"answers with {kind} instead of a record") from None
    item = data.get("data") if isinstance(data, dict) else None
    attributes = item.get("attributes") if isinstance(item, dict) else None
    if not isinstance(attributes, dict):
        raise http.TryAgain("answers with JSON without a record")
    return attributes


def draft_of(attributes: Mapping[str, Any]) -> Draft:
    """What a record says. Raises `BadRecord` for a dataset, software and the like."""
    types = attributes.get("types")
    general = as_text(types.get("resourceTypeGeneral")) if isinstance(types, dict) else ""
    if general in NO_PAPERS:
        raise BadRecord(f"it isn't a paper, but of type {general}")
    doi = as_text(attributes.get("doi")).strip().lower()
    title, status = headings.unmarked(_title(attributes))
    license_id = next(filter(None, map(_license, dicts_in(attributes.get("rightsList")))), "")
    related = list(dicts_in(attributes.get("relatedIdentifiers")))
    return Draft(
        id=f"doi:{doi}" if doi else None,
        title=title,
        abstract=_abstract(attributes),
        authors=[
            author for one in dicts_in(attributes.get("creators")) if (author := _author(one))
        ],
        categories=list(_categories(attributes)),
        keywords=list(_keywords(attributes)),
        published_on=_published_on(attributes),
        names=[
            f"arxiv:{as_text(one.get('identifier') or one.get('alternateIdentifier'))}"
            for key in ("identifiers", "alternateIdentifiers")
            for one in dicts_in(attributes.get(key))
            if "arxiv" in {as_text(value).lower() for value in one.values()}
        ],
        relations=list(_relations(related)),
        kind=KINDS.get(general, "other"),
        venue=_venue(attributes),
        license=license_id,
        free_url=f"https://doi.org/{quote(doi, safe='/')}" if licenses.is_open(license_id) else "",
        status=status,
    )


def _title(attributes: Mapping[str, Any]) -> str:
    """The first title that is no subtitle and no translation."""
    for one in dicts_in(attributes.get("titles")):
        title = markup.plain(one.get("title"))
        if title and not one.get("titleType"):
            return title
    return ""


def _abstract(attributes: Mapping[str, Any]) -> str:
    for one in dicts_in(attributes.get("descriptions")):
        if one.get("descriptionType") == "Abstract" and markup.plain(one.get("description")):
            return markup.plain(one.get("description"))
    return ""


def _author(one: Mapping[str, Any]) -> Author | None:
    """A person or an organization; None for an entry that says that nobody knows."""
    family, given = (markup.plain(one.get(key)).strip() for key in ("familyName", "givenName"))
    name = markup.plain(one.get("name")).strip() or f"{given} {family}".strip()
    is_group = one.get("nameType") == "Organizational"
    if not name or _UNKNOWN.fullmatch(name):
        return None
    if not is_group and not (family and given) and name.count(",") == 1:
        family, given = (part.strip() for part in name.split(","))
    orcids = (
        _ORCID.search(as_text(known.get("nameIdentifier")).upper())
        for known in dicts_in(one.get("nameIdentifiers"))
    )
    orcid = next(filter(None, orcids), None)
    return Author(
        name=f"{given} {family}" if family and given and not is_group else name,
        family="" if is_group else family,
        given="" if is_group else given,
        orcid=orcid[0] if orcid else "",
        affiliations=tuple(_affiliations(one)),
        is_group=is_group,
    )


def _affiliations(one: Mapping[str, Any]) -> Iterator[Affiliation]:
    """Names, or objects with a name and a ROR."""
    for at in as_list(one.get("affiliation")):
        if isinstance(at, str) and at.strip():
            yield Affiliation(markup.plain(at))
        elif isinstance(at, dict) and markup.plain(at.get("name")):
            is_ror = as_text(at.get("affiliationIdentifierScheme")).upper() == "ROR"
            ror = as_text(at.get("affiliationIdentifier")) if is_ror else ""
            yield Affiliation(markup.plain(at.get("name")), ror)


def _categories(attributes: Mapping[str, Any]) -> Iterator[str]:
    """arXiv's categories, out of "Digital Libraries (cs.DL)"."""
    for one in dicts_in(attributes.get("subjects")):
        found = re.search(r"\(([a-zA-Z.-]{2,20})\)$", as_text(one.get("subject")))
        if one.get("subjectScheme") == "arXiv" and found:
            yield found[1]


def _keywords(attributes: Mapping[str, Any]) -> Iterator[str]:
    for one in dicts_in(attributes.get("subjects")):
        subject = markup.plain(one.get("subject"))
        if subject and not one.get("subjectScheme") and not subject.startswith("FOS:"):
            yield subject


def _published_on(attributes: Mapping[str, Any]) -> str | None:
    """A day, by the first kind of date that gives one."""
    dates = list(dicts_in(attributes.get("dates")))
    for kind in _DAYS:
        for one in dates:
            said = as_text(one.get("date"))
            if one.get("dateType") == kind and re.match(r"\d{4}-\d{2}-\d{2}", said):
                return said[:10]
    return None


def _relations(related: Iterable[Mapping[str, Any]]) -> Iterator[Relation]:
    for one in related:
        kind = RELATIONS.get(as_text(one.get("relationType")))
        scheme = as_text(one.get("relatedIdentifierType")).lower()
        value = as_text(one.get("relatedIdentifier")).strip()
        if kind and scheme in {"doi", "arxiv"} and value:
            value = re.sub(
                r"^(?:https?://(?:dx\.)?doi\.org/|(?:doi|arxiv):)", "", value, flags=re.I
            )
            yield Relation(kind, f"{scheme}:{value}")


def _venue(attributes: Mapping[str, Any]) -> str:
    container = attributes.get("container")
    named = markup.plain(container.get("title")) if isinstance(container, dict) else ""
    publisher = attributes.get("publisher")
    if isinstance(publisher, dict):
        publisher = publisher.get("name")
    return named or markup.plain(publisher)


def _license(rights: Mapping[str, Any]) -> str:
    for key in ("rightsIdentifier", "rightsUri", "rights"):
        found = licenses.short(rights.get(key))
        if found:
            return found
    return ""
