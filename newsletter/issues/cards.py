"""A card: what a digest and an issue's page show of one paper, as it was when the issue froze."""

import re
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from django.utils.translation import gettext

from papers.models import Paper

EXCERPT_LENGTH = 420
"""Characters of the summary or the abstract that a card shows, at most."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9“\"(])")


@dataclass(frozen=True, slots=True)
class Card:
    """One paper as readers see it. Counts are None where nobody counted."""

    identifier: str
    title: str
    authors: tuple[str, ...]
    """The first three and the last two names, at most."""
    author_count: int
    organization: str
    excerpt: str
    """Two sentences: of the summary that the source gave, else of the abstract."""
    excerpt_is_cut: bool
    """The excerpt is the beginning of a longer abstract."""
    upvotes: int | None
    comments: int | None
    stars: int | None
    upvotes_gained: int | None
    """Since the day before the freeze; None where there was no earlier observation."""
    path: str
    """The paper's page on this site."""
    abstract_url: str
    pdf_url: str
    code_url: str
    project_url: str
    topics: tuple[str, ...]
    """Names of the topics it matches, closest first."""
    note: str
    """An editor's words."""
    is_pick: bool
    comments_gained: int | None = None
    stars_gained: int | None = None
    thumbnail_url: str = ""
    """A picture of the paper at its source; empty where there is none."""
    thumbnail_path: str = ""
    """The picture of the paper on this site; empty where there was none."""
    is_summarised: bool = False
    """The excerpt is a summary that came with the paper, not the authors' abstract."""

    def as_dict(self) -> dict[str, Any]:
        """For a JSON field."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Read what `as_dict` wrote, be it by an earlier version that knew fewer fields."""
        known = {each.name: data.get(each.name) for each in fields(cls)}
        for name in ("authors", "topics"):
            known[name] = tuple(known[name] or ())
        for name in ("thumbnail_url", "thumbnail_path"):
            known[name] = known[name] or ""
        known["is_summarised"] = bool(known["is_summarised"])
        return cls(**known)  # type: ignore[arg-type]

    @property
    def byline(self) -> str:
        """The authors in a line, such as "A, B, C … Y, Z (12 authors)"; in the active language."""
        if self.author_count <= len(self.authors):
            return ", ".join(self.authors)
        first, last = ", ".join(self.authors[:3]), ", ".join(self.authors[3:])
        return gettext("%(first)s … %(last)s (%(number)s authors)") % {
            "first": first,
            "last": last,
            "number": self.author_count,
        }


def excerpt(text: str, length: int = EXCERPT_LENGTH) -> tuple[str, bool]:
    """The first two sentences of `text`, at most `length` characters, and whether more follows."""
    sentences = _SENTENCE_END.split(text.strip(), maxsplit=2)
    short = " ".join(sentences[:2])
    if len(short) > length:
        short = short[: length - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
        return short, True
    return short, len(sentences) > 2


@dataclass(frozen=True, slots=True)
class Gained:
    """What a paper's counts grew by since the day before the freeze; None where nobody knows."""

    upvotes: int | None = None
    comments: int | None = None
    stars: int | None = None


def card_of(
    paper: Paper,
    topics: tuple[str, ...] = (),
    gained: Gained | None = None,
    note: str = "",
    is_pick: bool = False,
    thumbnail_path: str = "",
) -> Card:
    """The card of `paper` as it is now. A summary that the source gave goes before the abstract."""
    names = [str(name) for name in paper.authors]
    shown = names if len(names) <= 5 else [*names[:3], *names[-2:]]
    text, is_cut = excerpt(paper.summary or paper.abstract)
    gained = gained or Gained()
    return Card(
        identifier=paper.identifier,
        title=paper.title,
        authors=tuple(shown),
        author_count=len(names),
        organization=paper.organization,
        excerpt=text,
        excerpt_is_cut=is_cut and not paper.summary,
        upvotes=paper.upvotes,
        comments=paper.comments,
        stars=paper.stars,
        upvotes_gained=gained.upvotes,
        path=paper.get_absolute_url(),
        abstract_url=paper.abstract_url,
        pdf_url=paper.pdf_url,
        code_url=paper.code_url,
        project_url=paper.project_url,
        topics=topics,
        note=note,
        is_pick=is_pick,
        comments_gained=gained.comments,
        stars_gained=gained.stars,
        thumbnail_url=paper.thumbnail_url,
        thumbnail_path=thumbnail_path,
        is_summarised=bool(paper.summary),
    )
