"""Who owns which fact: a paper's row, worked out from everything that sources said of it.

Every source's last word is kept (`SourceRecord`), and the row is a pure function of these words,
so the same records give the same row in whatever order they came, and the same again changes
nothing. For each fact the written order is:

- an editor's words stand above all;
- title and date: the publisher's, that is, an article's record from a service that publishers
  report to (`PUBLISHERS`); then `SOURCE_ORDER`;
- abstract: the fullest; one that may be shown whole stands before one that is little longer;
- authors: the longest list, of two as long the one that knows more of each author;
- venue and the article's name: from an article's record alone, the publisher's first;
- categories: all that any source gives, arXiv's first; the primary one of the first source leads;
- status: retracted if any record says so; withdrawn if all names of the work that are not an
  article's are; corrected if any record says so;
- citations: the highest count that a service gives, for each knows a part of the literature;
- everything else: the first in `SOURCE_ORDER` that says something.

What a withdrawn version says in place of its title and abstract counts only where nothing else was
ever said.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, Final

from papers.fields import field_of
from papers.identifiers import rank_of
from papers.models import Paper
from papers.sources.record import Author, PaperRecord
from papers.text.folding import folded

PUBLISHERS: Final = ("crossref", "pubmed", "europepmc")
"""Kinds of sources that repeat what publishers deposit."""

SOURCE_ORDER: Final = (
    *PUBLISHERS,
    "openreview",
    "biorxiv",
    "medrxiv",
    "arxiv",
    "datacite",
    "huggingface",
    "feed",
    "semantic",
    "openalex",
    "pushed",
    "file",
    "byhand",
    "sample",
    "community",
)
"""Kinds of sources, or how their names begin, the most trusted first; others come after these, and
what was known before records were kept comes last."""

FIELDS: Final = (
    "title",
    "abstract",
    "summary",
    "authors",
    "author_records",
    "organization",
    "categories",
    "field",
    "keywords",
    "published_on",
    "code_url",
    "project_url",
    "thumbnail_url",
    "kind",
    "venue",
    "published_as",
    "license",
    "abstract_share",
    "free_url",
    "citations",
    "status",
)
"""The columns of a paper that are worked out here."""

FREE_LICENSES: Final = ("cc0", "cc-by")
"""Licenses under which an abstract may be shown whole, by themselves or with terms that the site
keeps: it shows abstracts unchanged and names where they are from."""

NEARLY_AS_LONG: Final = 0.8
MOST_CATEGORIES: Final = 30
TITLE_WORDS: Final = 5
"""Words of the shortest title that says by itself which work it is."""

ARTICLES: Final = frozenset({"article", "proceedings"})
NO_WORKS: Final = frozenset({"review", "correction", "retraction"})
"""Kinds of records that are about a work and never one and the same as it."""

_GREEK: Final = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
    *("lambda", "mu", "nu", "xi", "omicron", "pi", "rho", "sigma", "sigma", "tau", "upsilon"),
    *("phi", "chi", "psi", "omega"),
)
_LETTERS: Final = str.maketrans(
    {chr(ord("\N{GREEK SMALL LETTER ALPHA}") + at): name for at, name in enumerate(_GREEK)}
    | {"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
    | {"\N{INCREMENT}": "delta", "\N{GREEK PHI SYMBOL}": "phi", "\N{GREEK THETA SYMBOL}": "theta"}
    | {"\N{GREEK LUNATE EPSILON SYMBOL}": "epsilon"}
)
"""Letters that Unicode takes for no accented ones, and Greek letters, as others write them."""

_REGISTERED: Final = re.compile(
    r"[\[(]\s*(?:version \d+|v\d+|preprint|peer review)\b[^\])]{0,200}[\])]", re.IGNORECASE
)
"""What registers add to titles: "(Preprint)", "[version 2; peer review: 1 approved]"."""

_GROUP_WORDS: Final = frozenset(
    {"collaboration", "collaborations", "consortium", "for", "group", "team", "the"}
    | {"collaborators", "investigators", "network", "of", "on", "behalf", "study"}
)


@dataclass(frozen=True, slots=True)
class Said:
    """One stored record, as much of it as the rules need."""

    identifier: str
    source_kind: str
    """Empty for what was known before records were kept."""
    source_name: str
    version: int
    facts: Mapping[str, Any]
    share: str = ""
    """What the row of the source says of abstracts; empty: by their license."""
    about: str = ""
    digest: str = ""

    @property
    def order(self) -> tuple[Any, ...]:
        """By which records are sorted, the most trusted first; never in an order of chance."""
        is_article = self.source_kind in PUBLISHERS and self.facts.get("kind") in ARTICLES
        return (
            self.is_notice,
            not is_article,
            _rank(self.source_kind),
            rank_of(self.identifier),
            -self.version,
            self.source_name,
            self.digest,
        )

    @property
    def is_notice(self) -> bool:
        """Whether it says that the work was withdrawn, instead of what it is."""
        return self.facts.get("status") == "withdrawn"


def _rank(kind: str) -> int:
    if not kind:
        return len(SOURCE_ORDER) + 1
    places = (at for at, known in enumerate(SOURCE_ORDER) if kind.startswith(known))
    return next(places, len(SOURCE_ORDER))


def as_facts(record: PaperRecord) -> dict[str, Any]:
    """What is stored of a record: its facts as JSON, without what is empty."""
    facts: dict[str, Any] = {
        "title": record.title,
        "abstract": record.abstract,
        "summary": record.summary,
        "authors": [author.as_json() for author in record.authors],
        "organization": record.organization,
        "categories": list(record.categories),
        "keywords": list(record.keywords),
        "published_on": record.published_on.isoformat() if record.published_on else "",
        "code_url": record.code_url,
        "project_url": record.project_url,
        "thumbnail_url": record.thumbnail_url,
        "kind": record.kind,
        "venue": record.venue,
        "issns": list(record.issns),
        "license": record.license,
        "free_url": record.free_url,
        "citations": record.citations,
        "cites": list(record.cites),
        "status": record.status,
        "names": list(record.names),
        "relations": [[relation.kind, relation.identifier] for relation in record.relations],
    }
    return {name: value for name, value in facts.items() if value}


def facts_of_row(paper: Paper) -> dict[str, Any]:
    """A row that older versions wrote, or something else than a source, as if a source said it."""
    facts: dict[str, Any] = {
        "title": paper.title,
        "abstract": paper.abstract,
        "summary": paper.summary,
        "authors": paper.author_records or [{"name": str(name)} for name in paper.authors],
        "organization": paper.organization,
        "categories": list(paper.categories),
        "keywords": list(paper.keywords),
        "published_on": paper.published_on.isoformat() if paper.published_on else "",
        "code_url": paper.code_url,
        "project_url": paper.project_url,
        "thumbnail_url": paper.thumbnail_url,
    }
    return {name: value for name, value in facts.items() if value}


def digest_of(facts: Mapping[str, Any]) -> str:
    """Of the facts, in 32 characters: equal for equal facts."""
    text = json.dumps(facts, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def folded_title(title: str) -> str:
    """A title without case, accents, punctuation, and what registers put before or behind it. An
    ampersand is "and", and a Greek letter its name, for many sources spell them out.
    """
    bare = _REGISTERED.sub(" ", title).replace("&", " and ")
    words = folded(unicodedata.normalize("NFKC", bare).casefold().translate(_LETTERS)).split()
    while words and words[0] in {"withdrawn", "retracted", "retraction"} and len(words) > 1:
        words = words[1:]
    return " ".join(words)


def solid(folded_title: str) -> str:
    """A folded title without its spaces: "on-line", "on line" and "online" are one word."""
    return folded_title.replace(" ", "")


def title_key(title: str, authors: Iterable[Any] = ()) -> str:
    """A digest of the folded title, by which papers of one title are found. One that is too short
    to tell works apart has the family names of all `authors` beside it; without any it is empty.
    """
    folded = folded_title(title)
    text = solid(folded)
    if len(folded.split()) < TITLE_WORDS:
        families = sorted(families_of(authors))
        if not families or not text:
            return ""
        text = "|".join((text, *families))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def families_of(authors: Iterable[Any]) -> set[str]:
    """The last words of the authors' family names, folded; of groups, where there is no person,
    what they are called.
    """
    known = [Author.from_json(author) for author in authors]
    people = [author for author in known if not author.is_group]
    if not people:
        return {name for group in known if (name := _group_name(group.name))}
    return {words[-1] for one in people if (words := _folded_name(one.family_name).split())}


def full_names_of(authors: Iterable[Any]) -> set[str]:
    """Names of people with two words or more that are not initials, folded, the words in the order
    of the alphabet; and what groups are called.
    """
    names = set()
    for author in map(Author.from_json, authors):
        if author.is_group:
            names.add(_group_name(author.name))
            continue
        words = _folded_name(author.name).split()
        if len(words) > 1 and all(len(word) > 1 for word in words):
            names.add(" ".join(sorted(words)))
    return names - {""}


def _folded_name(name: str) -> str:
    return folded(name.casefold().translate(_LETTERS))


def _group_name(name: str) -> str:
    words = _folded_name(name).split()
    return " ".join(word for word in words if word not in _GROUP_WORDS) or " ".join(words)


def compose(
    said: Sequence[Said], own: str = "", edited: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The columns `FIELDS` of the paper whose identifier is `own`, from all that was `said` of it
    and of its aliases. Nothing where nothing was said that has a title.
    """
    ordered = sorted((one for one in said if not one.about), key=lambda one: one.order)
    if not ordered:
        return {}
    abstract, owner = _abstract(ordered)
    authors = max(
        (one.facts.get("authors", []) for one in ordered),
        key=lambda listed: (len(listed), len(json.dumps(listed))),
    )
    article = next(
        (one for one in ordered if one.facts.get("venue") and one.facts.get("kind") in ARTICLES),
        None,
    )
    published = _first(ordered, "published_on")
    row: dict[str, Any] = {
        "title": _first(ordered, "title") or "",
        "abstract": abstract,
        "summary": _first(ordered, "summary") or "",
        "authors": [str(author.get("name", "")) for author in authors],
        "author_records": authors or None,
        "organization": _first(ordered, "organization") or "",
        "categories": _categories(ordered),
        "keywords": _first(ordered, "keywords") or [],
        "published_on": date.fromisoformat(published) if published else None,
        "code_url": _first(ordered, "code_url") or "",
        "project_url": _first(ordered, "project_url") or "",
        "thumbnail_url": _first(ordered, "thumbnail_url") or "",
        "kind": _first(ordered, "kind") or "",
        "venue": article.facts["venue"] if article else "",
        "published_as": article.identifier if article and article.identifier != own else "",
        "license": owner.facts.get("license", "") if owner else "",
        "abstract_share": share_of(owner) if owner else "",
        "free_url": _first(ordered, "free_url") or "",
        "citations": max((one.facts.get("citations", 0) for one in ordered), default=0) or None,
        "status": _status(said),
    }
    for name, value in (edited or {}).items():
        if name in row:
            row[name] = date.fromisoformat(value) if name == "published_on" and value else value
            if name == "authors":
                row["author_records"] = [{"name": name} for name in value] or None
    row["field"] = field_of(row["categories"])
    return row


def share_of(one: Said) -> str:
    """How much of the abstract of a record may be shown: what the row of its source says, or else
    all of arXiv's (whose metadata is CC0) and of works under CC0 or CC BY, otherwise an excerpt.
    """
    if one.share:
        return one.share
    is_free = one.facts.get("license", "") in FREE_LICENSES
    is_ours = one.source_kind in {"", "sample"}  # what was stored before was shown whole
    if is_free or is_ours or one.identifier.startswith("arxiv:"):
        return Paper.AbstractShare.ALL.value
    return Paper.AbstractShare.EXCERPT.value


def _first(ordered: Sequence[Said], name: str) -> Any:
    return next((one.facts[name] for one in ordered if one.facts.get(name)), None)


def _abstract(ordered: Sequence[Said]) -> tuple[str, Said | None]:
    with_one = [one for one in ordered if one.facts.get("abstract")]
    told = [one for one in with_one if not one.is_notice] or with_one
    if not told:
        return "", None
    longest = max(len(one.facts["abstract"]) for one in told)

    def worth(one: Said) -> tuple[bool, int]:
        length = len(one.facts["abstract"])
        is_shown = share_of(one) == Paper.AbstractShare.ALL.value
        return is_shown and length >= NEARLY_AS_LONG * longest, length

    best = max(told, key=worth)  # the first of those that are worth the same
    return best.facts["abstract"], best


def _categories(ordered: Sequence[Said]) -> list[str]:
    found = [name for one in ordered for name in one.facts.get("categories", ())]
    # arXiv's have no scheme. The sort is stable: the order within a scheme is that of the sources.
    return sorted(dict.fromkeys(found), key=lambda name: ":" in name)[:MOST_CATEGORIES]


def _status(said: Sequence[Said]) -> str:
    newest: list[Said] = []
    ordered = sorted(said, key=lambda one: (*_by_name(one), one.version, one.digest))
    for _, same in groupby(ordered, _by_name):
        newest.append(list(same)[-1])
    states = {one.facts.get("status", "") for one in newest}
    if "retracted" in states:
        return "retracted"
    withdrawn = {one.identifier for one in newest if one.facts.get("status") == "withdrawn"}
    standing = {
        one.identifier
        for one in newest
        if not one.about
        and one.identifier not in withdrawn
        and one.source_kind in PUBLISHERS
        and one.facts.get("kind") in ARTICLES
    }
    if withdrawn and not standing:
        return "withdrawn"
    return "corrected" if "corrected" in states else ""


def _by_name(one: Said) -> tuple[str, str, str]:
    return one.identifier, one.source_kind, one.source_name
