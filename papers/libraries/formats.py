"""Files of reference managers as entries: BibTeX, RIS, CSL-JSON, in whatever encoding.

Files come from strangers. This runs in a child process with limits (`papers.libraries.sandbox`),
and what is too much is cut before anything reads it.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import rispy
from bibtexparser.entrypoint import parse_string
from bibtexparser.model import Entry as BibEntry

from papers.libraries.entries import MOST_ENTRIES, UNREADABLE, Library
from papers.text import cleaning, latex, markup

MOST_BYTES = 20_000_000
"""Of one file."""

LONGEST_ENTRY = 500_000
"""Characters of one entry: a list of five thousand authors takes half of that."""


class UnknownFormat(ValueError):
    """The file isn't one that can be read. `code` says why: `empty`, `big`, `packed`, `xml`,
    `html`, `other` or `broken`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read(data: bytes) -> Library:
    """What a file holds. Raises `UnknownFormat`."""
    if len(data) > MOST_BYTES:
        raise UnknownFormat("big")
    if data[:4] == b"PK\x03\x04" or data[:2] == b"\x1f\x8b" or data[:3] == b"BZh":
        raise UnknownFormat("packed")
    text = decoded(data).lstrip("\ufeff")
    start = text.lstrip()[:2_000]
    if not start:
        raise UnknownFormat("empty")
    if re.match(r"(?i)<(?:!doctype html|html)", start):
        raise UnknownFormat("html")
    if start.startswith("<"):
        raise UnknownFormat("xml")
    if start[0] in "[{":
        return read_csl(text)
    if re.search(r"(?m)^\s*TY {1,2}-", text):
        return read_ris(text)
    if re.search(r"@\s*\w+\s*[{(]", text):
        return read_bibtex(text)
    raise UnknownFormat("other")


def decoded(data: bytes) -> str:
    """The text of a file: by its byte order mark, as UTF-8, or else as Windows writes it."""
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if data[:200].count(0) > 20:
        is_little = data[1:200:2].count(0) > data[0:200:2].count(0)
        return data.decode("utf-16-le" if is_little else "utf-16-be", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


# --- BibTeX ---------------------------------------------------------------------------------------


def read_bibtex(text: str) -> Library:
    """A BibTeX or biblatex file. A block that can't be parsed costs that block."""
    library = Library()
    for block in _blocks(text, r"(?m)^[ \t]*(?=@\s*\w+\s*[{(])", library):
        parsed = parse_string(block, append_middleware=[])
        for failed in parsed.failed_blocks:
            known = getattr(failed, "ignore_error_block", None)
            if isinstance(known, BibEntry):  # a field or a key that stands twice
                _add_bibtex(library, known)
                continue
            raw = " ".join((failed.raw or "").split())
            library.unrecognized.append((raw[:80], UNREADABLE))
        for entry in parsed.entries:
            _add_bibtex(library, entry)
    return library


def _add_bibtex(library: Library, entry: BibEntry) -> None:
    fields: dict[str, str] = {}
    for one in entry.fields:
        fields.setdefault(one.key.casefold(), str(one.value))
    eprint = fields.get("eprint", "")
    is_arxiv = "arxiv" in fields.get("archiveprefix", fields.get("eprinttype", "arxiv")).casefold()
    pmid = fields.get("pmid", "")
    people = fields.get("author") or fields.get("editor") or ""
    library.add(
        title=_bib_text(fields.get("title", "")),
        ids=(
            *([f"arXiv:{eprint}"] if eprint and is_arxiv else []),
            _plain_id(fields.get("doi", "")),
            *([f"pmid:{pmid}"] if pmid else []),
            _plain_id(fields.get("url", "")),
            *_arxiv_in(fields.get("journal", ""), fields.get("note", ""), fields.get("volume", "")),
            fields.get("isbn", ""),
        ),
        authors=[_bib_name(name) for name in re.split(r"(?i)\s+and\s+", people)[:500]],
        abstract=_bib_text(fields.get("abstract", "")),
        venue=_bib_text(
            fields.get("journal") or fields.get("journaltitle") or fields.get("booktitle") or ""
        ),
        keywords=[_bib_text(word) for word in re.split(r"[,;]", fields.get("keywords", ""))[:30]],
        called=entry.key,
    )


def _bib_text(value: str) -> str:
    bare = latex.readable(value[:LONGEST_ENTRY]) if "\\" in value or "$" in value else value
    return cleaning.plain(re.sub(r"(?<!\\)[{}]", "", bare))


def _bib_name(name: str) -> str:
    whole = name.strip()
    if whole.startswith("{") and whole.endswith("}"):
        return _bib_text(whole)  # a group
    parts = [_bib_text(part) for part in whole.split(",")]
    if whole.casefold() == "others":
        return ""
    if len(parts) == 3:  # "Smith, Jr., John"
        return f"{parts[2]} {parts[0]}, {parts[1]}".strip()
    return " ".join(reversed(parts)).strip() if len(parts) == 2 else " ".join(parts).strip()


def _plain_id(value: str) -> str:
    return value.strip().strip("{}").replace("\\_", "_").replace("{\\_}", "_").replace("\\", "")


def _arxiv_in(*texts: str) -> list[str]:
    return [
        f"arXiv:{found}"
        for text in texts
        for found in re.findall(r"(?i)arxiv[:\s]+([\w.-]*\d[\w.-]*(?:/\d{7})?)", text)[:3]
    ]


# --- RIS ------------------------------------------------------------------------------------------


def read_ris(text: str) -> Library:
    """A RIS file, with the tags that Zotero, Mendeley, EndNote, Embase and others write."""
    library = Library()
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for block in _blocks(text, r"(?m)^(?=\s*TY {1,2}-)", library):
        if not re.match(r"\s*TY {1,2}-", block):
            continue
        if not re.search(r"(?m)^\s*ER {1,2}-", block):
            block += "\nER  - \n"
        block = re.sub(r"(?m)^(\s*[A-Z][A-Z0-9]) -", r"\1  -", block)
        try:
            found = rispy.loads(block, skip_unknown_tags=True, enforce_list_tags=False)
        except (ValueError, OSError, LookupError):
            library.unrecognized.append((" ".join(block.split())[:80], UNREADABLE))
            continue
        for one in found:
            _add_ris(library, one)
    return library


def _add_ris(library: Library, one: Mapping[str, Any]) -> None:
    def first(*names: str) -> str:
        for name in names:
            value = one.get(name)
            value = value[0] if isinstance(value, list) and value else value
            if isinstance(value, str) and value.strip():
                return value
        return ""

    people = one.get("authors") or one.get("first_authors") or one.get("secondary_authors") or []
    library.add(
        title=markup.plain(first("title", "primary_title", "short_title")),
        ids=(
            _plain_id(first("doi")),
            *[_plain_id(str(url)) for url in (one.get("urls") or [])[:5]],
            first("custom7", "accession_number"),
            _first_doi(first("notes", "notes_abstract")[:300]),
            first("issn"),
        ),
        authors=[" ".join(reversed([p.strip() for p in str(n).split(",")][:2])) for n in people],
        abstract=markup.plain(first("abstract", "notes_abstract")),
        venue=markup.plain(first("journal_name", "secondary_title", "alternate_title3")),
        keywords=[str(word) for word in (one.get("keywords") or [])[:30]],
        called=first("id"),
    )


def _first_doi(text: str) -> str:
    found = re.search(r"10\.\d{4,9}/[^\s\"<>]+", text)
    return found.group().rstrip(".,;)") if found else ""


# --- CSL-JSON -------------------------------------------------------------------------------------


def read_csl(text: str) -> Library:
    """CSL-JSON: a list of items, one item, or what holds a list under `items`."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnknownFormat("broken") from error
    if isinstance(data, dict):
        data = data["items"] if isinstance(data.get("items"), list) else [data]
    if not isinstance(data, list):
        raise UnknownFormat("other")
    library = Library()
    for item in data[: MOST_ENTRIES + 1]:
        if not isinstance(item, dict):
            library.unrecognized.append((str(item)[:80], UNREADABLE))
        else:
            _add_csl(library, item)
    library.left_out += max(0, len(data) - MOST_ENTRIES - 1)
    if not library.entries and not any(
        isinstance(item, dict) and ("title" in item or "DOI" in item) for item in data[:50]
    ):
        raise UnknownFormat("other")
    return library


def _add_csl(library: Library, item: Mapping[str, Any]) -> None:
    def text(name: str) -> str:
        value = item.get(name)
        value = value[0] if isinstance(value, list) and value else value
        return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""

    people = item.get("author") or item.get("editor") or []
    pmid = text("PMID")
    library.add(
        title=markup.plain(text("title")),
        ids=(
            text("DOI"),
            *([f"pmid:{pmid}"] if pmid else []),
            text("URL"),
            *_arxiv_in(text("number"), text("note")[:300]),
            text("ISBN"),
        ),
        authors=[_csl_name(one) for one in people[:500]] if isinstance(people, list) else [],
        abstract=markup.plain(text("abstract")),
        venue=markup.plain(text("container-title")),
        keywords=[word.strip() for word in text("keyword").split(",")],
        called=text("id"),
    )


def _csl_name(one: Any) -> str:
    if not isinstance(one, dict):
        return ""
    parts = (
        [one.get("literal")]
        if one.get("literal")
        else [
            one.get("given"),
            one.get("non-dropping-particle"),
            one.get("family"),
            one.get("suffix"),
        ]
    )
    return cleaning.name(" ".join(part for part in parts if isinstance(part, str)))


def _blocks(text: str, before: str, library: Library) -> Iterable[str]:
    """The text in blocks that begin at `before`, no more than are read; the others are counted."""
    starts = [found.start() for found in re.finditer(before, text)]
    library.left_out += max(0, len(starts) - MOST_ENTRIES)
    starts = starts[: MOST_ENTRIES + 1]
    strings = "".join(re.findall(r"(?im)^[ \t]*@string\s*\{[^{}\n]{1,500}\}", text)[:200])
    for at, start in enumerate(starts[:MOST_ENTRIES]):
        end = starts[at + 1] if at + 1 < len(starts) else len(text)
        block = text[start:end]
        if re.match(r"(?i)\s*@(?:string|comment|preamble)\b", block):
            continue
        if len(block) > LONGEST_ENTRY:
            library.unrecognized.append((" ".join(block[:200].split())[:80], UNREADABLE))
            continue
        yield f"{strings}\n{block}" if strings else block


READERS: dict[str, Callable[[str], Library]] = {
    "BibTeX": read_bibtex,
    "RIS": read_ris,
    "CSL-JSON": read_csl,
}
