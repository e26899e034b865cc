"""What an author's name tells: a group or a person, and which part is the family name.

How a string of many names is split is its source's to say: `papers.sources.author_strings`.
"""

import re

_GROUP = re.compile(
    r"\b(?:collaborations?|consorti(?:um|a)|working group|study group|group|team|initiative|"
    r"network|committee|investigators|project|society|association|task force|alliance|"
    r"foundation|program(?:me)?|trialists|survey|experiment)\b",
    re.IGNORECASE,
)
_SUFFIX = re.compile(r"(?:Jr|Sr|II|III|IV|V|PhD|Ph\.D|MD|M\.D)\.?", re.IGNORECASE)
PARTICLES = frozenset(
    {"al", "af", "av", "bin", "da", "dal", "de", "del", "della", "den", "der", "des", "di", "do"}
    | {"dos", "du", "el", "ibn", "la", "le", "san", "st", "st.", "ten", "ter", "van", "vande"}
    | {"vander", "vom", "von", "zu", "zum", "zur"}
)


def is_group_name(name: str) -> bool:
    """Whether the words of a name are those of a collaboration and not of a person."""
    return bool(_GROUP.search(name)) and len(name.split()) > 1


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
    while at > 1 and words[at - 1].lower() in PARTICLES:
        at -= 1
    return " ".join(words[at:]), " ".join(words[:at])
