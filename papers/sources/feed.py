"""Any feed of a journal, a conference or a blog: RSS 1.0 (RDF), RSS 2.0 or Atom.

A feed is a window on what was published lately, not a list of a day: an item stays for days or
months, comes back when an article gets its issue, and has any date or none. So what is new is what
the row has not seen before. On the first fetch that would be everything, hence only what is dated
within three days is listed then; the rest is merely known from there on.

The document is fetched within limits, refused where it has a document type, and only then given to
feedparser, which asks no network for bytes. On any day one feed in six fails: that costs its own
fetch, and what the row knows stays as it was.
"""

import datetime as dt
import fnmatch
import hashlib
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import feedparser

from papers.sources import feed_names, headings, http, licenses
from papers.sources.base import FetchFailed, LeftOut, PaperSource
from papers.sources.loose import as_text, dicts_in
from papers.sources.record import LISTED, NEW_TO_SOURCE, NOT_LISTED, BadRecord, Draft
from papers.sources.settings import SourceSettings, setting
from papers.text import markup
from papers.text.cleaning import shorten

logger = logging.getLogger(__name__)

MOST_BYTES = 10_000_000
"""Of one feed; most have less than 200,000."""

MOST_ITEMS = 2_000

FIRST_DAYS = 3
"""Days within which an item of the first fetch is dated if it is new."""

MOST_SEEN = 6_000
"""Names of items that a row keeps, latest first; a journal lists fewer in a year."""

MOVED_AFTER = 3
"""Fetches in a row that were sent on for good before the new address is taken for the feed's."""

LONGEST_ABSTRACT = 5_000
"""Characters of an item's text; blogs put all of a post into it."""

LONGEST_PATTERN = 200

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/rdf+xml, application/xml;q=0.9, "
    "text/xml;q=0.9, */*;q=0.1"
)

_PROLOG = re.compile(rb"\s*(?:<\?.{0,2000}?\?>\s*|<!--.{0,20000}?-->\s*)*", re.DOTALL)
_ENDS = re.compile(rb"</(?:[\w-]{1,20}:)?(?:rss|rdf|feed)\s*>\s*(?:<!--.{0,5000}-->\s*)*$", re.I)
_NATURE = re.compile(r"^[^;]{1,120}, Published online: [^;]{4,40}; doi:\s?\S+\s*")
_ELSEVIER = re.compile(
    r"^Publication date: (?P<date>.{1,60}?)\s*Source: (?P<source>.{1,200}?)"
    r"(?:\s*Author\(s\): (?P<authors>.*))?$"
)
_VOLUME = re.compile(r"^[^:]{2,120}, Vol\. \d{1,4}, Pages? [\w-]{1,20}: (?=\S)")
_MIRRORED = re.compile(r"^(?:\[[^\]]{3,60}\]|ABSTRACT|Abstract)\s+(?=[A-Z])")
_PREPRINTS = ("10.1101/", "10.26434/", "10.48550/", "10.21203/", "10.31234/", "10.20944/")
_SKIPPED = (
    "type:editorial*",
    "type:news*",
    "type:obituar*",
    "type:correction*",
    "type:erratum*",
    "type:retraction*",
    "type:book review*",
    "doi:10.1038/d41586-*",
)


@dataclass(frozen=True, slots=True)
class FeedSettings(SourceSettings):
    """Which feed, and which of its items."""

    address: str = setting(
        "",
        "The feed's address, such as https://www.nature.com/nature.rss. Plain http works too.",
        is_required=True,
        is_feed=True,
    )
    take: tuple[str, ...] = setting(
        (),
        "Patterns of items to list, one per line: doi:10.1038/s41586-*, title:*battery*, "
        "type:article*. An asterisk matches anything. An item is listed if it matches one line "
        "of each sort. Leave empty for all.",
        label="Take",
        most=50,
    )
    skip: tuple[str, ...] = setting(
        _SKIPPED,
        "Patterns of items to leave out, in the same format. One match is enough.",
        label="Leave out",
        most=50,
    )
    skip_usual: bool = setting(
        True,
        "Leave out items whose title shows they aren't papers: corrections, retractions, tables "
        "of contents, covers, book reviews, obituaries.",
        label="Leave out corrections and the like",
    )
    every_minutes: int = setting(
        60,
        "Minutes between two fetches. Journals ask for at least an hour.",
        label="Fetched every",
        least=15,
        most=24 * 60,
    )


LONGEST_RUN: Final = 2_000
"""Bytes without a space or a sign: no name and no word is as long, and feedparser, which looks for
email addresses in them, takes the square of their length, minutes for a hundred thousand."""

_RUNS = re.compile(rb"[\x00\w.+-]{%d,}" % (LONGEST_RUN + 4))


@dataclass(frozen=True, slots=True)
class _Item:
    """An entry, and what the document around it says."""

    entry: Mapping[str, Any]
    channel: Mapping[str, Any]


class Feed(PaperSource[FeedSettings]):
    """Lists the items of a feed that the row has not seen before."""

    kind = "feed"
    label = "Feed: RSS or Atom of a journal, conference or blog"
    Settings = FeedSettings
    answers_for_past = False

    def items(self, day: dt.date) -> Iterator[Any]:
        """The items, newest first as a feed has them; none where it has not changed."""
        address = self.settings.address
        if self.state.get("address") != address:
            self.state = {"address": address}
        patterns = _patterns(self.settings.take), _patterns(self.settings.skip)
        self._take, self._skip = patterns
        self._is_first = "good_at" not in self.state
        self._seen: set[str] = set(self.state.get("seen") or ())
        self._names: list[str] = []
        answer = self._at_either(address, str(self.state.get("moved_to") or ""))
        self._follow(answer.moved_to)
        if answer.body is None:
            self.state["good_at"] = self.now.isoformat()
            return
        found = parsed(answer.body, answer.headers.get("content-type", ""), self.name)
        entries = found.entries[:MOST_ITEMS]
        if not entries:
            self.notes.append("The feed has no items.")
        yield from (_Item(entry, found.feed) for entry in entries)
        self._keep(answer)

    def draft(self, item: Any) -> Draft:
        """An item as a record, listed where it is new to the row."""
        entry, channel = item.entry, item.channel
        title = _title(entry)
        section = _section(entry)
        doi = _doi(entry)
        why = self._left_out(doi, title, section)
        if why:
            raise LeftOut(why)
        found = _draft(entry, channel, doi, title, self.settings.address)
        names = [_hashed(name) for name in _keys(entry, found.id, self.settings.address)]
        is_known = not self._seen.isdisjoint(names)
        self._names += names
        if is_known:
            found.listing = NOT_LISTED
        elif self._is_first:
            found.listing = LISTED if self._is_fresh(_dated(entry)) else NOT_LISTED
        else:
            found.listing = NEW_TO_SOURCE
        if found.listing == NOT_LISTED and not is_known:
            self.left_out["there before the first fetch"] += 1
        self._seen.update(names)
        return found

    def _is_fresh(self, dated: dt.date | None) -> bool:
        return dated is not None and abs((self.now.date() - dated).days) <= FIRST_DAYS

    def _left_out(self, doi: str, title: str, section: str) -> str:
        """Why a rule keeps the item out; empty where none does."""
        if self.settings.skip_usual:
            why = headings.no_paper(title) or (
                headings.PARATEXT if title.casefold().startswith("obituary:") else ""
            )
            if why:
                return why
        said = {"doi": doi, "title": title.casefold(), "type": section.casefold()}
        for sort, pattern in self._skip:
            if said[sort] and fnmatch.fnmatchcase(said[sort], pattern):
                return f"left out by {sort}:{pattern}"[:100]
        for sort in {sort for sort, _ in self._take}:
            wanted = [pattern for one, pattern in self._take if one == sort]
            if not any(fnmatch.fnmatchcase(said[sort], pattern) for pattern in wanted):
                return f"of no {sort} that is taken"
        return ""

    def _at_either(self, address: str, moved_to: str) -> http.Answer:
        """The document where the feed has moved to; or, where that does not give it, at the address
        that the editor typed.
        """
        if moved_to:
            try:
                return self._answer(moved_to)
            except http.Busy:
                raise
            except FetchFailed as error:
                try:
                    answer = self._answer(address)
                except FetchFailed:
                    raise error from None
                if answer.url != moved_to:
                    self.state.pop("moved_to", None)
                    self.notes.append("It is back at the address in its settings.")
                return answer
        return self._answer(address)

    def _answer(self, address: str) -> http.Answer:
        """The document, or that it is as it was. Raises `FetchFailed`, with what to do where that
        is known.
        """
        conditions = {
            header: str(self.state[key])
            for key, header in (("etag", "If-None-Match"), ("modified", "If-Modified-Since"))
            if self.state.get(key) and self.state.get("rules") == self._rules()
        }
        try:
            return http.download(address, accept=ACCEPT, most_bytes=MOST_BYTES, headers=conditions)
        except http.Refused as error:
            if error.status == 410:
                raise FetchFailed(
                    f"{address[:200]} is gone permanently (410). Look for the feed's new "
                    "address, or deactivate this source."
                ) from error
            if error.status in {401, 403}:
                raise FetchFailed(
                    f"{error} Some publishers block automated requests. You can add the same "
                    "journal through Crossref, by its ISSN."
                ) from error
            raise

    def _keep(self, answer: http.Answer) -> None:
        """Keep what the next fetch needs, once all items were read."""
        before = [name for name in self.state.get("seen") or () if name not in set(self._names)]
        names = list(dict.fromkeys(self._names))
        self.state["seen"] = [*names, *before][:MOST_SEEN]
        self.state["good_at"] = self.now.isoformat()
        self.state["rules"] = self._rules()
        for key, header in (("etag", "etag"), ("modified", "last-modified")):
            said = answer.headers.get(header, "")
            self.state[key] = said if len(said) <= 200 and said.isprintable() else ""

    def _follow(self, moved_to: str) -> None:
        """Count fetches that a permanent redirect led to one address; it is used after some."""
        if not moved_to:
            self.state.pop("moving_to", None)
            self.state.pop("moves", None)
            return
        moves = self.state.get("moves", 0) + 1 if self.state.get("moving_to") == moved_to else 1
        self.state |= {"moving_to": moved_to, "moves": moves}
        if moves >= MOVED_AFTER:
            self.state["moved_to"] = moved_to
            self.notes.append(
                f"It has moved permanently to {moved_to[:200]}, which is used from now on."
            )

    def _rules(self) -> str:
        """Changes with what an editor sets: then the document is read again even if it is the
        same.
        """
        rules = (self.settings.take, self.settings.skip, self.settings.skip_usual)
        return _hashed(repr(rules))


def parsed(body: bytes, content_type: str, name: str) -> Any:
    """What feedparser makes of a document. Raises `FetchFailed` for what is no whole feed."""
    text = body.removeprefix(b"\xef\xbb\xbf")
    plain = text.replace(b"\x00", b"")  # UTF-16, as far as tags go
    plain = plain.removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    if not plain.strip():
        raise FetchFailed(f"{name} answers with an empty document.")
    start = plain.lstrip()[:1000].lower()
    if start.startswith((b"<!doctype html", b"<html")) or b"<html" in start[:300]:
        raise FetchFailed(
            f"{name} answers with a web page instead of a feed. Look for the feed's address "
            "on that page."
        )
    prolog = _PROLOG.match(plain)
    end = prolog.end() if prolog else 0
    if plain[end : end + 2] == b"<!" or b"<!doctype" in plain[: end + 200].lower():
        raise FetchFailed(f"{name} answers with a document type, which feeds don't need.")
    if not plain[end : end + 20].lstrip().startswith(b"<"):
        raise FetchFailed(f"{name} answers with something other than a feed.")
    headers = {"content-type": content_type} if content_type else {}
    found = feedparser.parse(
        _RUNS.sub(_shortened, text),
        response_headers=headers,
        resolve_relative_uris=False,
        sanitize_html=False,
    )
    if not found.get("version"):
        raise FetchFailed(f"{name} answers with XML that isn't a feed.")
    if found.bozo and not _ENDS.search(plain[-20_000:]):
        raise FetchFailed(f"{name} was cut off in the middle of its feed.")
    return found


def _shortened(run: re.Match[bytes]) -> bytes:
    """The beginning of a run, of a length that leaves the characters of UTF-16 and UTF-32 whole."""
    return run.group()[: LONGEST_RUN + len(run.group()) % 4]


def _patterns(lines: Sequence[str]) -> list[tuple[str, str]]:
    """The sort and the pattern of each line. A line without a sort is a DOI if it begins as one,
    else words that a title holds.
    """
    found = []
    for line in lines:
        sort, colon, pattern = line.partition(":")
        sort, pattern = sort.strip().lower(), pattern.strip()
        if not colon or sort not in {"doi", "title", "type"}:
            sort, pattern = ("doi" if line.strip().startswith("10.") else "title"), line.strip()
        if not pattern or len(pattern) > LONGEST_PATTERN:
            raise FetchFailed(
                f"{line[:60]!r} isn't a pattern such as doi:10.1038/s41586-* with at most "
                f"{LONGEST_PATTERN} characters."
            )
        pattern = re.sub(r"\*+", "*", pattern.casefold())
        if sort == "title" and not set("*?[") & set(pattern):
            pattern = f"*{pattern}*"
        found.append((sort, pattern))
    return found


# --- An item ---------------------------------------------------------------------------------


def _draft(
    entry: Mapping[str, Any], channel: Mapping[str, Any], doi: str, title: str, feed: str
) -> Draft:
    """What an item says of a paper. Raises `BadRecord` where nothing names it."""
    link = as_text(entry.get("link"))
    own = feed_names.own_name(as_text(entry.get("id")), link, feed)
    if not doi and not own:
        raise BadRecord("it has neither a DOI nor a guid nor a link")
    base, version = feed_names.without_version(doi)
    if not base.startswith("10.1101/"):  # other servers register a DOI for each version
        base = doi
    text = _abstract(entry, title)
    elsevier = _ELSEVIER.match(text)
    creators = [as_text(one.get("name")) for one in dicts_in(entry.get("authors"))]
    if elsevier:
        text = ""
        creators = creators or [elsevier["authors"] or ""]
    title, status = headings.unmarked(title)
    issns = [
        one
        for key in ("prism_issn", "prism_eissn")
        for place in (entry, channel)
        if re.fullmatch(r"\d{4}-\d{3}[\dXx]", one := as_text(place.get(key)).strip())
        and one != "0000-0000"
    ]
    tags = list(dicts_in(entry.get("tags")))
    arxiv = [as_text(tag.get("term")) for tag in tags if "arxiv.org" in as_text(tag.get("scheme"))]
    license_id = next(
        filter(
            None,
            (
                licenses.short(place.get(key))
                for place in (entry, channel)
                for key in ("license", "rights")
            ),
        ),
        "",
    )
    is_paper = bool(doi or elsevier or feed_names.pii_in(link))
    return Draft(
        id=f"doi:{base}" if base else f"feed:{own}",
        title=title,
        abstract=text,
        authors=feed_names.authors_in(creators),
        categories=[*arxiv, *(f"issn:{one}" for one in dict.fromkeys(issns))],
        keywords=[] if arxiv else [markup.plain(as_text(tag.get("term"))) for tag in tags],
        published_on=_iso(_dated(entry)),
        version=version,
        kind="preprint" if doi.startswith(_PREPRINTS) else "article" if is_paper else "other",
        venue=markup.plain(
            as_text(entry.get("prism_publicationname"))
            or (elsevier["source"] if elsevier else "")
            or as_text(channel.get("prism_publicationname"))
            or as_text(channel.get("title"))
        ),
        issns=list(dict.fromkeys(issns)),
        license=license_id,
        free_url=link if licenses.is_open(license_id) else "",
        status=status,
        source_day=_dated(entry),
    )


def _keys(entry: Mapping[str, Any], identifier: Any, feed: str) -> Iterator[str]:
    """All names by which an item is known again, also when it comes back under another guid."""
    scheme, _, value = str(identifier).partition(":")
    if scheme == "doi":
        yield f"doi:{feed_names.without_version(value)[0]}"
    guid, link = as_text(entry.get("id")), as_text(entry.get("link"))
    for name in (feed_names.own_name(guid, "", feed), feed_names.own_name("", link, feed)):
        if name:
            yield feed_names.same_link(name)


def _title(entry: Mapping[str, Any]) -> str:
    """The title, without the volume that some publishers put before it."""
    return _VOLUME.sub("", markup.plain(as_text(entry.get("title"))))


def _section(entry: Mapping[str, Any]) -> str:
    """What sort of item the feed says that it is."""
    said = [as_text(entry.get(key)) for key in ("prism_section", "dc_type", "prism_genre", "type")]
    said += [as_text(tag.get("term")) for tag in dicts_in(entry.get("tags"))][:1]
    return markup.plain(next(filter(None, said), ""))


def _doi(entry: Mapping[str, Any]) -> str:
    """The DOI, where the item has one, in lower case."""
    links = [as_text(one.get("href")) for one in dicts_in(entry.get("links"))]
    return feed_names.doi_in(
        *(as_text(entry.get(key)) for key in ("prism_doi", "dc_identifier", "dc_doi", "arxiv_doi")),
        *(as_text(entry.get(key)) for key in ("id", "link", "dc_source")),
        *links,
    )


def _abstract(entry: Mapping[str, Any], title: str) -> str:
    """The text of an item, if it says more than its title."""
    texts = [as_text(entry.get("summary"))]
    texts += [as_text(one.get("value")) for one in dicts_in(entry.get("content"))]
    plain = [_NATURE.sub("", markup.plain(text)) for text in texts]
    found = plain[0]
    if not found or found.endswith(("[...]", "[…]", "...", "…")):
        longer = [text for text in plain[1:] if len(text) > len(found)]
        found = longer[0] if longer else found
    found = _MIRRORED.sub("", found)
    if found.casefold().rstrip(".") == title.casefold().rstrip("."):
        return ""
    return shorten(found, LONGEST_ABSTRACT)


def _dated(entry: Mapping[str, Any]) -> dt.date | None:
    """The day of an item, in UTC; None where it has none that makes sense."""
    for key in ("published_parsed", "updated_parsed", "created_parsed"):
        # feedparser's own `get` stands one date in for another.
        parts = dict(entry.items()).get(key)
        if parts:
            try:
                return dt.date(*parts[:3])
            except (TypeError, ValueError):
                continue
    found = re.match(r"\d{4}-\d{2}-\d{2}", as_text(entry.get("prism_publicationdate")))
    try:
        return dt.date.fromisoformat(found[0]) if found else None
    except ValueError:
        return None


def _iso(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None


def _hashed(name: str) -> str:
    return hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=6).hexdigest()
