"""Markdown as it may stand in an email: paragraphs, emphasis, lists, headings, quotes, links.

What an editor types is shown, never obeyed: HTML is text, pictures are their descriptions, and a
link leads to an absolute address or an email address, or is no link.
"""

import re
from functools import lru_cache
from html import unescape

from markdown_it import MarkdownIt

_HREF = re.compile(r'(?<=href=")https?://[^"]+(?=")', re.IGNORECASE)

_FITS = re.compile(r"(https?://|mailto:)[^\s<>\"]+", re.IGNORECASE)


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).disable(
        ["html_block", "html_inline", "image", "code", "fence"]
    )
    parser.validateLink = lambda url: bool(_FITS.fullmatch(url))  # type: ignore[method-assign]
    return parser


def as_html(text: str) -> str:
    """The text as HTML."""
    return str(_parser().render(text))


def targets(text: str) -> tuple[str, ...]:
    """The web addresses that the text's links lead to, each once, in order; so that a link can be
    named by its number. What is approved stays as it is, and so does its order.
    """
    return tuple(dict.fromkeys(unescape(url) for url in _HREF.findall(as_html(text))))
