"""Paper identifiers: one spelling for one work, whatever form it came in.

arXiv identifiers (https://info.arxiv.org/help/arxiv_identifier.html) come in two schemes,
`2605.13779` since April 2007 and `astro-ph/0601001` before, both with an optional version that
must not become part of the identity, and bare, as links or as DOIs (`10.48550/arXiv.…`).
"""

import re

_NEW = r"\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}"
_OLD = r"[a-z]+(?:-[a-z]+)?(?:\.[A-Z]{2})?/\d{2}(?:0[1-9]|1[0-2])\d{3}"
_ARXIV = re.compile(
    rf"""^\s*
    (?:
        (?:https?://)?(?:www\.|export\.|browse\.)?arxiv\.org/(?:abs|pdf|html|format|ps)/
      | (?:https?://)?(?:www\.)?alphaxiv\.org/(?:abs|pdf)/
      | (?:https?://)?huggingface\.co/papers/
      | (?:https?://)?(?:dx\.)?doi\.org/10\.48550/arxiv\.
      | (?:doi:)?10\.48550/arxiv\.
      | oai:arxiv\.org:
      | arxiv:\s*
    )?
    (?P<id>{_NEW}|{_OLD})
    (?:v\d{{1,3}})?(?:\.pdf)?/?(?:[?\#].*)?
    \s*$""",
    re.VERBOSE | re.IGNORECASE,
)


class UnknownIdentifier(ValueError):
    """The text names no paper in any scheme that we know."""


def arxiv_id(text: str) -> str:
    """The bare arXiv identifier that `text` names, without a version.

    Takes the identifier itself, with or without `arXiv:` and a version, a link to arxiv.org or
    huggingface.co/papers, or an arXiv DOI. Raises `UnknownIdentifier`.
    """
    found = _ARXIV.match(text) if len(text) <= 300 else None
    if found is None:
        raise UnknownIdentifier(
            f"{text[:60]!r} is not an arXiv identifier such as 2605.13779 or astro-ph/0601001."
        )
    name = found["id"]
    if "/" not in name:
        return name
    archive, _, number = name.partition("/")
    archive, dot, subject = archive.partition(".")
    return f"{archive.lower()}{dot}{subject.upper()}/{number}"


def identifier(text: str) -> str:
    """The scheme-qualified identifier, such as `arxiv:2605.13779`. Raises `UnknownIdentifier`."""
    return f"arxiv:{arxiv_id(text)}"
