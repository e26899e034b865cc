"""Sources: one module for each kind of place that papers come from, behind one small base."""

from django.conf import settings
from django.db.models import QuerySet

from papers.models import Source
from papers.sources.base import BadRecord, Fetched, FetchFailed, PaperRecord, PaperSource
from papers.sources.huggingface import HuggingFace
from papers.sources.sample import Sample

__all__ = [
    "BadRecord",
    "FetchFailed",
    "Fetched",
    "PaperRecord",
    "PaperSource",
    "active_sources",
    "reader_of",
]

KINDS: dict[str, type[HuggingFace] | type[Sample]] = {
    Source.Kind.HUGGINGFACE: HuggingFace,
    Source.Kind.SAMPLE: Sample,
}


def active_sources() -> QuerySet[Source]:
    """The sources to fetch: those an editor left active, of the kind that PAPERS_SOURCE asks for.

    With `sample` that is the sample alone, and with `live` everything but the sample.
    """
    sources = Source.objects.filter(is_active=True, kind__in=KINDS).order_by("pk")
    if settings.PAPERS_SOURCE == "sample":
        return sources.filter(kind=Source.Kind.SAMPLE)
    return sources.exclude(kind=Source.Kind.SAMPLE)


def reader_of(source: Source) -> PaperSource:
    """The module that reads `source`."""
    return KINDS[source.kind]()
