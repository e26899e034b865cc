"""MJML to HTML, and what HTML must satisfy before it may be sent.

Every email goes through here, the digests and the few others. The compiler (mjml-python, a Rust
library) is trusted with our own templates only, and even so not far: it raises on control
characters, lets unknown markup pass in silence, and would take the whole process down on markup
nested deeply enough to exhaust its stack. So the source is looked at first.
"""

import re
from html.parser import HTMLParser

from mjml import mjml2html

from papers.text.cleaning import is_safe_url

MOST_DEPTH = 64
"""Deepest nesting that the compiler is given. Our templates need about a dozen levels."""

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)(?:[^<>\"']|\"[^\"]*\"|'[^']*')*?(/?)>")
_VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
    ]
)
_MAILTO = re.compile(r"mailto:[^\s<>\"@]+@[^\s<>\"]+")
_INDENT = re.compile(r"\s*\n\s*")


class RenderingFailed(ValueError):
    """This cannot be made into an email; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def compile_mjml(source: str) -> str:
    """The HTML document that `source` stands for; it loads no font and includes no file.

    Indentation is dropped: between words and tags HTML reads a line break like any run of blanks.
    Raises `RenderingFailed`.
    """
    deepest = depth(source)
    if deepest > MOST_DEPTH:
        raise RenderingFailed(f"the MJML is nested {deepest} levels deep")
    try:
        html: str = mjml2html(source, fonts={})
    except (ValueError, RuntimeError) as error:
        raise RenderingFailed(f"the MJML does not compile: {str(error)[:200]}") from error
    if "</html>" not in html:
        raise RenderingFailed("the MJML compiles to something that is not a document")
    return _INDENT.sub("\n", html)


def depth(markup: str) -> int:
    """How deep the elements of `markup` are nested."""
    now = deepest = 0
    for closing, name, empty in _TAG.findall(markup):
        if closing:
            now -= 1
        elif not empty and name.lower() not in _VOID:
            now += 1
            deepest = max(deepest, now)
    return deepest


def check_links(html: str) -> None:
    """Raise `RenderingFailed` unless every link is an absolute http(s) or a mailto address, and
    nothing is loaded but pictures with an absolute address, a size and a text in their place.
    """
    _LinkChecker().feed(html)


class _LinkChecker(HTMLParser):
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self._check_picture(dict(attrs))
        for name, value in attrs:
            is_picture = tag == "img" and name == "src"
            loads = name in {"src", "srcset", "background", "action", "poster"} or tag == "link"
            if loads and not is_picture:
                raise RenderingFailed(f"the HTML loads something: <{tag} {name}>")
            if name != "href":
                continue
            if not is_safe_url(value) and not _MAILTO.fullmatch(value or ""):
                raise RenderingFailed(f"a link is not an absolute address: {(value or '')[:100]!r}")

    def _check_picture(self, attributes: dict[str, str | None]) -> None:
        source = attributes.get("src") or ""
        if not is_safe_url(source):
            raise RenderingFailed(f"a picture has no absolute address: {source[:100]!r}")
        for name in ("alt", "width", "height"):
            if attributes.get(name) is None:
                raise RenderingFailed(f"a picture has no {name}: {source[:100]!r}")
