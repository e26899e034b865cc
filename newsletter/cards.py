"""A card: what a digest and an issue's page show of one paper, as it was when the issue froze."""

import re
from dataclasses import asdict, dataclass
from typing import Any, Self

from papers.models import Paper

EXCERPT_LENGTH = 420
"""Characters of the abstract that a card shows, at most."""

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

    def as_dict(self) -> dict[str, Any]:
        """For a JSON field."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Read what `as_dict` wrote, be it by an earlier version that knew fewer fields."""
        known = {name: data.get(name) for name in cls.__slots__}
        for name in ("authors", "topics"):
            known[name] = tuple(known[name] or ())
        return cls(**known)  # type: ignore[arg-type]

    @property
    def byline(self) -> str:
        """The authors on one line, such as "A, B, C … Y, Z (12 authors)"."""
        if self.author_count <= len(self.authors):
            return ", ".join(self.authors)
        first, last = ", ".join(self.authors[:3]), ", ".join(self.authors[3:])
        return f"{first} … {last} ({self.author_count} authors)"


def excerpt(text: str, length: int = EXCERPT_LENGTH) -> tuple[str, bool]:
    """The first two sentences of `text`, at most `length` characters, and whether more follows."""
    sentences = _SENTENCE_END.split(text.strip(), maxsplit=2)
    short = " ".join(sentences[:2])
    if len(short) > length:
        short = short[: length - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
        return short, True
    return short, len(sentences) > 2


def card_of(
    paper: Paper,
    topics: tuple[str, ...] = (),
    upvotes_gained: int | None = None,
    note: str = "",
    is_pick: bool = False,
) -> Card:
    """The card of `paper` as it is now."""
    names = [str(name) for name in paper.authors]
    shown = names if len(names) <= 5 else [*names[:3], *names[-2:]]
    text, is_cut = excerpt(paper.abstract)
    return Card(
        identifier=paper.identifier,
        title=paper.title,
        authors=tuple(shown),
        author_count=len(names),
        organization=paper.organization,
        excerpt=text,
        excerpt_is_cut=is_cut,
        upvotes=paper.upvotes,
        comments=paper.comments,
        stars=paper.stars,
        upvotes_gained=upvotes_gained,
        path=paper.get_absolute_url(),
        abstract_url=paper.abstract_url,
        pdf_url=paper.pdf_url,
        code_url=paper.code_url,
        project_url=paper.project_url,
        topics=topics,
        note=note,
        is_pick=is_pick,
    )
