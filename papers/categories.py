"""Categories as sources give them and as editors write them: `arxiv:q-bio.NC`,
`biorxiv:neuroscience`, `issn:1476-4687`.

A category carries its scheme. arXiv's may stand alone (`cs.CL`), as papers hold them and earlier
versions stored them; both are one. Nothing here reads a database.
"""

import re
from functools import lru_cache

_ARXIV = re.compile(r"[a-z]+(-[a-z]+)?(\.[A-Za-z-]+)?")
_SCHEME = re.compile(r"[a-z][a-z0-9]{1,19}")
_ISSN = re.compile(r"\d{4}-\d{3}[\dX]")


@lru_cache(maxsize=8_192)
def canonical(category: str) -> str:
    """The one spelling by which categories are compared; what is none is returned as it is."""
    text = " ".join(category.split())
    scheme, colon, name = text.partition(":")
    if not colon:
        return f"arxiv:{text}" if _ARXIV.fullmatch(text) else text
    scheme, name = scheme.lower(), name.strip()
    if scheme == "issn":
        name = name.upper()
    elif scheme != "arxiv":
        name = " ".join(name.lower().replace("-", " ").replace("_", " ").split())
    return f"{scheme}:{name}"


def fault(category: str) -> str:
    """What is wrong with a category that an editor wrote, as a sentence; empty for nothing."""
    scheme, colon, name = canonical(category).partition(":")
    if not colon:
        return f"“{category[:40]}” has no scheme; write arxiv:cs.CL or biorxiv:neuroscience."
    if not _SCHEME.fullmatch(scheme) or not name:
        return f"“{category[:40]}” is no category; write its scheme, a colon and its name."
    if scheme == "issn" and not _ISSN.fullmatch(name):
        return f"“{category[:40]}” is no ISSN, which looks like issn:1476-4687."
    return ""
