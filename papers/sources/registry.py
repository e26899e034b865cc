"""Which kinds of source there are, and which rows of them are fetched.

Each module of this package that holds a `PaperSource` brings a kind; nothing else names it.
"""

import datetime as dt
import inspect
import pkgutil
from collections.abc import Iterable
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet

from papers import days, sources
from papers.models import Source, SourceRun
from papers.sources.base import FetchFailed, PaperSource
from papers.sources.observing import ObservingSource
from papers.sources.settings import BadSetting, read

KIND_LENGTH = 20
"""As long as the column."""


UNFETCHED = {Source.COMMUNITY: "Readers of this site", Source.BY_HAND: "Editors of this site"}
"""Kinds that are fetched from nowhere, and what an editor calls them."""


def discover() -> dict[str, type[PaperSource[Any]]]:
    """The kinds of source in the modules of `papers.sources`, in the order of their labels.

    Raises `ImproperlyConfigured` where a kind has no usable name, or one that is taken.
    """
    found: dict[str, type[PaperSource[Any]]] = {}
    for module_info in pkgutil.iter_modules(sources.__path__):
        name = f"{sources.__name__}.{module_info.name}"
        if name == __name__:
            continue
        for _, one in inspect.getmembers(import_module(name), inspect.isclass):
            if one.__module__ != name or inspect.isabstract(one):
                continue
            if not issubclass(one, PaperSource):
                continue
            kind = getattr(one, "kind", "")
            if not 0 < len(kind) <= KIND_LENGTH or kind in {*UNFETCHED, *found}:
                raise ImproperlyConfigured(
                    f"{name}.{one.__name__} needs a `kind` of its own, of 1 to {KIND_LENGTH} "
                    f"characters; it has {kind!r}."
                )
            found[kind] = one
    return dict(sorted(found.items(), key=lambda item: item[1].label))


AUTOMATIC = {
    "crossref-updates": "retractions",
    "arxiv-updates": "withdrawals",
    "hackernews": "hacker-news-points",
    "hf-trending": "hugging-face-trending",
}
"""Kinds of which a row is made without anybody's doing, and the slug by which it is told from those
that editors made: `papers.ingest.updates`."""

KINDS = discover()
"""Every kind of source that can be fetched, by the name that rows hold."""


def label_of(kind: str) -> str:
    """What an editor calls a kind, also one that is fetched from nowhere."""
    if kind in UNFETCHED:
        return UNFETCHED[kind]
    return KINDS[kind].label if kind in KINDS else f"{kind} (no longer in this version)"


def acknowledgment_of(source: Source) -> str:
    """What the service behind a source asks those who show its data to say; mostly nothing."""
    return KINDS[source.kind].acknowledgment if source.kind in KINDS else ""


def switched_off() -> frozenset[str]:
    """The kinds of `AUTOMATIC` of which no row is made, and those that were are not fetched."""
    of_attention = {kind for kind in AUTOMATIC if issubclass(KINDS[kind], ObservingSource)}
    off = frozenset[str]()
    if not settings.CHECK_RETRACTIONS:
        off |= AUTOMATIC.keys() - of_attention
    if not settings.WATCH_ATTENTION:
        off |= of_attention
    return off


def active_sources() -> QuerySet[Source]:
    """The sources to fetch: those an editor left active, of the kinds that PAPERS_SOURCE selects.

    With `sample` that is the sample alone, and with `live` everything but the sample.
    """
    wants_sample = settings.PAPERS_SOURCE == "sample"
    kinds = [kind for kind, one in KINDS.items() if one.is_sample == wants_sample]
    wanted = Source.objects.filter(is_active=True, kind__in=kinds)
    off = switched_off()
    if off:
        wanted = wanted.exclude(kind__in=off, slug__in=AUTOMATIC.values())
    return wanted.order_by("pk")


def reader_of(source: Source, now: dt.datetime | None = None) -> PaperSource[Any]:
    """The module that reads `source` at `now`, with the row's settings and state.

    Raises `FetchFailed` where the row holds settings that its kind does not take.
    """
    kind = KINDS[source.kind]
    try:
        wanted = read(kind.Settings, source.settings)
    except BadSetting as error:
        raise FetchFailed(f"The settings of {source.name} aren't valid. {error}") from None
    return kind(wanted, source.name, state=source.state, now=now)


def answers_for_past(source: Source) -> bool:
    """Whether `source` can be asked for a day that is over."""
    return KINDS[source.kind].answers_for_past


def answers_for(source: Source, day: dt.date, now: dt.datetime) -> bool:
    """Whether `source` can be asked at `now` for what it lists, or listed, on `day`."""
    return answers_for_past(source) or day == days.listing_day(now)


def growing_days(source: Source, now: dt.datetime) -> tuple[dt.date, ...]:
    """The days of `source` that are worth a fetch at `now`, earlier first; none while the service
    wants to be left alone.

    A day that is over is asked for until the source answered once after its end; apart from that,
    a day is left alone for as long as the row's settings say. Days that were missed, as after a
    failure of days, are made good.
    """
    if source.retry_at is not None and now < source.retry_at:
        return ()
    if answers_for_past(source):
        wanted = (*_missed_days(source, now), *days.growing(now))
    else:
        wanted = (days.listing_day(now),)
    pause = dt.timedelta(minutes=pause_of(source))
    return tuple(day for day in wanted if _is_due(source.answered_at(day), day, now, pause))


def _missed_days(source: Source, now: dt.datetime) -> tuple[dt.date, ...]:
    """The days before the one that digests carry for which `source` has given no answer, since the
    last one that it gave; `days.MOST_MISSED` at most. A new source has missed nothing.
    """
    carried = days.feature_day(now)
    before = [day for day in source.answered_days() if day < carried]
    if not before:
        return ()
    first = max(before[-1] + dt.timedelta(days=1), carried - dt.timedelta(days=days.MOST_MISSED))
    return tuple(first + dt.timedelta(days=more) for more in range((carried - first).days))


def _is_due(
    answered: dt.datetime | None, day: dt.date, now: dt.datetime, pause: dt.timedelta
) -> bool:
    if answered is None or answered < days.closes_at(day) <= now:
        return True
    # Rounds do not begin to the second: one that comes a little early is not passed over.
    return now - answered >= pause - dt.timedelta(minutes=1)


def next_fetch(source: Source, now: dt.datetime) -> dt.datetime | None:
    """From when on `source` is asked again, in the first round of fetches after that; None for one
    that is not fetched.
    """
    wants_sample = settings.PAPERS_SOURCE == "sample"
    kind = KINDS.get(source.kind)
    if kind is None or not source.is_active or kind.is_sample != wants_sample:
        return None
    if source.kind in switched_off() and source.slug == AUTOMATIC[source.kind]:
        return None
    if source.retry_at is not None and now < source.retry_at:
        return source.retry_at
    if growing_days(source, now):
        return now
    pause = dt.timedelta(minutes=pause_of(source))
    wanted = days.growing(now) if answers_for_past(source) else (days.listing_day(now),)
    answers = [at for day in wanted if (at := source.answered_at(day)) is not None]
    return max(now, min(answers, default=now) + pause)


def pause_of(source: Source) -> int:
    """Minutes for which a day of the source is left alone after an answer; none where the settings
    do not hold, which the fetch will say.
    """
    try:
        return read(KINDS[source.kind].Settings, source.settings).every_minutes
    except BadSetting:
        return 0


def unanswered(day: dt.date, sources: Iterable[Source] | None = None) -> list[Source]:
    """The active sources, or of these `sources`, those that have not said all they will of `day`,
    which is over.

    That is for one which can be asked for the past an answer after the day's end, and for others
    any answer of the day. One that said that its list of the day is complete has said all.
    """
    closed = days.closes_at(day)
    complete = set(SourceRun.objects.complete_on(day).values_list("source_id", flat=True))
    missing = []
    for source in active_sources() if sources is None else sources:
        if source.pk in complete or KINDS[source.kind].adds_facts:
            continue
        answered = source.answered_at(day)
        if answered is None or (answers_for_past(source) and answered < closed):
            missing.append(source)
    return missing


def is_complete(day: dt.date) -> bool:
    """Whether every active source, of which there is one, said that its list of `day` is complete
    and will not grow any more.
    """
    wanted = {one.pk for one in active_sources() if not KINDS[one.kind].adds_facts}
    complete = SourceRun.objects.complete_on(day).values_list("source_id", flat=True)
    return bool(wanted) and wanted <= set(complete)
