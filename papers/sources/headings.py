"""What a journal prints that is no paper, told by its title.

Journals register and announce all that they print: tables of contents, mastheads, errata, book
reviews. Services give them the type of an article, so their titles are all there is to go by. A
title is told by the whole of it, or by how it begins before a colon: "Contents" is no paper,
"Contents of a cell" is one.
"""

import re

PARATEXT = "tables of contents, covers and the like"
NOTICE = "corrections and retractions"
REVIEW = "reviews"

_WHOLE = re.compile(
    r"""(?:
      (?:journal\s+)?issue\s+(?:information|editorial\s+masthead|publication\s+information)
    | (?:journal\s+|publication\s+)?information(?:\s+for\s+(?:authors|contributors|readers))?
    | (?:instructions|guide|guidelines)\s+(?:to|for)\s+(?:the\s+)?authors
    | (?:front|back|end)\s*-?\s*matter | prelims? | preliminaries | frontispiece
    | (?:table\s+of\s+)?contents(?:\s+(?:list|page|pages))? | toc
    | (?:contents|index)\s+(?:of|to|for)\s+volume\s+\S+
    | (?:(?:inside|outside|full|front|back|issue|journal)\s+)*cover(?:\s+(?:page|image|picture|art
      |story|feature|legend|profile|information))?(?:\s*(?:and|,)\s*\w+\s+cover)?
    | masthead | title\s+pages? | copyright(?:\s+page)? | imprint | impressum | colophon
    | (?:editorial|advisory|international)\s+(?:advisory\s+)?(?:board|committee)(?:\s+members)?
    | graphical\s+(?:abstracts?|contents?(?:\s+list)?)
    | (?:author|subject|keyword|volume|annual|cumulative)s?(?:\s+and\s+\w+)?\s+index | index
    | (?:list\s+of\s+)?(?:reviewers|referees|contributors)(?:\s+(?:list|index|acknowledge?ments?))?
    | (?:list|acknowledge?ments?|thanks|thank\s+you)\s+(?:of|to)\s+(?:our\s+|the\s+)?
      (?:reviewers|referees)
    | publisher['’]?s?\s+note | announcements? | advertisements? | calendar(?:\s+of\s+events)?
    | call\s+for\s+papers | in\s+this\s+issue | this\s+week\s+in\s+\w+ | subscription\s+information
    | corrections? | corrigend(?:um|a) | errat(?:um|a) | retractions? | withdrawals?
    | expression\s+of\s+concern | book\s+reviews? | books?\s+received | obituar(?:y|ies)
    | news(?:\s+in\s+brief)?
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_NOTICE = re.compile(
    r"""(?:(?:author|publisher|editorial)['’]?s?\s+)?
    (?:
      (?:corrigend(?:um|a)|errat(?:um|a)|addend(?:um|a)|retraction\s+no(?:te|tice)
       |retraction\s+and\s+republication|(?:removal|withdrawal)\s+notice
       |(?:editorial\s+)?expression\s+of\s+concern|statement\s+of\s+retraction
       |notice\s+of\s+(?:correction|retraction|withdrawal|removal))
      \s*(?:[:–—(]|\b(?:to|for|of|on|in)\b|[“"'‘]|$)
    | (?:corrections?|retractions?|removal|withdrawal)
      \s*(?:[:–—]|$|(?:\b(?:to|for|of)\b)?\s*[“"'‘:]|\b(?:to|for)\s+[\w’'-]+\s+(?:et\s+al|and\b))
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_REVIEW = re.compile(
    r"""(?:peer\s+review\b|book\s+review\b|(?:public\s+)?review\s*\#\s*\d|reviewer\s*\#?\d
    |referee\s+report|decision\s+letter|author\s+response\s*:|review\s+for\s+[“"])""",
    re.VERBOSE | re.IGNORECASE,
)
_BARE_NOTICE = re.compile(
    r"correction|corrig|errat|retraction|withdrawal|expression", re.IGNORECASE
)
_BARE_REVIEW = re.compile(r"book", re.IGNORECASE)
_MARKED = re.compile(
    r"^\s*[\[(]?(retracted|withdrawn|removed|temporary removal|retracted article)"
    r"(?:\s+article)?\s*(?:[\])]\s*[:–—]?|[:–—]|\s-\s)\s*",
    re.IGNORECASE,
)
_MARKED_BEHIND = re.compile(r"\s*[\[(](retracted|withdrawn)(?:\s+article)?[\])]\s*$", re.IGNORECASE)


def no_paper(title: str) -> str:
    """Why what carries this title is no paper, as one of the reasons above; empty where it may be
    one.
    """
    text = " ".join(title.split()).strip(" .:;*")
    if _NOTICE.match(text):
        return NOTICE
    if _REVIEW.match(text):
        return REVIEW
    if _WHOLE.fullmatch(text) or _cover(text):
        if _BARE_NOTICE.match(text):
            return NOTICE
        return REVIEW if _BARE_REVIEW.match(text) else PARATEXT
    return ""


def _cover(text: str) -> bool:
    """ "Front Cover: what it shows" and the like."""
    before, colon, _ = text.partition(":")
    is_cover = re.fullmatch(
        r"(?:(?:inside|outside|front|back|issue)\s+)*cover(?:\s+(?:picture|image|feature|profile))?"
        r"|graphical abstract|masthead|issue information",
        before.strip(),
        re.IGNORECASE,
    )
    return bool(colon and is_cover)


def unmarked(title: str) -> tuple[str, str]:
    """A title without the word that a publisher set before or behind it, and the status that the
    word means: `("Music education", "retracted")` for "RETRACTED: Music education".
    """
    for marked in (_MARKED, _MARKED_BEHIND):
        found = marked.search(title)
        if found and found.end() - found.start() < len(title):
            rest = f"{title[: found.start()]} {title[found.end() :]}".strip()
            return rest, "retracted" if "retract" in found[1].lower() else "withdrawn"
    return title, ""
