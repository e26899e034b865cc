"""What a work is called: the schemes of identifiers, as data, and one spelling for each name.

A scheme says which texts and links name a work in it, the one spelling that we keep, where the
work is read, where its PDF is, and what readers call the scheme. An identifier is the scheme's
name, a colon and the canonical spelling: `arxiv:2605.13779`, `doi:10.1038/s41586-021-03819-2`.
Nothing else in the code knows a scheme by its pattern, so a new one is one more entry here.

arXiv's identifiers (https://info.arxiv.org/help/arxiv_identifier.html) come in two forms,
`2605.13779` since April 2007 and `astro-ph/0601001` before, both with an optional version that
must not become part of the identity. arXiv's DOIs (`10.48550/arXiv.…`) are another spelling of
them. A DOI is compared without regard to the case of its ASCII letters
(https://www.doi.org/doi-handbook/HTML/case-sensitivity.html) and may hold any printable character.
bioRxiv and medRxiv name their preprints by DOIs alone.
"""

import hashlib
import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

MAX_LENGTH = 500
"""Characters of the longest identifier, its scheme included."""

LONGEST_TEXT = 2_000
"""Characters of a text that is looked at; a link may be longer than what it names."""

_NEW = r"\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}"
_OLD = r"[a-z]+(?:-[a-z]+)?(?:\.[a-z]{2})?/\d{2}(?:0[1-9]|1[0-2])\d{3}"
_VERSION = r"(?:v\d{1,3})?"
_WEB = r"(?:https?://)?(?:www\.)?"
_END = r"/?(?:[?\#].*)?"
_PREPRINT_DOI = r"10\.(?:1101|64898)/(?:\d{4}\.\d{2}\.\d{2}\.\d{6,8}|\d{6})"
"""A DOI of bioRxiv or medRxiv, which their links follow with a version: 10.1101/2024.04.01.587366.
Before December 2019 they were six digits."""


class UnknownIdentifier(ValueError):
    """The text names no paper in any scheme that we know."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """One way to name works. The order of `SCHEMES` says which name of a work is its main one."""

    name: str
    label: str
    """What readers call it."""
    pattern: str
    """The local part alone, as the scheme itself writes it."""
    forms: tuple[str, ...] = ()
    """Other texts that name a work, with the local part as the group `id`."""
    page: str = ""
    """Where a work is read, with `{}` for the local part; empty where that cannot be told."""
    pdf: str = ""
    """Where its PDF is, in the same way."""
    canonical: Callable[[str], str] = str
    """The one spelling of a local part."""
    prefixes: tuple[str, ...] = ()
    """What may stand before a colon besides the scheme's name."""
    ris_tag: str = "M1"
    """The field of RIS that holds the identifier."""


def _arxiv(name: str) -> str:
    if "/" not in name:
        return name
    archive, _, number = name.partition("/")
    archive, dot, subject = archive.partition(".")
    return f"{archive.lower()}{dot}{subject.upper()}/{number}"


_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def _feed(name: str) -> str:
    """A feed's own name for an item, or a digest of it where it is long."""
    if len(name) <= 200:
        return name
    return f"sha256-{hashlib.sha256(name.encode()).hexdigest()}"


SCHEMES: dict[str, Scheme] = {
    scheme.name: scheme
    for scheme in (
        Scheme(
            "arxiv",
            "arXiv",
            pattern=rf"\s*(?P<id>{_NEW}|{_OLD}){_VERSION}(?:\.pdf)?{_END}",
            forms=(
                (
                    rf"(?:https?://)?(?:www\.|export\.|browse\.)?arxiv\.org/(?:abs|pdf|html|format|ps)/"
                    rf"(?P<id>{_NEW}|{_OLD}){_VERSION}(?:\.pdf)?{_END}"
                ),
                (
                    rf"{_WEB}(?:alphaxiv\.org/(?:abs|pdf)|huggingface\.co/papers)/"
                    rf"(?P<id>{_NEW}|{_OLD}){_VERSION}{_END}"
                ),
                (
                    rf"(?:(?:https?://)?(?:dx\.|www\.)?doi\.org/|doi:\s*)?10\.48550/arxiv\."
                    rf"(?P<id>{_NEW}|{_OLD}){_VERSION}{_END}"
                ),
                rf"oai:arxiv\.org:(?P<id>{_NEW}|{_OLD}){_VERSION}",
                rf"hf:(?P<id>{_NEW}){_VERSION}",
                rf"(?P<id>{_NEW}|{_OLD}){_VERSION}(?:\.pdf)?{_END}",
            ),
            page="https://arxiv.org/abs/{}",
            pdf="https://arxiv.org/pdf/{}",
            canonical=_arxiv,
        ),
        Scheme(
            "doi",
            "DOI",
            pattern=r"\s*(?P<id>10\.\d{4,9}(?:\.\d+)*/[^\s]+)",
            forms=(
                (
                    rf"{_WEB}(?:connect\.)?(?:bio|med)rxiv\.org/content/(?:early/)?(?:10\.\d+/)?"
                    rf"(?P<id>{_PREPRINT_DOI})(?:v\d{{1,3}})?(?:\.[a-z.\-]+)?{_END}"
                ),
                rf"(?:doi:\s*)?(?P<id>{_PREPRINT_DOI})v\d{{1,3}}",
                r"(?P<id>10\.\d{4,9}(?:\.\d+)*/[^\s]+)",
            ),
            page="https://doi.org/{}",
            canonical=lambda name: name.translate(_LOWER),
            ris_tag="DO",
        ),
        Scheme(
            "openreview",
            "OpenReview",
            pattern=r"(?P<id>[A-Za-z0-9_-]{5,60})",
            forms=(
                (
                    rf"{_WEB}openreview\.net/(?:forum|pdf|attachment)\?(?:[^#]*&)?id="
                    r"(?P<id>[A-Za-z0-9_-]{5,60})(?:[&#].*)?"
                ),
            ),
            page="https://openreview.net/forum?id={}",
            pdf="https://openreview.net/pdf?id={}",
        ),
        Scheme(
            "pubmed",
            "PubMed",
            pattern=r"\s*0*(?P<id>[1-9]\d{0,8})",
            forms=(
                (
                    rf"{_WEB}(?:pubmed\.ncbi\.nlm\.nih\.gov|ncbi\.nlm\.nih\.gov/pubmed)/"
                    rf"(?P<id>[1-9]\d{{0,8}}){_END}"
                ),
                rf"{_WEB}europepmc\.org/(?:article|abstract)/med/(?P<id>[1-9]\d{{0,8}}){_END}",
            ),
            page="https://pubmed.ncbi.nlm.nih.gov/{}/",
            prefixes=("pmid",),
            ris_tag="AN",
        ),
        Scheme(
            "pmcid",
            "PubMed Central",
            pattern=r"\s*(?P<id>(?:PMC)?[1-9]\d{0,8})(?:\.\d+)?",
            forms=(
                (
                    rf"{_WEB}(?:pmc\.ncbi\.nlm\.nih\.gov|ncbi\.nlm\.nih\.gov/pmc)/articles/"
                    rf"(?P<id>PMC[1-9]\d{{0,8}})(?:\.\d+)?(?:/pdf)?{_END}"
                ),
                (
                    rf"{_WEB}europepmc\.org/(?:article|articles|abstract)/(?:pmc/)?"
                    rf"(?P<id>PMC[1-9]\d{{0,8}}){_END}"
                ),
                r"(?P<id>PMC[1-9]\d{0,8})(?:\.\d+)?",
            ),
            page="https://pmc.ncbi.nlm.nih.gov/articles/{}/",
            canonical=lambda name: f"PMC{name.upper().removeprefix('PMC')}",
            prefixes=("pmc",),
        ),
        Scheme(
            "europepmc",
            "Europe PMC",
            pattern=r"\s*(?P<id>PPR[0-9]{1,12})",
            forms=(
                rf"{_WEB}europepmc\.org/(?:article|abstract)/ppr/(?P<id>PPR[0-9]{{1,12}}){_END}",
            ),
            page="https://europepmc.org/article/PPR/{}",
            canonical=str.upper,
        ),
        Scheme(
            "openalex",
            "OpenAlex",
            pattern=r"(?P<id>W[1-9]\d{0,12})",
            forms=(r"(?:https?://)?(?:api\.)?openalex\.org/(?:works/)?(?P<id>W[1-9]\d{0,12})",),
            page="https://openalex.org/{}",
            canonical=str.upper,
        ),
        Scheme(
            "s2",
            "Semantic Scholar",
            pattern=r"\s*(?P<id>[1-9]\d{0,12})",
            page="https://api.semanticscholar.org/CorpusID:{}",
            prefixes=("corpusid",),
        ),
        Scheme(
            "hf",
            "Hugging Face",
            pattern=r"(?P<id>[A-Za-z0-9][A-Za-z0-9._-]{0,80})",
            forms=(
                rf"{_WEB}huggingface\.co/papers/(?P<id>[A-Za-z0-9][A-Za-z0-9._-]{{0,80}}){_END}",
            ),
            page="https://huggingface.co/papers/{}",
        ),
        Scheme(
            "feed",
            "Feed",
            pattern=r"(?P<id>[^\s].*)",
            canonical=_feed,
        ),
    )
}

_RANKS = {name: rank for rank, name in enumerate(SCHEMES)}
_FLAGS = re.IGNORECASE | re.DOTALL
_LOCAL = {name: re.compile(scheme.pattern, _FLAGS) for name, scheme in SCHEMES.items()}
_FORMS = [
    (scheme.name, re.compile(form, _FLAGS)) for scheme in SCHEMES.values() for form in scheme.forms
]
_BY_PREFIX = {
    prefix: scheme.name for scheme in SCHEMES.values() for prefix in (scheme.name, *scheme.prefixes)
}
_DOI_LINK = re.compile(r"(?:https?://)?(?:dx\.|www\.)?doi\.org/(?P<rest>.+)", _FLAGS)
_DOI_IN_PATH = re.compile(r"/(?P<id>10\.\d{4,9}(?:\.\d+)*/.+)", _FLAGS)
_AFTER_DOI = re.compile(r"(?:/(?:full|abstract|pdf|meta|epdf|references|fulltext))+/?$|/$", _FLAGS)


def identifier(text: str) -> str:
    """The scheme-qualified identifier that `text` names, such as `arxiv:2605.13779`.

    Takes what sources, links and people write: an identifier of ours, the scheme's own spelling
    where it cannot be taken for another's, or a link to the work. Raises `UnknownIdentifier`.
    """
    if len(text) <= LONGEST_TEXT and (cleaned := text.strip()).isprintable() and cleaned:
        for found in (_linked_doi(cleaned), _form(cleaned), _prefixed(cleaned)):
            if found and len(found) <= MAX_LENGTH:
                return found
    raise UnknownIdentifier(
        f"{text[:60]!r} isn't an identifier we know, such as arXiv's 2605.13779 or "
        "astro-ph/0601001, or the DOI 10.1038/s41586-021-03819-2."
    )


def arxiv_id(text: str) -> str:
    """The bare arXiv identifier that `text` names, without a version.

    Takes the identifier itself, with or without `arXiv:` and a version, a link to arxiv.org or
    huggingface.co/papers, or an arXiv DOI. Raises `UnknownIdentifier`.
    """
    try:
        found = identifier(text)
    except UnknownIdentifier:
        found = ""
    scheme, _, name = found.partition(":")
    if scheme != "arxiv":
        raise UnknownIdentifier(
            f"{text[:60]!r} is not an arXiv identifier such as 2605.13779 or astro-ph/0601001."
        )
    return name


def in_link(link: str) -> str:
    """The identifier of the work that a publisher's link names, or the empty string.

    Understands what `identifier` does and DOIs in a link's path, as in
    `https://www.science.org/doi/abs/10.1126/science.abc1234?af=R`.
    """
    try:
        return identifier(link)
    except UnknownIdentifier:
        pass
    try:
        path = unquote(urlsplit(link.strip()[:LONGEST_TEXT]).path)
    except ValueError:
        return ""
    found = _DOI_IN_PATH.search(path)
    if found is None:
        return ""
    try:
        return identifier(_AFTER_DOI.sub("", found["id"]))
    except UnknownIdentifier:
        return ""


def scheme_of(name: str) -> Scheme | None:
    """The scheme of an identifier; None for one of a scheme that we do not know."""
    return SCHEMES.get(name.partition(":")[0])


def page_of(name: str) -> str:
    """Where the work of this identifier is read; empty where the identifier does not tell."""
    scheme, local = scheme_of(name), name.partition(":")[2]
    if scheme is None:
        return ""
    if scheme.name == "feed":
        return local if local.startswith(("https://", "http://")) else ""
    return scheme.page.format(_quoted(local)) if scheme.page else ""


def pdf_of(name: str) -> str:
    """Where the PDF of the work of this identifier is; empty where the identifier does not tell."""
    scheme = scheme_of(name)
    return scheme.pdf.format(_quoted(name.partition(":")[2])) if scheme and scheme.pdf else ""


def label_of(name: str) -> str:
    """What readers call the identifier's scheme, such as "arXiv"."""
    scheme = scheme_of(name)
    return scheme.label if scheme else name.partition(":")[0]


def rank_of(name: str) -> tuple[int, str]:
    """By this the names of one work are sorted; the first is its main name.

    Preprints come before what follows from them, so that a work keeps the address under which it
    was first read.
    """
    scheme = name.partition(":")[0]
    is_preprint = scheme == "doi" and re.fullmatch(_PREPRINT_DOI, name.partition(":")[2])
    rank = _RANKS.get(scheme, len(_RANKS)) * 2
    return (rank - 1 if is_preprint else rank, name)


def _quoted(local: str) -> str:
    """For a link's path or query; readable where that does no harm."""
    return quote(local, safe="/:;()@,~!$'*+=")


def _form(text: str) -> str:
    for scheme, form in _FORMS:
        if found := form.fullmatch(text):
            return f"{scheme}:{SCHEMES[scheme].canonical(found['id'])}"
    return ""


def _linked_doi(text: str) -> str:
    """A DOI in a link to a resolver, where it is percent-encoded and `?` and `#` end it."""
    link = _DOI_LINK.fullmatch(text)
    if link is None:
        return ""
    rest = unquote(re.split(r"[?#]", link["rest"])[0])
    return (_form(rest) or _prefixed(f"doi:{rest}")) if rest.isprintable() else ""


def _prefixed(text: str) -> str:
    prefix, colon, local = text.partition(":")
    scheme = _BY_PREFIX.get(prefix.lower()) if colon else None
    if scheme is None:
        return ""
    if scheme == "doi" and (other := _form(local.strip())):
        return other  # a DOI of arXiv's, or with a version
    found = _LOCAL[scheme].fullmatch(local)
    return f"{scheme}:{SCHEMES[scheme].canonical(found['id'])}" if found else ""
