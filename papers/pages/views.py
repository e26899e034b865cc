"""Pages about papers and topics. They only read, and show the same to everyone."""

import datetime as dt
from collections.abc import Sequence
from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from papers import search as searching
from papers.cards import Card, Link, brief, card_of, whole
from papers.fields import FIELDS
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
from papers.models.match import NEVER
from papers.pages import entries, explanation, search_results, sharing
from papers.pages.charts import line_chart
from papers.pages.ended_topics import offered_or_successor
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

KEPT = {"q", "as", "field", "topic", "source", "author", "since", "until", "code", "order"}
"""What the address of a search says besides the page."""

OLDER = 60
"""Papers on each of the pages after that."""

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
    active = list(Topic.objects.active())
    counts = entries.papers_of(active)
    for each in active:
        each.paper_count = counts[each.pk]
    return render(request, "papers/topics.html", {"fields": by_field(active)})


@require_safe
def field(request: HttpRequest, field: str) -> HttpResponse:
    """One field: its topics, and the most trending papers of its last days, or of the days up to
    `?until=`.
    """
    name = FIELDS.get(field)
    if name is None:
        raise Http404("no such field")
    now = timezone.now()
    until = _day_of(request.GET.get("until", ""))
    days, rest = entries.days_of_field(field, min(until or now.date(), now.date()), now)
    mine = [each for each in by_field(Topic.objects.active()) if each.key == field]
    context = {
        "key": field,
        "name": name,
        "until": until,
        "days": days,
        "rest": rest,
        "topics": [topic for each in mine for topic in each.topics],
    }
    return render(request, "papers/field.html", context)


@require_safe
def topic(request: HttpRequest, slug: str) -> HttpResponse:
    """One topic: what it covers, what trends in it now, and what came last; or, from the place
    `?after=` on, all of its papers, page by page. A topic that was merged into another, or renamed,
    leads there.
    """
    found, is_successor = offered_or_successor(slug)
    if is_successor:  # for now: an ended topic may be offered again
        return redirect(found)
    context = {"topic": found, "total": entries.papers_of([found])[found.pk]}
    after = _place_of(request.GET.get("after", ""))
    if after:
        older = entries.newest_of(found, OLDER + 1, after)
        shown = older[:OLDER]
        context |= {"latest": _dated(shown), "last": shown[-1] if len(older) > OLDER else None}
        return render(request, "papers/topic_older.html", context)
    now = timezone.now()
    today = now.date()
    newest = entries.newest_of(found)
    trending = sorted(newest, key=lambda one: one.by_trend)[:TRENDING]
    this_month = [one for one in newest if today - MONTH <= one.listed <= today]
    month = [
        one for one in sorted(this_month, key=lambda one: one.by_upvotes) if one not in trending
    ][:OF_THE_MONTH]
    rest = [one for one in newest if one not in trending and one not in month]
    latest = rest[:LATEST]
    ids = [one.paper_id for one in trending]
    context |= {
        "trending": entries.entries_of(Paper.objects.in_order(ids), now, most=TRENDING),
        "month": _dated(month),
        "latest": _dated(latest),
        "last": latest[-1] if len(rest) > LATEST else None,
    }
    return render(request, "papers/topic.html", context)


def _dated(placed: Sequence[entries.Placed]) -> list[Card]:
    """Cards with the days on which the papers were listed last, in their order. One query."""
    papers = Paper.objects.in_bulk([one.paper_id for one in placed])
    return [
        card_of(
            papers[one.paper_id],
            whole,
            listed_on=one.listed if one.listed != NEVER else None,
        )
        for one in placed
        if one.paper_id in papers
    ]


def _place_of(text: str) -> tuple[dt.date, int] | None:
    """A place among a topic's papers, as its pages write it: 2026-06-10.123. None for all else."""
    written, _, number = text.partition(".")
    day, paper_id = _day_of(written), _id_of(number)
    return (day, paper_id) if day and paper_id is not None else None


def _day_of(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


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
        "fields": FIELDS,
        "topic_fields": by_field(Topic.objects.active()),
        "sources": Source.objects.listing(),
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
