"""How a paper is cited: the line of authors, BibTeX, and the description for search engines."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext

from papers.models import Paper

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
    return gettext("%(first)s … %(last)s (%(number)s authors)") % {
        "first": ", ".join(names[:SHOWN_FIRST]),
        "last": ", ".join(names[SHOWN_FIRST:][-SHOWN_LAST:]),
        "number": count,
    }


def bibtex(paper: Paper) -> str:
    """The paper as a BibTeX entry of the form that arXiv recommends."""
    year = str(paper.published_on.year) if paper.published_on else ""
    fields = {
        "title": f"{{{_escaped(paper.title)}}}",
        "author": " and ".join(_escaped(str(name)) for name in paper.authors),
        "year": year,
    }
    if paper.scheme == "arxiv":
        fields |= {
            "eprint": paper.local_id,
            "archivePrefix": "arXiv",
            "primaryClass": _escaped(str(paper.categories[0])) if paper.categories else "",
            "url": paper.abstract_url,
        }
    lines = [f"  {name:<13} = {{{value}}}" for name, value in fields.items() if value]
    return "@misc{%s,\n%s\n}" % (_key(paper, year), ",\n".join(lines))  # noqa: UP031  # braces


def ris(paper: Paper) -> str:
    """The paper in the RIS format of reference managers: tags of two letters, CRLF after lines."""
    published = paper.published_on
    fields = [
        ("TY", "UNPB"),
        ("TI", paper.title),
        *(("AU", _last_name_first(str(name))) for name in paper.authors),
        ("PY", str(published.year) if published else ""),
        ("DA", f"{published:%Y/%m/%d}/" if published else ""),
        ("M1", paper.identifier),
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
    if paper.abstract:
        about["abstract"] = paper.abstract
    if paper.published_on:
        about["datePublished"] = paper.published_on.isoformat()
    if paper.keywords:
        about["keywords"] = [str(word) for word in paper.keywords]
    return about


def _escaped(text: str) -> str:
    return "".join(_TEX.get(character, character) for character in " ".join(text.split()))


def _last_name_first(name: str) -> str:
    """Such as "Adams, Alice B."; a name of one word stays as it is."""
    first, _, last = " ".join(name.split()).rpartition(" ")
    return f"{last}, {first}" if first else last


def _key(paper: Paper, year: str) -> str:
    """Such as `qin2026granularity`: last name, year, first telling word of the title."""
    name = str(paper.authors[0]).split()[-1:] if paper.authors else []
    words = [word for word in re.split(r"\W+", _ascii(paper.title)) if len(word) > 3]
    key = _ascii("".join(name)) + year + "".join(words[:1]).lower()
    return re.sub(r"[^a-z0-9]", "", key.lower())[:60] or re.sub(r"\W", "", paper.identifier)


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
