"""Markup made plain: JATS, HTML and MathML as services put them into titles and abstracts.

What comes in is a fragment written by a stranger: `<jats:p>`, `<i>`, `<mml:math>`, a `<` that is no
tag at all, entities escaped once or twice. It is read by an HTML parser, which knows no entity but
HTML's, takes no document type and asks no network. A formula is given in the TeX that stands beside
it, where there is any, and else as the text of its MathML.
"""

import html
import re
from collections.abc import Iterator

from lxml import etree
from lxml import html as parser

LONGEST = 200_000
"""Characters of a fragment that are read; the longest abstract takes a tenth of that."""

DEEPEST = 60
"""Elements within elements; what is deeper is left out."""

_KNOWN = (
    "abstract|p|title|sec|italic|bold|sub|sup|sc|i|b|em|strong|u|s|small|big|span|div|br|hr|a|img"
    "|figure|figcaption|font|center|blockquote|q|cite|code|pre|kbd|tt|ul|ol|li|dl|dt|dd|h[1-6]"
    "|table|thead|tbody|tr|td|th|section|article|header|footer|inline-formula|disp-formula"
    "|tex-math|alternatives|list|list-item|xref|ext-link|named-content|styled-content|monospace"
    "|underline|overline|roman|sans-serif|inline-graphic|graphic|label|break|inf|scp|math|mrow|mi"
    "|mo|mn|ms|mtext|mspace|msub|msup|msubsup|mfrac|msqrt|mroot|munder|mover|munderover|mtable|mtr"
    "|mtd|mstyle|mfenced|mpadded|mphantom|semantics|annotation|annotation-xml|script|style|iframe"
    "|video|audio|source|picture|wbr|nobr|del|ins|mark|abbr|acronym|meta|link|svg|path|object"
    "|embed|form|input|button|select|option|textarea|main|nav|aside|summary|details|html|body"
    "|head|time|var|samp|cite|dfn|caption|col|colgroup|tfoot|noscript|param|track|address"
)
_PREFIX = r"(?:[a-z][\w.-]{0,20}:)"
_NO_TAG = re.compile(rf"<(?!/?(?:(?:{_KNOWN})(?=[\s/>])|{_PREFIX}[a-z]))", re.IGNORECASE)
"""A `<` that opens no tag which we know: a comparison, or something that nobody should read."""

_DECLARATION = re.compile(
    r"<!--(?:(?!<!--|-->).)*-->|<!\[CDATA\[|\]\]>|<\?[^<>]{0,500}>", re.DOTALL
)
_ESCAPED_TAG = re.compile(rf"&lt;/?(?:{_KNOWN}|{_PREFIX}[a-z-]+)[\s/&]", re.IGNORECASE)
_HEADING = re.compile(
    r"(?:graphical |author |plain[- ]language )?(?:abstract|summary|résumé|resumen|zusammenfassung"
    r"|resumo|riassunto|аннотация)\W*",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(r"\\begin\{document\}(.*?)\\end\{document\}", re.DOTALL)

_SKIPPED = frozenset(
    {"script", "style", "iframe", "video", "audio", "inline-graphic", "graphic", "svg", "object"}
    | {"noscript", "select", "textarea", "head", "button"}
)
_APART = frozenset(
    {"p", "sec", "title", "div", "br", "hr", "li", "list-item", "list", "ul", "ol", "tr", "td"}
    | {"th", "dt", "dd", "table", "section", "article", "blockquote", "disp-formula", "label"}
    | {"break", "figcaption", "abstract", "pre"}
)
_ITALICS = frozenset({"italic", "i", "em"})
_TITLES = frozenset({"title", "h1", "h2", "h3", "h4", "h5", "h6"})
_RAISED = frozenset({"sup"})
_LOWERED = frozenset({"sub", "inf"})
_SUPERSCRIPTS = dict(zip("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ", strict=True))
_SUBSCRIPTS = dict(zip("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎", strict=True))


def plain(fragment: object) -> str:
    """The text of a fragment of JATS, HTML or MathML; empty for what is not a string.

    Paragraphs are parted by spaces, the headings of a structured abstract end with a colon, and a
    heading that only says "Abstract" goes. Never raises.
    """
    if not isinstance(fragment, str):
        return ""
    text = fragment[:LONGEST]
    if _ESCAPED_TAG.search(text):  # markup that was escaped once too often
        text = html.unescape(text)
    text = _DECLARATION.sub(" ", text)
    if "<" not in text and "&" not in text:
        return _without_heading(" ".join(text.split()))
    text = _NO_TAG.sub("&lt;", text).replace("\x00", "")
    try:
        root = parser.fragment_fromstring(text, create_parent="div")
    except (etree.LxmlError, ValueError):
        return " ".join(html.unescape(re.sub(r"<[^<>]{0,500}>", " ", text)).split())
    found = " ".join("".join(_words(root, 0)).split())
    if found.endswith(":") and not _text(root).rstrip().endswith(":"):
        found = found[:-1]  # the colon of a heading with nothing below it
    return _without_heading(found)


def _without_heading(text: str) -> str:
    """`text` without a first word that only says what it is."""
    found = _HEADING.match(text)
    if found and found.end() < len(text) and _is_heading(found[0], text[found.end()]):
        return text[found.end() :]
    return "" if found and found.end() == len(text) else text


def _is_heading(said: str, follows: str) -> bool:
    """ "Abstract: We …" and "ABSTRACT We …", and not "Abstract interpretation …"."""
    name = said.strip()
    return name[-1:] in ":.—–-" or (name.isupper() and follows.isupper())


def _words(node: etree._Element, depth: int) -> Iterator[str]:
    """The text in a node, in the order in which it is read."""
    name = _name(node)
    if depth > DEEPEST or name in _SKIPPED or not name:
        return
    if name == "math":
        yield _formula(node)
        return
    if name == "tex-math":
        yield _tex(_text(node))
        return
    if name in {"alternatives", "inline-formula", "disp-formula"}:
        found = [child for child in node.iter() if _name(child) == "tex-math"]
        if found:  # the same formula in several notations
            yield _tex(_text(found[0]))
            return
    inner = (node.text or "") + "".join(_with_tail(child, depth) for child in node)
    if name in _RAISED or name in _LOWERED:
        yield _script(inner, is_raised=name in _RAISED)
    elif name in _TITLES:
        yield _title(inner)
    elif name in _APART:
        yield " " if depth and _HEADING.fullmatch(inner.strip()) else f" {inner} "
    else:
        yield inner


def _with_tail(child: etree._Element, depth: int) -> str:
    inner = "".join(_words(child, depth + 1))
    tail = child.tail or ""
    if _name(child) in _ITALICS and inner.strip():
        # Some publishers deposit no spaces around what is in italics.
        before = child.getprevious()
        parent = child.getparent()
        said = (
            before.tail if before is not None else parent.text if parent is not None else ""
        ) or ""
        if len(inner) > 2 and re.search(r"[a-z]{2}$", said) and inner[0].isalpha():
            inner = f" {inner}"
        if len(inner) > 2 and inner[-1].isalnum() and re.match(r"[a-z]{2}", tail):
            inner += " "
    return inner + tail


def _title(inner: str) -> str:
    """A heading: nothing where it says "Abstract", else with a colon before what follows."""
    text = " ".join(inner.split())
    if not text or _HEADING.fullmatch(text):
        return " "
    return f" {text} " if text[-1] in ":.?!" else f" {text}: "


def _script(inner: str, *, is_raised: bool) -> str:
    text = inner.strip()
    table = _SUPERSCRIPTS if is_raised else _SUBSCRIPTS
    if text and all(sign in table for sign in text):
        return "".join(table[sign] for sign in text)
    return f"^{text}" if is_raised and any(map(str.isdigit, text)) else inner


def _formula(node: etree._Element) -> str:
    """A formula as TeX where somebody wrote it down, else as the text of its MathML."""
    for child in node.iter():
        if _name(child) == "annotation" and "tex" in (child.get("encoding") or "").lower():
            return _tex(_text(child))
    return _math(node, 0)


def _math(node: etree._Element, depth: int) -> str:
    name = _name(node)
    if depth > DEEPEST or name in {"annotation", "annotation-xml", "mphantom", ""}:
        return ""
    parts = [_math(child, depth + 1) for child in node]
    if name == "msup" and len(parts) == 2:
        return parts[0] + _script(parts[1], is_raised=True)
    if name == "msub" and len(parts) == 2:
        return parts[0] + _script(parts[1], is_raised=False)
    if name == "msubsup" and len(parts) == 3:
        lowered = _script(parts[1], is_raised=False)
        return parts[0] + lowered + _script(parts[2], is_raised=True)
    if name == "mfrac" and len(parts) == 2:
        return "/".join(part if len(part) < 2 or part.isalnum() else f"({part})" for part in parts)
    if name == "msqrt":
        return f"√({''.join(parts)})"
    text = " ".join((node.text or "").split())
    if name == "mspace":
        return " "
    # The HTML parser does not know MathML: what follows a node in it is layout.
    return text + "".join(part + _spaced(child) for part, child in zip(parts, node, strict=True))


def _spaced(child: etree._Element) -> str:
    return " ".join((child.tail or "").split())


def _tex(source: str) -> str:
    """TeX between dollars, taken out of a whole document where a publisher wrote one."""
    found = _DOCUMENT.search(source)
    text = (found[1] if found else source).strip()
    for around in ("$$", "$"):
        text = text.removeprefix(around).removesuffix(around)
    text = " ".join(text.replace("$", "").split())
    return f"${text}$" if text else ""


def _text(node: etree._Element) -> str:
    return "".join(str(part) for part in node.itertext())


def _name(node: etree._Element) -> str:
    """The name of an element without its prefix; empty for a comment."""
    return node.tag.rpartition(":")[2].lower() if isinstance(node.tag, str) else ""
