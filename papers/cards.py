"""Cards: one paper as readers see it, on every page, in every feed and in every mail.

`card_of` makes a card of a paper as it is now. An issue freezes cards as JSON (`as_dict`), and
`from_dict` reads them back, whichever version wrote them. What pages, feeds and mails have in
common stands here once: the byline, the links, the growth of counts, the picture.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple, Self

from django.conf import settings
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext

from papers.identifiers import label_of
from papers.models import Paper, Pick
from papers.models.thumbnail import path_of, small_of
from papers.text.citations import SHOWN_FIRST, SHOWN_LAST, byline
from papers.text.cleaning import is_safe_url, plain, shorten
from papers.text.excerpts import beginning_of, excerpt_of


class Link(NamedTuple):
    """What a link says, and where it leads."""

    name: str
    url: str


class Saving(NamedTuple):
    """A paper's button "Save for later", or "Remove", for one reader."""

    path: str
    paper_id: int
    is_saved: bool
    is_full: bool = False
    """The list has no room for it."""


class Excerpt(NamedTuple):
    """What a card shows of a paper's text."""

    text: str
    rest: str = ""
    """What unfolds below."""
    is_cut: bool = False
    """The text is taken from a longer abstract."""
    is_summarised: bool = False
    """The text is a summary that came with the paper, not the authors' abstract."""
    summarized_by: str = ""
    """The name of the model that this site had summarize the abstract; empty where none did."""


@dataclass(frozen=True, slots=True)
class Card:
    """One paper as readers see it. Counts are None where nobody counted.

    The fields named in `NOT_FROZEN` depend on where and when the card is shown; all others are
    frozen with an issue.
    """

    identifier: str
    title: str
    authors: tuple[str, ...] = ()
    """The first three and the last two names, at most."""
    author_count: int = 0
    organization: str = ""
    excerpt: str = ""
    excerpt_is_cut: bool = False
    """The excerpt is taken from a longer abstract."""
    is_summarised: bool = False
    """The excerpt is a summary that came with the paper, not the authors' abstract."""
    summarized_by: str = ""
    """The name of the model that this site had summarize the abstract; empty where none did."""
    own_excerpt: str = ""
    """Beside a model's summary: the abstract's excerpt, for readers who want no such summary."""
    upvotes: int | None = None
    comments: int | None = None
    stars: int | None = None
    upvotes_gained: int | None = None
    """As `growth` says; None in a card that was made without earlier counts."""
    comments_gained: int | None = None
    stars_gained: int | None = None
    path: str = ""
    """The paper's page on this site."""
    abstract_url: str = ""
    pdf_url: str = ""
    code_url: str = ""
    project_url: str = ""
    free_url: str = ""
    """Where a free copy is, of what is not free by itself."""
    journal: str = ""
    """Where the work came out after it was listed as a preprint."""
    topics: tuple[Link, ...] = ()
    """The topics it matches, closest first. Frozen by name alone; the address is then empty."""
    note: str = ""
    """An editor's words."""
    is_pick: bool = False
    """An editor put it on top."""
    noticed: str = ""
    """The day of the issue that it stood in before, where it was noticed since; as in JSON."""
    thumbnail_url: str = ""
    """A picture of the paper at its source; empty where there is none."""
    thumbnail_path: str = ""
    """The picture of the paper on this site; empty where there is none."""

    paper_id: int = 0
    rest: str = ""
    """What unfolds below the excerpt."""
    reader_upvotes: int = 0
    """Of this site's own readers."""
    listed_on: dt.date | None = None
    """The day of the list it stood on, where the page is not that day's."""
    submitted_by: str = ""
    why: str = ""
    """Why it is in the reader's digest, or was found."""
    answers: tuple[Link, ...] = ()
    """What a reader of a digest can say to it, and where."""
    saving: Saving | None = None
    """The button that saves it for later; None where nobody in particular looks at it."""

    def as_dict(self) -> dict[str, Any]:
        """What is frozen, for a JSON field."""
        frozen = {name: getattr(self, name) for name in FROZEN}
        return frozen | {"topics": [topic.name for topic in self.topics]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Read what `as_dict` wrote, be it by a version that knew fewer fields, or more."""
        known = {name: data[name] for name in FROZEN if data.get(name) is not None}
        known["authors"] = tuple(known.get("authors", ()))
        known["topics"] = tuple(Link(name, "") for name in known.get("topics", ()))
        return cls(**({"identifier": "", "title": ""} | known))

    @property
    def byline(self) -> str:
        """The authors in a line, such as "A, B, C … Y, Z (12 authors)"; in the active language."""
        return byline(self.authors, self.author_count)

    @property
    def is_counted(self) -> bool:
        """Whether anybody voted for it, spoke of it or starred its code, as far as is known."""
        return bool(self.upvotes or self.comments or self.stars)

    @property
    def excerpt_origin(self) -> str:
        """Where the excerpt comes from, to stand before it; in the active language. Empty where it
        is all that the authors wrote.
        """
        if self.summarized_by:
            said = gettext("AI-generated summary (%(model)s), not by the authors:")
            return said % {"model": self.summarized_by}
        if self.is_summarised:
            return gettext("Summary from the source:")
        return gettext("From the abstract:") if self.excerpt_is_cut else ""

    @property
    def excerpt_note(self) -> str:
        """The same as `excerpt_origin` of a model's summary, to stand below it."""
        said = gettext("AI-generated summary (%(model)s), not by the authors.")
        return said % {"model": self.summarized_by} if self.summarized_by else ""

    @property
    def noticed_since(self) -> str:
        """That it was noticed since its own issue, and which that was; in the active language.
        Empty for other papers.
        """
        if not self.noticed:
            return ""
        day = date_format(dt.date.fromisoformat(self.noticed), gettext("j F"))
        return gettext("Noticed since its issue of %(day)s") % {"day": day}

    @property
    def without_machine(self) -> Self:
        """The card with the authors' own words where it has a model's summary."""
        if not self.summarized_by:
            return self
        return replace(
            self,
            excerpt=self.own_excerpt,
            excerpt_is_cut=bool(self.own_excerpt),
            summarized_by="",
            own_excerpt="",
        )

    @property
    def addresses(self) -> tuple[str, str, str, str, str]:
        """Where its abstract, its PDF, its code, its project and a free copy are; empty for what is
        not fit for a link. Links in digests that were sent count on this order.
        """
        return (
            _safe(self.abstract_url),
            _safe(self.pdf_url),
            _safe(self.code_url),
            _safe(self.project_url),
            _safe(self.free_url),
        )

    @property
    def links(self) -> tuple[Link, ...]:
        """Where it can be read and tried; in the active language."""
        names = (
            label_of(self.identifier),
            "PDF",
            gettext("Code"),
            gettext("Project"),
            gettext("Free to read"),
        )
        # A free copy may be what another link leads to; then it is named so.
        found = {url: name for name, url in zip(names, self.addresses, strict=True) if url}
        return tuple(Link(name, url) for url, name in found.items())

    @property
    def source_thumbnail(self) -> str:
        """The address of the source's picture; empty where it is not fit for an image."""
        url = self.thumbnail_url
        return _safe(url) if url.startswith("https://") else ""

    @property
    def small_thumbnail(self) -> str:
        """The address of the small form of the picture on this site; empty where there is none."""
        return small_of(self.thumbnail_path)


NOT_FROZEN = frozenset(
    {"paper_id", "rest", "reader_upvotes", "listed_on", "submitted_by", "why", "answers", "saving"}
)
FROZEN = tuple(each.name for each in fields(Card) if each.name not in NOT_FROZEN)


# --- What a card shows of a paper's text ----------------------------------------------------------


def brief(paper: Paper) -> Excerpt:
    """A sentence or two: of the summary that the source gave, else of the one that a model made for
    this site, else what the abstract says of the paper itself. Empty where no sentence is short
    enough.
    """
    if paper.summary and (text := beginning_of(paper.summary)):
        return Excerpt(text, is_summarised=True)
    if text := paper.summary_by_machine:
        return Excerpt(text, summarized_by=shorten(plain(settings.SUMMARY_MODEL), 80))
    text = excerpt_of(paper.shown_abstract)
    return Excerpt(text, is_cut=bool(text) and text != paper.abstract)


def unfolding(paper: Paper) -> Excerpt:
    """The same, for a page; below it unfolds the abstract, or the summary where there is none."""
    short, whole = brief(paper), paper.shown_abstract or paper.summary
    return short._replace(rest="" if short.text == whole else whole)


def whole(paper: Paper) -> Excerpt:
    """All of the abstract that may be shown at once, for a feed."""
    text = paper.shown_abstract
    return Excerpt(text or paper.summary, is_summarised=bool(paper.summary) and not text)


# --- Making one -----------------------------------------------------------------------------------


def card_of(
    paper: Paper,
    excerpt: Callable[[Paper], Excerpt],
    *,
    topics: tuple[Link, ...] = (),
    pick: Pick | None = None,
    submitted_by: str = "",
    listed_on: dt.date | None = None,
    noticed_since: dt.date | None = None,
) -> Card:
    """The card of `paper` as it is now, with what `excerpt` makes of its text.

    It has a picture where the paper came `with_thumbnails`, and says what was gained where it
    came `with_earlier_counts`.
    """
    names = [str(name) for name in paper.authors]
    is_long = len(names) > SHOWN_FIRST + SHOWN_LAST
    text = excerpt(paper)
    return Card(
        identifier=paper.identifier,
        title=paper.title,
        authors=tuple([*names[:SHOWN_FIRST], *names[-SHOWN_LAST:]] if is_long else names),
        author_count=len(names),
        organization=paper.organization,
        excerpt=text.text,
        excerpt_is_cut=text.is_cut,
        is_summarised=text.is_summarised,
        summarized_by=text.summarized_by,
        own_excerpt=excerpt_of(paper.abstract) if text.summarized_by else "",
        upvotes=paper.upvotes,
        comments=paper.comments,
        stars=paper.stars,
        upvotes_gained=growth(paper.upvotes, paper.upvotes_before),
        comments_gained=growth(paper.comments, paper.comments_before),
        stars_gained=growth(paper.stars, paper.stars_before),
        path=paper.get_absolute_url(),
        abstract_url=paper.abstract_url,
        pdf_url=paper.pdf_url,
        code_url=paper.code_url,
        project_url=paper.project_url,
        free_url=paper.free_copy,
        journal=paper.journal,
        topics=topics,
        note=pick.note if pick else "",
        is_pick=pick is not None and pick.kind == Pick.Kind.PIN,
        noticed=noticed_since.isoformat() if noticed_since else "",
        thumbnail_url=paper.thumbnail_url,
        thumbnail_path=path_of(paper.pk, paper.thumbnail_digest),
        paper_id=paper.pk or 0,
        rest=text.rest,
        reader_upvotes=paper.reader_upvotes,
        listed_on=listed_on,
        submitted_by=submitted_by,
    )


def growth(count: int | None, before: int | None) -> int | None:
    """By how much a count grew since `before`; None where it did not, or where nobody counted."""
    return count - before if count is not None and before is not None and count > before else None


def answers(more_url: str, less_url: str, save_url: str = "") -> tuple[Link, ...]:
    """What a reader of a digest can say to a paper; in the active language. `save_url` is left
    empty where a button does the saving.
    """
    said = Link(gettext("More like this"), more_url), Link(gettext("Less like this"), less_url)
    return (*said, Link(gettext("Save for later"), save_url)) if save_url else said


def _safe(url: str) -> str:
    return url if is_safe_url(url) else ""
