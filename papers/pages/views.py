"""Pages about papers and topics. They only read, and show the same to everyone."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from papers import search as searching
from papers.cards import Card, Link, brief, card_of, whole
from papers.identifiers import UnknownIdentifier, identifier, label_of, page_of, rank_of
from papers.ingest.retractions import notices_of
from papers.models import (
    Feature,
    Match,
    Paper,
    PaperName,
    Pick,
    Source,
    Thumbnail,
    Topic,
    by_field,
)
from papers.pages import entries, explanation, search_results, sharing
from papers.pages.charts import line_chart
from papers.search import completions, related, suggestions
from papers.search.highlights import Highlighter
from papers.sources.registry import acknowledgment_of
from papers.text import citations

TRENDING = 9
"""Papers on a topic's page that are shown in full."""

MONTH = dt.timedelta(days=30)
OF_THE_MONTH = 10
"""Papers on a topic's page that got most upvotes in the last month, beside those that trend."""

LATEST = 30
"""Papers on a topic's page that follow, newest first."""

KEPT = {"q", "as", "topic", "source", "author", "since", "until", "code", "order"}
"""What the address of a search says besides the page."""

FOUND = 25
"""Papers on one page of what a search found."""

AUTHORS_SHOWN = 20
"""Authors on a paper's page before the rest unfolds; some papers have thousands."""

OBSERVATIONS = 2000
"""Observations that a chart looks at, the latest ones."""


@require_safe
def paper(request: HttpRequest, scheme: str, local_id: str) -> HttpResponseBase:
    """One paper; another spelling of its identifier, such as one with a version, leads to it."""
    if not local_id.isprintable():
        raise Http404("no such paper")  # PostgreSQL takes no NUL, and no identifier has one
    shown = Paper.objects.unhidden().with_thumbnails().with_machine_summaries()
    found = shown.filter(identifier=f"{scheme}:{local_id}").first()
    if found is None or found.merged_into_id:
        known = _named(f"{scheme}:{local_id}")
        if known is None:
            raise Http404("no such paper")
        # Which paper a name stands for may change; how a name is spelled does not.
        is_spelling = found is None and known.identifier == _spelled(f"{scheme}:{local_id}")
        return redirect(known, permanent=is_spelling)
    seen = (
        found.observations.elsewhere()
        .order_by("-observed_at")
        .values_list("observed_at", "upvotes")
    )
    works = list(Paper.objects.works_of([found.pk]))
    address = f"{settings.SITE_URL}{found.get_absolute_url()}"
    short = brief(found)
    listings = Feature.objects.filter(paper__in=works).select_related("source")
    features = list(listings.order_by("-day")[:20])
    thanks = dict.fromkeys(filter(None, (acknowledgment_of(one.source) for one in features)))
    context = {
        "paper": found,
        "address": address,
        "matches": Match.objects.sendable()
        .filter(paper=found)
        .select_related("topic")
        .order_by("-score"),
        "features": features,
        "notice": notices_of([found.pk]).get(found.pk) if found.is_fallen else "",
        "acknowledgments": list(thanks),
        "picks": Pick.objects.filter(paper__in=works).exclude(note="")[:5],
        "shown_authors": found.authors[:AUTHORS_SHOWN],
        "more_authors": found.authors[AUTHORS_SHOWN:],
        "names": _other_names(found, works),
        "chart": line_chart(seen[:OBSERVATIONS]),
        "reasons": explanation.reasons(
            found, works, features[0].day if features else None, timezone.now()
        ),
        "card": card_of(found, whole),
        "in_short": short.text or found.shown_abstract,
        "by_machine": card_of(found, brief) if short.summarized_by else None,
        "citations": (
            ("BibTeX", "bibtex", citations.bibtex(found)),
            ("RIS", "ris", citations.ris(found)),
        ),
        "shares": sharing.share_links(found.title, address),
        "json_ld": citations.json_ld(found, address),
        "related": related.related_to(found),
    }
    return render(request, "papers/paper.html", context)


@require_safe
def thumbnail(
    request: HttpRequest, paper_id: str, digest: str, small: str | None = None
) -> HttpResponseBase:
    """The picture of a paper in either size, which is for ever the same at this address."""
    etag = f'"{digest}{small or ""}"'
    found = Thumbnail.objects.filter(paper=int(paper_id), digest=digest)
    image = found.values_list("small" if small else "image", flat=True).first()
    if image is None:
        raise Http404("no such thumbnail")
    response = HttpResponse(
        bytes(image),
        content_type="image/jpeg",
        headers={"ETag": etag, "Cache-Control": "public, max-age=31536000, immutable"},
    )
    return get_conditional_response(request, etag, None, response) or response


@require_safe
def topics(request: HttpRequest) -> HttpResponse:
    """All topics under their headings, each with how many papers it has."""
    sendable = Q(matches__in=Match.objects.sendable().shown())
    active = Topic.objects.active().annotate(paper_count=Count("matches", filter=sendable))
    fields = by_field(active)
    return render(request, "papers/topics.html", {"fields": fields})


@require_safe
def topic(request: HttpRequest, slug: str) -> HttpResponse:
    """One topic: what it covers, what trends in it now, and what came last."""
    found = get_object_or_404(Topic.objects.active(), slug=slug)
    now = timezone.now()
    papers = entries.of_topic(Paper.objects.shown(), found)
    trending = entries.entries_of(papers.by_trend(), now, most=TRENDING)
    dated = papers.last_listed()
    today = now.date()
    month = _dated(
        dated.listed_between(today - MONTH, today)
        .exclude(pk__in=[card.paper_id for card in trending])
        .by_upvotes()[:OF_THE_MONTH]
    )
    shown = [card.paper_id for card in trending + month]
    latest = dated.exclude(pk__in=shown).newest_first()
    context = {
        "topic": found,
        "trending": trending,
        "month": month,
        "latest": _dated(latest[:LATEST]),
        "total": papers.count(),
    }
    return render(request, "papers/topic.html", context)


def _dated(papers: Iterable[Any]) -> list[Card]:
    """Cards with the days on which the papers were listed last; those are annotated."""
    return [card_of(paper, whole, listed_on=paper.listed) for paper in papers]


@require_safe
def search(request: HttpRequest) -> HttpResponseBase:
    """Papers that hold the words of `?q=`; an identifier or a link to a paper leads to it."""
    query = searching.cleaned(request.GET.get("q", ""))
    elsewhere = ""
    if query:
        try:
            named = identifier(query)
        except UnknownIdentifier:
            named = ""
        paper = Paper.objects.unhidden().called(named) if named else None
        if paper is not None:
            return redirect(paper)
        elsewhere = named if page_of(named) else ""
    as_typed = request.GET.get("as") == "typed"
    filters, unread = searching.filters.read(request.GET)
    now = timezone.now()
    if filters.order == searching.filters.DATE:
        before = _id_of(request.GET.get("before", ""))
        found = searching.latest(
            query, filters, before=before, most=FOUND, as_typed=as_typed, now=now
        )
    else:
        found = searching.find(query, as_typed=as_typed, filters=filters, now=now)
    at = Paginator(found.papers, FOUND).get_page(request.GET.get("page"))
    highlighter = Highlighter(found.query)
    context = {
        "query": query,
        "as_typed": as_typed,
        "found": found,
        "page": at,
        "entries": search_results.entries_of(found, list(at.object_list), highlighter, now),
        "filters": filters,
        "unread": unread,
        "kept": urlencode(
            [(k, v) for k, v in request.GET.items() if k in KEPT and v and "\0" not in v]
        ),
        "older": found.papers[-1] if found.is_capped and filters.order == "date" else None,
        "topic_fields": by_field(Topic.objects.active()),
        "sources": Source.objects.filter(Exists(Feature.objects.filter(source=OuterRef("pk")))),
        "highlighter": highlighter,
        "elsewhere": page_of(elsewhere),
        "elsewhere_name": label_of(elsewhere),
        "suggested": [] if found.papers else suggestions.topics_for(query),
        "examples": [] if query else suggestions.searches(timezone.now().date()),
    }
    return render(request, "papers/search.html", context)


def _other_names(paper: Paper, works: Sequence[int]) -> list[Link]:
    """What else the work is called, and where that is read: names that are papers of their own and
    names that sources say it has, each once.
    """
    said = PaperName.objects.filter(paper__in=works, kind__in=(PaperName.OWN, PaperName.SAME))
    names = set(said.values_list("identifier", flat=True)) - {paper.identifier}
    return [
        Link(f"{label_of(name)} {name.partition(':')[2]}", page)
        for name in sorted(names, key=rank_of)
        if (page := page_of(name))
    ]


@require_safe
def search_suggestions(request: HttpRequest) -> HttpResponse:
    """What a reader may mean by what is typed so far, as a part of the search page."""
    found = completions.completions(request.GET.get("q", ""))
    context = {"topics": found.topics, "authors": found.authors, "titles": found.titles}
    return render(request, "papers/_suggestions.html", context)


def _id_of(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _named(text: str) -> Paper | None:
    name = _spelled(text)
    return Paper.objects.unhidden().called(name) if name else None


def _spelled(text: str) -> str:
    """The one spelling of an identifier; empty for what is none."""
    try:
        return identifier(text)
    except UnknownIdentifier:
        return ""
