"""What a work of Crossref says of itself, as the draft of a record.

https://www.crossref.org/documentation/retrieve-metadata/rest-api/ has the fields, all of which may
be missing or odd. How works are asked for is in `papers.sources.crossref`.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from papers.sources import headings, licenses
from papers.sources.base import FetchFailed
from papers.sources.loose import as_list, as_text, dicts_in, first_dict, first_text
from papers.sources.record import (
    HAS_PREPRINT,
    HAS_VERSION,
    IS_COMMENT_ON,
    IS_IDENTICAL_TO,
    IS_PART_OF,
    IS_PREPRINT_OF,
    IS_RETRACTED_BY,
    IS_REVIEW_OF,
    IS_SUPPLEMENT_TO,
    IS_TRANSLATION_OF,
    IS_VERSION_OF,
    Affiliation,
    Author,
    Draft,
    Relation,
)
from papers.text import markup

OLDEST = dt.timedelta(days=180)
"""How long ago, or how far ahead, a new work was published."""


KINDS = {
    "journal-article": "article",
    "proceedings-article": "proceedings",
    "posted-content": "preprint",
    "peer-review": "review",
}
"""What we call types of works; all others are "other"."""

RELATIONS = {
    "is-preprint-of": IS_PREPRINT_OF,
    "has-preprint": HAS_PREPRINT,
    "is-version-of": IS_VERSION_OF,
    "has-version": HAS_VERSION,
    "is-identical-to": IS_IDENTICAL_TO,
    "is-same-as": IS_IDENTICAL_TO,
    "is-manuscript-of": IS_PREPRINT_OF,
    "has-manuscript": HAS_PREPRINT,
    "is-review-of": IS_REVIEW_OF,
    "is-comment-on": IS_COMMENT_ON,
    "is-reply-to": IS_COMMENT_ON,
    "is-supplement-to": IS_SUPPLEMENT_TO,
    "is-translation-of": IS_TRANSLATION_OF,
    "is-part-of": IS_PART_OF,
}

STATUSES = {
    "retraction": "retracted",
    "withdrawal": "withdrawn",
    "removal": "withdrawn",
    "correction": "corrected",
    "corrigendum": "corrected",
    "erratum": "corrected",
    "partial_retraction": "corrected",
}
"""What an update means for the work that it updates; other updates mean nothing to readers."""

WORSE = ("corrected", "withdrawn", "retracted")
"""Of two statuses the later one counts."""

_ISSN = re.compile(r"(\d{4})-?(\d{3}[\dXx])")
_ORCID = re.compile(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]")
_PREPRINTS = frozenset({"", "preprint", "working_paper"})


def draft_of(work: Mapping[str, Any]) -> Draft:
    """What a work says of itself, as a record that is listed as any other."""
    title, marked = headings.unmarked(_title(work))
    license_id = _license(work)
    doi = as_text(work.get("DOI")).strip().lower()
    status = marked
    for update in [*dicts_in(work.get("updated-by")), *_updates_in_place(work)]:
        status = worse(status, STATUSES.get(_update_type(update), ""))
    created = created_on(work)
    return Draft(
        id=f"doi:{doi}" if doi else None,
        title=title,
        abstract=markup.plain(work.get("abstract")),
        authors=[author for one in dicts_in(work.get("author")) if (author := _author(one))],
        organization=as_text(work.get("publisher")),
        categories=[*_group(work), *(f"issn:{one}" for one in _issns(work))],
        keywords=[markup.plain(one) for one in as_list(work.get("subject"))],
        published_on=_published_on(work),
        relations=list(_relations(work)),
        kind=KINDS.get(as_text(work.get("type")), "other"),
        venue=_venue(work),
        issns=_issns(work),
        license=license_id,
        free_url=_page(work, doi) if licenses.is_open(license_id) else "",
        status=status,
        source_day=created,
    )


def issn(said: str) -> str:
    """An ISSN as Crossref has it. Raises `FetchFailed` where it is none, by its check digit."""
    found = _ISSN.fullmatch(said.strip())
    if found:
        digits = (found[1] + found[2]).upper()
        values = [10 if sign == "X" else int(sign) for sign in digits]
        if sum(value * (8 - at) for at, value in enumerate(values)) % 11 == 0:
            return f"{digits[:4]}-{digits[4:]}"
    raise FetchFailed(
        f"{said[:40]!r} isn't an ISSN such as 1476-4687. You'll find it on the journal's site."
    )


def worse(one: str, other: str) -> str:
    """The status of two that weighs more."""
    return max(one, other, key=lambda status: WORSE.index(status) if status in WORSE else -1)


def _title(work: Mapping[str, Any]) -> str:
    """The title with its subtitle; of several titles the first, the others are translations."""
    title = markup.plain(first_text(work.get("title")))
    subtitle = markup.plain(first_text(work.get("subtitle")))
    if title and subtitle and subtitle.casefold() not in title.casefold():
        return f"{title}{' ' if title[-1] in '?!.:' else ': '}{subtitle}"
    return title


def _author(one: Mapping[str, Any]) -> Author | None:
    """A person or a group; None for an entry without a name."""
    family, given, suffix = (
        markup.plain(one.get(key)).strip() for key in ("family", "given", "suffix")
    )
    group = markup.plain(one.get("name")).strip()
    name = " ".join(filter(None, (given, family, suffix))) or group
    if not name:
        return None
    orcid = _ORCID.search(as_text(one.get("ORCID")).upper())
    return Author(
        name=name,
        family=family,
        given=given,
        orcid=orcid[0] if orcid else "",
        affiliations=tuple(
            Affiliation(markup.plain(at.get("name")), _ror(at))
            for at in dicts_in(one.get("affiliation"))
            if markup.plain(at.get("name"))
        ),
        is_group=not family and not given,
    )


def _ror(affiliation: Mapping[str, Any]) -> str:
    for known in dicts_in(affiliation.get("id")):
        if as_text(known.get("id-type")).upper() == "ROR":
            return as_text(known.get("id"))
    return ""


def _issns(work: Mapping[str, Any]) -> list[str]:
    """The ISSNs of the journal, the electronic one first."""
    typed = {
        as_text(one.get("value")): as_text(one.get("type"))
        for one in dicts_in(work.get("issn-type"))
    }
    found = []
    for said in [*typed, *map(as_text, as_list(work.get("ISSN")))]:
        try:
            found.append(issn(said.rpartition("/")[2]))
        except FetchFailed:
            continue
    unique = dict.fromkeys(found)
    return sorted(unique, key=lambda one: typed.get(one) != "electronic")


def _group(work: Mapping[str, Any]) -> list[str]:
    """The subject under which a preprint server posted a work, such as `biorxiv:genomics`."""
    server = as_text(first_dict(work.get("institution")).get("name")).strip().lower()
    subject = " ".join(as_text(work.get("group-title")).lower().split())
    if work.get("type") == "posted-content" and re.fullmatch(r"[a-z]{3,20}", server) and subject:
        return [f"{server}:{subject}"]
    return []


def _venue(work: Mapping[str, Any]) -> str:
    """The journal or the conference, or the server that posted a preprint."""
    named = markup.plain(first_text(work.get("container-title")))
    return named or markup.plain(first_dict(work.get("institution")).get("name"))


def _license(work: Mapping[str, Any]) -> str:
    """The license of the version of record, or else of another version, once it has begun; an open
    one before any other.
    """
    today = dt.datetime.now(dt.UTC).date()
    found = []
    for one in dicts_in(work.get("license")):
        name = licenses.short(one.get("URL"))
        begins = _interval(one.get("start"))
        if name and not (begins and begins[0] > today):
            found.append((not licenses.is_open(name), one.get("content-version") != "vor", name))
    return min(found)[2] if found else ""


def _page(work: Mapping[str, Any], doi: str) -> str:
    """The page of a work whose license is open."""
    resource = work.get("resource")
    primary = resource.get("primary") if isinstance(resource, dict) else None
    address = primary.get("URL") if isinstance(primary, dict) else None
    return as_text(address) or f"https://doi.org/{quote(doi, safe='/')}"


def _relations(work: Mapping[str, Any]) -> Iterator[Relation]:
    related = work.get("relation")
    for name, others in related.items() if isinstance(related, dict) else ():
        kind = RELATIONS.get(name)
        for other in dicts_in(others) if kind else ():
            scheme, value = (
                as_text(other.get("id-type")).lower(),
                as_text(other.get("id")).strip(),
            )
            if kind and scheme in {"doi", "arxiv"} and value:
                yield Relation(kind, f"{scheme}:{value}")
    for doi, _, is_notice in updates_of(work):
        if not is_notice:
            yield Relation(IS_VERSION_OF, f"doi:{doi}")
    for update in dicts_in(work.get("updated-by")):
        notice = as_text(update.get("DOI")).strip().lower()
        if notice and STATUSES.get(_update_type(update)) in {"retracted", "withdrawn"}:
            yield Relation(IS_RETRACTED_BY, f"doi:{notice}")


def updates_of(work: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    """Of each work that this one updates: its DOI, its status now, and whether this one is a mere
    notice of it rather than a new version.
    """
    found = []
    own = as_text(work.get("DOI")).lower()
    for update in dicts_in(work.get("update-to")):
        doi, kind = as_text(update.get("DOI")).strip().lower(), _update_type(update)
        if doi and doi != own:
            found.append((doi, STATUSES.get(kind, ""), kind not in {"new_version", "new_edition"}))
    return found


def _updates_in_place(work: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The updates of a work that names itself, as publishers do who replace the text."""
    own = as_text(work.get("DOI")).lower()
    return (
        one
        for one in dicts_in(work.get("update-to"))
        if own and as_text(one.get("DOI")).lower() == own
    )


def _update_type(update: Mapping[str, Any]) -> str:
    return re.sub(r"[\s-]+", "_", as_text(update.get("type")).strip().lower())


def is_preprint_or_paper(work: Mapping[str, Any]) -> bool:
    """Preprint servers post letters, reports and theses, too."""
    return work.get("type") != "posted-content" or as_text(work.get("subtype")) in _PREPRINTS


# --- Days ------------------------------------------------------------------------------------

_DATES = (
    "published-online",
    "published-print",
    "published-other",
    "posted",
    "published",
    "issued",
)

Interval = tuple[dt.date, dt.date]
"""The first and the last day that a date can mean: a day, a month or a year."""


def _interval(said: Any) -> Interval | None:
    """The days that `{"date-parts": [[2026, 5]]}` can mean; None for what is no date."""
    parts = said.get("date-parts") if isinstance(said, dict) else None
    first = parts[0] if isinstance(parts, list) and parts else None
    if not isinstance(first, list) or not first:
        return None
    try:
        numbers = [int(part) for part in first[:3] if part is not None]
        if len(numbers) == 1:
            return dt.date(numbers[0], 1, 1), dt.date(numbers[0], 12, 31)
        if len(numbers) == 2:
            begins = dt.date(numbers[0], numbers[1], 1)
            ends = (begins + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
            return begins, ends
        day = dt.date(*numbers)
    except (TypeError, ValueError, OverflowError):
        return None
    return day, day


def _earliest(work: Mapping[str, Any]) -> Interval | None:
    """The earliest date of publication, as exactly as it is given anywhere: a year says nothing
    where a day of that year is given, too.
    """
    found = [date for key in _DATES if (date := _interval(work.get(key)))]
    exact = [
        one
        for one in found
        if not any(other != one and one[0] <= other[0] and other[1] <= one[1] for other in found)
    ]
    return min(exact, default=None)


def _published_on(work: Mapping[str, Any]) -> str | None:
    """The day of publication, of a month its first; of a year none."""
    date = _earliest(work)
    if date is None or date[1] - date[0] > dt.timedelta(days=31):
        return None
    return date[0].isoformat()


def is_recent(work: Mapping[str, Any], day: dt.date) -> bool:
    """Whether a work was published not long before or after a day; yes where nobody says when."""
    date = _earliest(work)
    return date is None or (date[1] >= day - OLDEST and date[0] <= day + OLDEST)


def created_on(work: Mapping[str, Any]) -> dt.date | None:
    date = _interval(work.get("created"))
    return date[0] if date else None
