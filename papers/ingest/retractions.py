"""Where it is said that a paper was retracted or withdrawn."""

from collections.abc import Collection

from papers.identifiers import page_of, rank_of
from papers.models import Paper, SourceRecord
from papers.sources.record import IS_RETRACTED_BY, IS_RETRACTION_OF

FALLEN = ("retracted", "withdrawn")


def notices_of(ids: Collection[int]) -> dict[int, str]:
    """By the id of each of these papers, the address of the notice that retracts it: the one that a
    source gave, or that the work itself names; else the page of the work where it was published,
    which says so. A paper whose names lead nowhere is left out. Two queries.
    """
    works = Paper.objects.works_of(ids)
    said: dict[int, list[tuple[int, tuple[int, str], str]]] = {}
    rows = SourceRecord.objects.filter(paper__in=works).values_list(
        "paper_id", "identifier", "facts"
    )
    for paper_id, identifier, facts in rows:
        kinds = [(kind, other) for kind, other in facts.get("relations", ())]
        candidates = [(0, identifier) for kind, _ in kinds if kind == IS_RETRACTION_OF]
        candidates += [(1, other) for kind, other in kinds if kind == IS_RETRACTED_BY]
        if facts.get("status") in FALLEN and not candidates:
            candidates.append((2, identifier))
        for rank, name in candidates:
            if address := page_of(name):
                work = works[paper_id or 0]
                said.setdefault(work, []).append((rank, rank_of(name), address))
    best = {work: min(found)[2] for work, found in said.items()}
    return {pk: best[works[pk]] for pk in ids if pk in works and works[pk] in best}
