"""The day's papers and the issues. Pages that only read; what changes anything is elsewhere."""

import datetime as dt
from dataclasses import replace
from itertools import groupby
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from newsletter.cards import Card
from newsletter.models import Issue, IssuePaper
from papers import pages
from papers.models import Topic
from papers.printed import printed_page
from subscriptions import links
from subscriptions.forms import SubscribeForm
from subscriptions.signed import Reader, signed

ISSUES_ON_A_PAGE = 93
"""About three months of the archive."""


@require_safe
def home(request: HttpRequest) -> HttpResponseBase:
    """The newest day that has papers: today's, or the last one's until today's are listed."""
    return _front_page(request, None)


@require_safe
def day(request: HttpRequest, day: dt.date) -> HttpResponseBase:
    """The papers of `day`, or why there are none; days out of our time are not found."""
    return _front_page(request, day)


def _front_page(request: HttpRequest, wanted: dt.date | None) -> HttpResponseBase:
    now = timezone.now()
    today = now.date()
    slug = request.GET.get("topic", "")
    topic = Topic.objects.active().filter(slug=slug[:50]).first() if slug else None

    def context() -> dict[str, Any]:
        day = wanted or pages.latest_day(today)
        if wanted:
            first = pages.first_day()
            if first is None or not first <= wanted <= today:
                raise Http404("a day without papers, before the first or after today")
        return {
            "page": pages.day_of(day, now, topic) if day else None,
            "today": today,
            "is_home": wanted is None,
            "unknown_topic": bool(slug) and topic is None,
            "form": SubscribeForm(initial={"topics": [topic.slug]} if topic else None),
        }

    key = wanted, today, topic.slug if topic else bool(slug)
    return printed_page(request, "newsletter/home.html", key, context)


@require_safe
def issues(request: HttpRequest) -> HttpResponse:
    """The archive: every issue, by month, newest first."""
    all_issues = Issue.objects.annotate(paper_count=Count("places")).order_by("-day")
    page = Paginator(all_issues, ISSUES_ON_A_PAGE).get_page(request.GET.get("page"))
    shown = list(page)
    first_places = IssuePaper.objects.filter(issue__in=shown, rank=1)
    titles = {place.issue_id: Card.from_dict(place.card).title for place in first_places}
    months = [
        (month, [(issue, titles.get(issue.pk, "")) for issue in of_month])
        for month, of_month in groupby(shown, key=lambda issue: issue.day.replace(day=1))
    ]
    return render(request, "newsletter/issues.html", {"months": months, "page": page})


@require_safe
def issue(request: HttpRequest, day: dt.date) -> HttpResponse:
    """One issue as it was frozen."""
    found = get_object_or_404(Issue, day=day)
    places = list(found.places.order_by("rank"))
    topics = Topic.objects.in_bulk({int(pk) for place in places for pk in place.topics})
    context = {
        "issue": found,
        "entries": [_entry_of(place, topics) for place in places],
        "earlier": Issue.objects.filter(day__lt=day).order_by("-day").first(),
        "later": Issue.objects.filter(day__gt=day).order_by("day").first(),
    }
    return render(request, "newsletter/issue.html", context)


@require_safe
@signed(links.Purpose.DIGEST)
def digest(request: HttpRequest, reader: Reader) -> HttpResponse:
    """A reader's own digest on the web, with all its papers, behind the link in the mail."""
    subscriber = reader.subscriber
    delivery = get_object_or_404(
        subscriber.deliveries.select_related("issue"), pk=reader.claims.extra
    )
    places = IssuePaper.objects.in_bulk([place for _, place, _, _ in delivery.choices])
    topics = Topic.objects.in_bulk({pk for _, _, mine, _ in delivery.choices for pk in mine})
    held = subscriber.pk, subscriber.link_version
    entries = [
        replace(
            _entry_of(places[place], topics),
            why=why,
            answers=(
                (gettext("More like this"), links.feedback_path(*held, paper, "more")),
                (gettext("Less like this"), links.feedback_path(*held, paper, "less")),
            ),
        )
        for paper, place, _, why in delivery.choices
        if place in places
    ]
    context = {
        "issue": delivery.issue,
        "entries": entries,
        "preferences": links.preferences_path(*held),
        "unsubscribe": links.unsubscribe_path(*held),
    }
    return render(request, "newsletter/digest.html", context)


def _entry_of(place: IssuePaper, topics: dict[int, Topic]) -> pages.Entry:
    card = Card.from_dict(place.card)
    matched = [topics[int(pk)] for pk in place.topics if int(pk) in topics]
    return pages.Entry(
        paper_id=place.paper_id,
        url=card.path,
        title=card.title,
        byline=card.byline,
        organization=card.organization,
        abstract=card.excerpt,
        rest="",
        upvotes=card.upvotes,
        comments=card.comments,
        stars=card.stars,
        upvotes_gained=card.upvotes_gained,
        stars_gained=None,
        topics=tuple((topic.name, topic.get_absolute_url()) for topic in matched),
        links=pages.links_of(card.abstract_url, card.pdf_url, card.code_url, card.project_url),
        plate=pages.plate_of(card.identifier),
        note=card.note,
        is_pick=card.is_pick,
    )


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Everything may be found but the admin and searches; signed links say "noindex" themselves."""
    lines = [
        "User-agent: *",
        "Disallow: /admin/",
        "Disallow: /dev/",
        "Disallow: /search/",
        "Disallow: /t/",
        "",
        f"Sitemap: {settings.SITE_URL}{reverse('newsletter:sitemap')}",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
