"""Authors whom a source prints as one string, told apart by rules of that source.

Only the source knows whether "Alice, Bob" is one person or two, so there is a function for each way
to print them. Each keeps every author, in order. What
stands in brackets after a name is a collaboration ("for the X collaboration") or an affiliation; a
comma before "Jr." parts nobody.
"""

import re
from collections.abc import Iterator, Sequence

from papers.sources.record import Affiliation, Author
from papers.text.person_names import is_group_name

MOST = 6_000
"""Authors of one paper; the longest lists have about five thousand."""

_OPEN, _CLOSE = "([", ")]"
_HIDDEN = str.maketrans({"\ue000": " ", "\ue001": ";"})
_SUFFIX = re.compile(r"(?:[JS]r\.?|I{2,3}|IV|VI{0,3}|(?:Ph|M)\.?\s?D\.?)", re.IGNORECASE)
_AND = re.compile(r"\s+(?:and|&)\s+|\s*;\s*")
_FOR = re.compile(
    r"^(?:(?:for|on behalf of|representing|and)\s+)+(?:the\s+)?(?P<name>.{2,})$", re.IGNORECASE
)
_BEFORE = re.compile(r"^(?P<name>.+?)\s+(?P<why>(?:for|on behalf of)\s+the\s+.+)$", re.IGNORECASE)
_ET_AL = re.compile(r"^(?:et\.?\s*al\.?|and others|others)$", re.IGNORECASE)
_KEYS = re.compile(r"^[\d\s,;*†‡§and&]+$")
_NUMBERED = re.compile(r"\(\s*(\d{1,4})\s*\)\s*([^()]+)")
_INITIALS = re.compile(r"^(?:[^\W\d_][.-]*\s*){1,6}$")
_INITIALS_ALONE = re.compile(r"(?:[^\W\d_]\.?[\s’'-]*){1,6}")
_GIVEN = re.compile(r"[^\W\d_][\w’'-]*(?:\s+[^\W\d_]\.?)*")
_TITLE = re.compile(r"(?:[JS]r\.?|I{2,3}|IV|(?:Ph|M)\.?\s?D\.?|M\.?Sc\.?|MPH)", re.IGNORECASE)
_NOBODY = re.compile(
    r"(?:et\.?\s*al\.?|and others|\[?no authors?[^,]*|n/?a|unknown|anonymous)", re.I
)


def arxiv(text: str) -> tuple[Author, ...]:
    """The authors in arXiv's string: "Alice Adams (1), Bob Brown (for the X collaboration)".

    Commas and "and" part names where they stand outside of brackets. Numbers in brackets point to
    a list of affiliations at the end, "((1) University of A, (2) Institute B)", if there is one.
    """
    text = " ".join(text.split())
    if text.count("(") != text.count(")"):  # cut, or badly typed: brackets then say nothing
        text = re.sub(r"[()]", " ", text)
    text, places = _numbered_places(text)
    found: list[Author] = []
    groups: list[str] = []
    for part in _parts(text):
        name, notes = _without_brackets(part)
        if found and _SUFFIX.fullmatch(name):
            last = found.pop()
            found.append(_with(last, name=f"{last.name}, {name}"))
            continue
        behalf = _BEFORE.match(name)
        if behalf:
            name = behalf["name"]
            notes.append(behalf["why"])
        if not name or _ET_AL.match(name):
            groups += (group for group in map(_group_of, notes) if group)
            continue
        given_for = _FOR.match(name)
        if given_for and is_group_name(name):
            name = given_for["name"]
        affiliations = [
            place for note in notes for place in _affiliations(note, places) if not _group_of(note)
        ]
        groups += (group for group in map(_group_of, notes) if group)
        is_group = is_group_name(name) and "," not in name
        if is_group:
            name = _article(name)
        found.append(
            Author(
                name=name,
                affiliations=tuple(Affiliation(name=place) for place in affiliations),
                is_group=is_group,
            )
        )
        if len(found) >= MOST:
            break
    known = {author.name.casefold() for author in found}
    for group in dict.fromkeys(groups):
        if group.casefold() not in known:
            found.append(Author(name=group, is_group=True))
    return tuple(found)


def family_first(text: str) -> tuple[Author, ...]:
    """The authors in "Last, F. M.; van der Berg, A.; The X Consortium", as bioRxiv prints them."""
    found: list[Author] = []
    for part in text.split(";")[:MOST]:
        name = " ".join(part.split()).strip(" ,")
        if not name or _ET_AL.match(name):
            continue
        family, comma, given = (piece.strip() for piece in name.partition(","))
        if not comma:
            is_group = is_group_name(name) or (" " in name and not _is_short(name))
            found.append(Author(name=_article(name) if is_group else name, is_group=is_group))
        elif is_group_name(family) and not _INITIALS.match(given):
            found.append(Author(name=name, is_group=True))
        else:
            found.append(Author(name=f"{given} {family}".strip(), family=family, given=given))
    return tuple(found)


def of_any_order(text: str) -> tuple[Author, ...]:
    """The authors in a string of no known order, as feeds print them: "Kaur, M., Shukla, A.",
    "Adams, Alice; Brown, Bob", "A, B and C".
    """
    if ";" in text:
        parts = text.split(";")
    else:
        pieces = _with_suffixes(re.split(r"\s*,\s*|\s+(?:and|&)\s+", text))
        parts = pieces
        if len(pieces) % 2 == 0 and all(_INITIALS_ALONE.fullmatch(one) for one in pieces[1::2]):
            parts = [", ".join(pieces[at : at + 2]) for at in range(0, len(pieces), 2)]
        elif len(pieces) == 2 and text.count(",") == 1 and " and " not in text:
            is_one = _GIVEN.fullmatch(pieces[1]) and len(pieces[0].split()) < 3
            parts = [", ".join(pieces)] if is_one else pieces
    return tuple(filter(None, map(person, parts)))[:MOST]


def _with_suffixes(pieces: Sequence[str]) -> list[str]:
    """ "King, Jr." is one piece; a comma before a suffix or a degree parts nobody."""
    joined: list[str] = []
    for piece in filter(None, (one.strip() for one in pieces)):
        if joined and _TITLE.fullmatch(piece):
            joined[-1] += f" {piece}"
        else:
            joined.append(piece)
    return joined


def person(said: str) -> Author | None:
    """One author: "Adams, Alice", "Alice Adams", or a group; None for nobody."""
    name = re.sub(r"^(?:and|by)\s+", "", " ".join(said.split()).strip(" ,;"), flags=re.IGNORECASE)
    name = re.sub(r"^\S+@\S+\s*\((.+)\)$", r"\1", name)  # an address of RSS 2.0, and who it is
    if not name or "@" in name or _NOBODY.fullmatch(name):
        return None
    family, comma, given = (part.strip() for part in name.partition(","))
    if comma and family and given and "," not in given:
        return Author(name=f"{given} {family}", family=family, given=given)
    return Author(name=name, is_group=is_group_name(name))


def _is_short(name: str) -> bool:
    """Whether it looks like a person's name, rather than a group's, which is a phrase."""
    return len(name.split()) <= 3


def _parts(text: str) -> Iterator[str]:
    """The pieces between commas and "and" that stand outside of brackets."""
    depth, start = 0, 0
    for at, sign in enumerate(text):
        if sign in _OPEN:
            depth += 1
        elif sign in _CLOSE:
            depth = max(0, depth - 1)
        elif sign == "," and depth == 0:
            yield from _AND.split(_open_to(text, start, at))
            start = at + 1
    yield from _AND.split(_open_to(text, start, len(text)))


def _open_to(text: str, start: int, end: int) -> str:
    """A piece whose "and" in brackets does not part anything: those are hidden from `_AND`."""
    piece = text[start:end].strip()
    piece = re.sub(r"^(?:and|&)\s+", "", piece)
    hidden: list[str] = []
    depth = 0
    for sign in piece:
        if sign in _OPEN:
            depth += 1
        elif sign in _CLOSE:
            depth = max(0, depth - 1)
        hidden.append({" ": "\ue000", ";": "\ue001"}.get(sign, sign) if depth else sign)
    return "".join(hidden)


def _without_brackets(part: str) -> tuple[str, list[str]]:
    """A name, and what stands in brackets around it."""
    name: list[str] = []
    notes: list[str] = []
    depth = 0
    for sign in part.translate(_HIDDEN):
        if sign in "(":
            depth += 1
            if depth == 1:
                notes.append("")
                continue
        elif sign in ")" and depth:
            depth -= 1
            if depth == 0:
                continue
        if depth:
            notes[-1] += sign
        else:
            name.append(sign)
    return " ".join("".join(name).split()).strip(" ,;"), [note.strip() for note in notes]


def _numbered_places(text: str) -> tuple[str, dict[str, str]]:
    """The string without a list of numbered affiliations at its end, and that list."""
    start = re.search(r"\(\s*\(\s*1\s*\)", text)
    if start is None:
        return text, {}
    places = {
        number: place.strip(" ,;") for number, place in _NUMBERED.findall(text[start.start() + 1 :])
    }
    return text[: start.start()].strip(" ,"), places


def _affiliations(note: str, places: dict[str, str]) -> list[str]:
    if _KEYS.match(note):
        return [places[key] for key in re.findall(r"\d+", note) if key in places]
    return [note] if len(note) > 1 else []


def _group_of(note: str) -> str:
    """The collaboration that a note names, else nothing."""
    found = _FOR.match(note)
    if found:
        return _article(found["name"])
    return _article(note) if re.search(r"\bcollaboration\b", note, re.IGNORECASE) else ""


def _article(name: str) -> str:
    """The name of a group without "the"."""
    return re.sub(r"^the\s+", "", name.strip(), flags=re.IGNORECASE)


def _with(author: Author, name: str) -> Author:
    return Author(name=name, affiliations=author.affiliations, is_group=author.is_group)
