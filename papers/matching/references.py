"""Which works papers cite, as far as a source says so: OpenAlex does, in its own numbers.

What a source says stands in its records. A service learns the references of a new paper days after
it is listed, so they are asked for again as long as the day counts.
"""

from collections.abc import Collection

from papers.models import PaperName, Source, SourceRecord

KINDS = ("openalex",)
"""Sources that say what a paper cites."""

SCHEMES = tuple(f"{kind}:" for kind in KINDS)
"""How they name the cited work."""


def are_known() -> bool:
    """Whether a source is active that says what papers cite."""
    return Source.objects.filter(kind__in=KINDS, is_active=True).exists()


def cited_by(paper_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """By paper, the identifiers of the works that it cites; papers of which nobody says it are left
    out. One query.
    """
    found: dict[int, tuple[str, ...]] = {}
    rows = SourceRecord.objects.filter(
        source__kind__in=KINDS, paper__in=paper_ids, facts__has_key="cites"
    ).order_by("pk")
    for paper, cites in rows.values_list("paper_id", "facts__cites"):
        found[paper] = found.get(paper, ()) + tuple(cites)
    return found


def names_when_cited(paper_id: int) -> list[str]:
    """What a paper is called where it is cited; empty where no source has such a name for it."""
    names = PaperName.objects.filter(paper=paper_id, kind__in=(PaperName.OWN, PaperName.SAME))
    listed = names.order_by("pk").values_list("identifier", flat=True)
    return [name for name in listed if name.startswith(SCHEMES)]
