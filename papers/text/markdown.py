"""Markdown as it may stand in an email and on a page: paragraphs, emphasis, lists, headings,
quotes, links; in a single line of text emphasis and links alone.

What an editor types is shown, never obeyed: HTML is text, pictures are their descriptions, and a
link leads to an absolute address or an email address, or is no link.
"""

import re
from functools import lru_cache
from html import unescape

from markdown_it import MarkdownIt

_HREF = re.compile(r'(?<=href=")https?://[^"]+(?=")', re.IGNORECASE)
_FITS = re.compile(r"(https?://|mailto:)[^\s<>\"]+", re.IGNORECASE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)]*)\)")


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).disable(
        ["html_block", "html_inline", "image", "code", "fence"]
    )
    parser.validateLink = lambda url: bool(_FITS.fullmatch(url))  # type: ignore[method-assign]
    return parser


@lru_cache(maxsize=1)
def _inline_parser() -> MarkdownIt:
    parser = MarkdownIt("zero").enable(["emphasis", "link", "escape"])
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


@lru_cache(maxsize=64)
def inline_html(text: str) -> str:
    """One line of text as HTML, with its emphasis and links."""
    return str(_inline_parser().renderInline(text))


@lru_cache(maxsize=64)
def inline_text(text: str) -> str:
    """One line of text without marks: the address of a link follows its words in brackets."""
    said: list[str] = []
    leads_to: list[str] = []
    for token in _inline_parser().parseInline(text)[0].children or ():
        if token.type == "link_open":
            leads_to.append(str(token.attrGet("href")))
        elif token.type == "link_close":
            said.append(f" ({leads_to.pop()})")
        else:
            said.append(token.content)
    return "".join(said)


def bad_links(text: str) -> list[str]:
    """The addresses of what is written as a link and leads nowhere."""
    return [url for url in _LINK.findall(text) if not _FITS.fullmatch(url)]
