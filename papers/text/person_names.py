"""Authors' names that a source prints as one string, split by the rules of how they are printed.

A list may stand with semicolons (`Last, F. M.; Other, A.`, as bioRxiv and PubMed print), or with
commas and an "and" (`Alice Adams, Bob Brown and Charlie Clark (for the X collaboration)`, as arXiv
does). A group is told from a person by its words, and what stands in parentheses after a name is
an affiliation or the group that the person speaks for.
"""

import re
from dataclasses import dataclass

_GROUP = re.compile(
    r"\b(?:collaborations?|consorti(?:um|a)|working group|study group|group|team|initiative|"
    r"network|committee|investigators|project|society|association|task force|alliance|"
    r"foundation|program(?:me)?|trialists|survey|experiment)\b",
    re.IGNORECASE,
)
_FOR_THE = re.compile(
    r"^(?:and\s+)?(?:on behalf of|for|from)\s+(?:the\s+)?(?P<name>.+)$|^the\s+(?P<bare>.+)$",
    re.IGNORECASE,
)
_SUFFIX = re.compile(r"(?:Jr|Sr|II|III|IV|V|PhD|Ph\.D|MD|M\.D)\.?", re.IGNORECASE)
_INITIALS = re.compile(r"(?:[^\W\d_]\.?[-\s]?){1,4}")
_PARTICLES = frozenset(
    {"al", "af", "av", "bin", "da", "dal", "de", "del", "della", "den", "der", "des", "di", "do"}
    | {"dos", "du", "el", "ibn", "la", "le", "san", "st", "st.", "ten", "ter", "van", "vande"}
    | {"vander", "vom", "von", "zu", "zum", "zur"}
)
_PARENTHESES = re.compile(
    r"\s*[(\[](?P<inside>[^()\[\]]*(?:[(\[][^()\[\]]*[)\]][^()\[\]]*)*)[)\]]$"
)
_AND = re.compile(r"\s+(?:and|&)\s+", re.IGNORECASE)
_ET_AL = re.compile(r"[\s,;]*\bet\.?\s+al\.?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Split:
    """One author out of a string: the name as it would be printed alone, and its parts."""

    name: str
    family: str = ""
    given: str = ""
    affiliation: str = ""
    is_group: bool = False


def is_group_name(name: str) -> bool:
    """Whether the words of a name are those of a collaboration and not of a person."""
    return bool(_GROUP.search(name)) and len(name.split()) > 1


def split(text: str) -> list[Split]:
    """The authors that a source printed as one string, in its order; nothing for no text."""
    text = _ET_AL.sub("", " ".join(text.split()))
    parts = _top_level(text, ";")
    if len(parts) > 1:
        found = [author for part in parts for author in _one(part, is_inverted=True)]
    else:
        found = [author for part in _by_commas(text) for author in part]
    return list(dict.fromkeys(found))


def parts_of(name: str) -> tuple[str, str]:
    """The family and the given name of a person whose name is printed in the usual order.

    The family name is the last word with the particles before it: "Ludwig van Beethoven" is
    ("van Beethoven", "Ludwig"). A guess, for the comparison of names and for citations; where a
    source parts the names itself, that is used.
    """
    if "," in name:
        family, _, given = (part.strip() for part in name.partition(","))
        return family, given
    words = name.split()
    while len(words) > 2 and _SUFFIX.fullmatch(words[-1]):
        words.pop()
    if len(words) < 2:
        return name.strip(), ""
    at = len(words) - 1
    while at > 1 and words[at - 1].lower() in _PARTICLES:
        at -= 1
    return " ".join(words[at:]), " ".join(words[:at])


def _top_level(text: str, separator: str) -> list[str]:
    """The parts of a text between separators that stand in no parentheses."""
    parts, depth, begin = [], 0, 0
    for at, char in enumerate(text):
        depth = max(0, depth + (char in "([") - (char in ")]"))
        if char == separator and not depth:
            parts.append(text[begin:at])
            begin = at + 1
    parts.append(text[begin:])
    return [part.strip() for part in parts if part.strip()]


def _by_commas(text: str) -> list[list[Split]]:
    parts = _top_level(text, ",")
    inverted = len(parts) >= 2 and len(parts) % 2 == 0
    if inverted and all(_INITIALS.fullmatch(given) for given in parts[1::2]):
        pairs = zip(parts[::2], parts[1::2], strict=True)
        return [_one(f"{family}, {given}", is_inverted=True) for family, given in pairs]
    if len(parts) == 2 and " " not in parts[0] and not _AND.search(text):
        return [_one(text, is_inverted=True)]  # one person, "Adams, Alice"
    joined: list[str] = []
    for part in parts:
        if joined and _SUFFIX.fullmatch(part):
            joined[-1] += f" {part}"
        else:
            joined.append(part)
    return [_one(piece) for part in joined for piece in _and(part)]


def _and(part: str) -> list[str]:
    part = re.sub(r"^(?:and|&)\s+", "", part, flags=re.IGNORECASE)
    pieces = _AND.split(part)
    # "Science and Technology Working Group" is one name, "Alice Adams and Bob Brown" are two.
    if len(pieces) > 1 and is_group_name(part) and not _FOR_THE.match(pieces[-1]):
        return [part]
    return pieces


def _one(part: str, is_inverted: bool = False) -> list[Split]:
    """The author, and the group in parentheses that the author speaks for."""
    part = part.strip(" ,;")
    inside = re.search(
        r"\s*[(\[](?P<inside>[^()\[\]]*(?:[(\[][^()\[\]]*[)\]][^()\[\]]*)*)[)\]]$", part
    )
    after: list[Split] = []
    affiliation = ""
    if inside:
        part, words = part[: inside.start()].strip(" ,;"), inside["inside"].strip()
        group = _group_in(words)
        if group:
            after = [Split(group, is_group=True)]
        else:
            affiliation = words
    if not part:
        return after
    if is_group_name(part):
        return [Split(_group_in(part) or part, is_group=True), *after]
    if is_inverted and "," in part:
        family, _, given = (piece.strip() for piece in part.partition(","))
        name = f"{given} {family}".strip()
        return [Split(name, family, given, affiliation), *after]
    return [Split(part, affiliation=affiliation), *after]


def _group_in(words: str) -> str:
    """The name of the group in "for the X collaboration"; empty where there is none."""
    found = _FOR_THE.match(words)
    name = (found["name"] or found["bare"]) if found else words
    return name.strip() if is_group_name(name) else ""
