"""How a paper is cited: the line of authors, BibTeX, and the description for search engines."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from papers.identifiers import scheme_of
from papers.models import Paper
from papers.text.person_names import is_group_name, parts_of

SHOWN_FIRST, SHOWN_LAST = 3, 2
"""How many authors of a long list a byline names, from its beginning and from its end."""

_TEX = {character: f"\\{character}" for character in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def byline(authors: Sequence[Any], count: int | None = None) -> str:
    """The authors on one line, such as "A, B, C … Y, Z (12 authors)" where they are many; in the
    active language. `count` is how many they are, where `authors` does not name them all.
    """
    names = [str(name) for name in authors]
    count = max(count or 0, len(names))
    if count <= min(len(names), SHOWN_FIRST + SHOWN_LAST):
        return ", ".join(names)
    first = min(SHOWN_FIRST, max(len(names) - 1, 1))
    return gettext("%(first)s … %(last)s (%(number)s authors)") % {
        "first": ", ".join(names[:first]),
        "last": ", ".join(names[first:][-SHOWN_LAST:]),
        "number": count,
    }


def bibtex(paper: Paper, suffix: str = "") -> str:
    """The paper as a BibTeX entry: an article with its journal and DOI, or a preprint in the form
    that arXiv recommends; `suffix` ends its key.
    """
    year = _year(paper)
    fields = {
        "title": f"{{{_escaped(paper.title)}}}",
        "author": " and ".join(_bibtex_name(one) for one in _names(paper)),
        "year": year,
    }
    kind = "misc"
    if paper.scheme != "arxiv":
        kind = "article" if paper.venue else "misc"
        doi = paper.identifier if paper.scheme == "doi" else paper.published_as
        fields |= {
            "journal": _escaped(paper.venue),
            "doi": doi.removeprefix("doi:") if doi.startswith("doi:") else "",
            "url": paper.abstract_url,
        }
    else:
        fields |= {
            "eprint": paper.local_id,
            "archivePrefix": "arXiv",
            "primaryClass": _escaped(str(paper.categories[0])) if paper.categories else "",
            "url": paper.abstract_url,
        }
    lines = [f"  {name:<13} = {{{value}}}" for name, value in fields.items() if value]
    entry = (kind, _key(paper, year) + suffix, ",\n".join(lines))
    return "@%s{%s,\n%s\n}" % entry  # noqa: UP031  # braces


def bibtex_file(papers: Iterable[Paper]) -> str:
    """The papers as a BibTeX file. No key stands there twice: the second gets the suffix -2."""
    seen: Counter[str] = Counter()
    entries = []
    for paper in papers:
        key = _key(paper, _year(paper))
        seen[key] += 1
        entries.append(bibtex(paper, f"-{seen[key]}" if seen[key] > 1 else ""))
    return "\n".join(entries)


def ris_file(papers: Iterable[Paper]) -> str:
    """The papers as an RIS file, an empty line between two."""
    return "\r\n".join(ris(paper) for paper in papers)


def csl(paper: Paper) -> dict[str, Any]:
    """The paper as an item of CSL-JSON, which citation processors and Zotero read:
    https://github.com/citation-style-language/schema
    """
    published = paper.published_on
    item: dict[str, Any] = {
        "id": paper.identifier,
        "type": "article",  # what CSL calls a preprint
        "title": " ".join(paper.title.split()),
        "author": [_csl_name(one) for one in _names(paper)],
        "number": paper.identifier,
        "URL": paper.abstract_url,
    }
    if published:
        item["issued"] = {"date-parts": [[published.year, published.month, published.day]]}
    if paper.scheme == "arxiv":
        item["publisher"] = "arXiv"
    if paper.scheme == "doi":
        item |= {"DOI": paper.local_id, "container-title": paper.venue}
        item["type"] = "article-journal" if paper.venue else "article"
    if paper.shown_abstract:
        item["abstract"] = paper.shown_abstract
    return {name: value for name, value in item.items() if value}


@dataclass(frozen=True, slots=True)
class _Name:
    """An author's name, whose parts are empty for a group and for one that has none."""

    printed: str
    family: str = ""
    given: str = ""
    is_group: bool = False
    is_parted: bool = False
    """The source parted it; else the parts are a guess."""


def _names(paper: Paper) -> list[_Name]:
    """The names of all authors, in their order."""
    return [_name(one) for one in paper.author_records or paper.authors]


def _name(known: Any) -> _Name:
    record = known if isinstance(known, dict) else {"name": str(known)}
    fields = ("name", "family", "given")
    printed, family, given = (" ".join(str(record.get(one) or "").split()) for one in fields)
    if family:
        return _Name(printed or f"{given} {family}".strip(), family, given, is_parted=True)
    if record.get("is_group") or is_group_name(printed):
        return _Name(printed, is_group=True)
    family, given = parts_of(printed)
    return _Name(printed, family, given) if given else _Name(printed)


def _bibtex_name(name: _Name) -> str:
    """Such as "de Lange, A."; a group in braces, for BibTeX would take it for a person."""
    if name.is_group:
        return f"{{{_escaped(name.printed)}}}"
    if name.is_parted and name.given:
        return f"{_escaped(name.family)}, {_escaped(name.given)}"
    return _escaped(name.printed)


def _csl_name(name: _Name) -> dict[str, str]:
    if not name.given:
        return {"literal": name.printed}
    return {"family": name.family, "given": name.given}


def _year(paper: Paper) -> str:
    return str(paper.published_on.year) if paper.published_on else ""


def ris(paper: Paper) -> str:
    """The paper in the RIS format of reference managers: tags of two letters, CRLF after lines."""
    published = paper.published_on
    scheme = scheme_of(paper.identifier)
    tag = scheme.ris_tag if scheme else "M1"
    fields = [
        ("TY", "JOUR" if paper.venue and not paper.published_as else "UNPB"),
        ("TI", paper.title),
        *(("AU", _last_name_first(one)) for one in _names(paper)),
        ("PY", str(published.year) if published else ""),
        ("DA", f"{published:%Y/%m/%d}/" if published else ""),
        ("JO", paper.venue if not paper.published_as else ""),
        (tag, paper.local_id if tag == "DO" else paper.identifier),
        ("UR", paper.abstract_url),
    ]
    lines = [f"{tag}  - {' '.join(value.split())}" for tag, value in fields if value]
    return "\r\n".join([*lines, "ER  - ", ""])


def json_ld(paper: Paper, address: str) -> dict[str, Any]:
    """The paper as a schema.org ScholarlyArticle; `address` is its page on this site."""
    about: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "ScholarlyArticle",
        "headline": paper.title,
        "url": address,
        "sameAs": paper.abstract_url,
        "identifier": paper.identifier,
        "author": [{"@type": "Person", "name": str(name)} for name in paper.authors],
    }
    if paper.shown_abstract:
        about["abstract"] = paper.shown_abstract
    if paper.published_on:
        about["datePublished"] = paper.published_on.isoformat()
    if paper.keywords:
        about["keywords"] = [str(word) for word in paper.keywords]
    return about


def _escaped(text: str) -> str:
    return "".join(_TEX.get(character, character) for character in " ".join(text.split()))


def _last_name_first(name: _Name) -> str:
    """Such as "Adams, Alice B."; a group, or a name of one word, stays as it is."""
    return f"{name.family}, {name.given}" if name.given else name.printed


def _key(paper: Paper, year: str) -> str:
    """Such as `qin2026granularity`: last name, year, first telling word of the title."""
    first = _names(paper)[:1]
    name = (first[0].family or first[0].printed).split()[-1:] if first else []
    words = [word for word in re.split(r"\W+", _ascii(paper.title)) if len(word) > 3]
    key = _ascii("".join(name)) + year + "".join(words[:1]).lower()
    return re.sub(r"[^a-z0-9]", "", key.lower())[:60] or re.sub(r"\W", "", paper.identifier)


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
