"""Papers by their authors: which keys an author is found by, and the index that holds them.

The index is written with the papers' rows, many at once, and only where the authors changed. A
person is found by ORCID iD or another id, and by the family name, which many persons share: there
the given name narrows, "D. E." matching "Donald Ervin".
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db.models import Q
from django.db.models.functions import Coalesce

from papers.models import Paper, PaperAuthor
from papers.sources.record import Author
from papers.text.folding import folded
from papers.text.person_names import parts_of
from papers.text.same_person import orcid_key

BATCH = 2_000
"""Rows in one statement."""


def family_key(family: str) -> str:
    """The key of a family name, or of a group's whole name; empty for what has no letters."""
    name = folded(family)
    return f"family:{name}"[: PaperAuthor._meta.get_field("key").max_length] if name else ""


def keys_of(author: Author) -> set[tuple[str, str]]:
    """The keys under which an author is found, each with the given names beside a family name."""
    longest = PaperAuthor._meta.get_field("given").max_length
    given = author.given or ("" if author.is_group else parts_of(author.name)[1])
    keys = {(orcid_key(author.orcid), "")}
    keys |= {(f"{scheme}:{value}"[:160], "") for scheme, value in author.ids if scheme and value}
    keys.add((family_key(author.family_name), folded(given)[:longest]))
    return {(key, beside) for key, beside in keys if key}


def index(papers: Sequence[Paper]) -> None:
    """Put the authors of these papers into the index, in place of what it held of them. The papers
    are locked by the caller.
    """
    if not papers:
        return
    PaperAuthor.objects.filter(paper__in=[paper.pk for paper in papers]).delete()
    rows = [
        PaperAuthor(paper_id=paper.pk, key=key, given=given)
        for paper in papers
        for key, given in sorted(_keys(paper.author_records or paper.authors))
    ]
    PaperAuthor.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


def papers_by(
    *, orcid: str = "", family: str = "", given: str = "", among: Collection[int] | None = None
) -> "set[int]":
    """The ids of the papers that stand for works of an author: of that ORCID iD, or of that family
    name with `given` names that may be the same person's; of `among` alone where that is given.
    One query by an index.
    """
    wanted = Q()
    if key := orcid_key(orcid):
        wanted |= Q(key=key)
    if key := family_key(family):
        wanted |= Q(key=key) & _given(given)
    if not wanted:
        return set()
    rows = PaperAuthor.objects.filter(wanted)
    if among is not None:
        rows = rows.filter(Q(paper__in=among) | Q(paper__merged_into__in=among))
    return set(rows.values_list(Coalesce("paper__merged_into_id", "paper_id"), flat=True))


def _given(given: str) -> Q:
    """Given names that may be the same: the first is equal, or the initial of the other, or
    nobody knows it.
    """
    first = next(iter(folded(given).split()), "")
    if not first:
        return Q()
    same = Q(given="") | Q(given=first[0]) | Q(given__startswith=f"{first[0]} ")
    return same | (Q(given__startswith=first[0]) if len(first) == 1 else Q(given__startswith=first))


def _keys(authors: Iterable[Any]) -> set[tuple[str, str]]:
    return {pair for author in authors for pair in keys_of(Author.from_json(author))}
