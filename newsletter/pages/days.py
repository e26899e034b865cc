"""The day's papers and the issues. Pages that only read; what changes anything is elsewhere."""

import datetime as dt
import re
from dataclasses import replace
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Q, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from newsletter.digests import interests, retractions
from newsletter.digests.choices import chosen_papers
from newsletter.models import Delivery, Issue, IssuePaper
from papers import days
from papers.cards import Card, Link, Saving, answers
from papers.fields import FIELDS
from papers.models import Topic
from papers.pages import entries as pages
from papers.pages import periods
from papers.pages.page_cache import cached_page
from papers.pages.periods import Period
from subscriptions import links
from subscriptions.pages.forms import SubscribeForm
from subscriptions.pages.signed import Visitor, keep_private, signed
from subscriptions.readers import reading_list

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
    topic, is_unknown = _topic_of(request)
    field = request.GET.get("field", "")
    if field not in FIELDS:
        field, is_unknown = "", is_unknown or bool(field)
    page = _page_of(request)
    narrowing = urlencode(
        {
            name: value
            for name, value in (("topic", topic and topic.slug), ("field", field))
            if value
        }
    )

    def context() -> dict[str, Any]:
        return _context(now, wanted, topic, field, page) | {
            "unknown_topic": is_unknown,
            "narrowed": f"?{narrowing}" if narrowing else "",
            "kept": f"{narrowing}&" if narrowing else "",
        }

    key = wanted, today, topic.slug if topic else is_unknown, field, page
    return cached_page(request, "newsletter/home.html", key, context)


def _context(
    now: dt.datetime, wanted: dt.date | None, topic: Topic | None, field: str, page: int
) -> dict[str, Any]:
    today = now.date()
    day = wanted or pages.latest_day(today)
    if wanted:
        first = pages.first_day()
        if first is None or not first <= wanted <= today:
            raise Http404("a day without papers, before the first or after today")
    return {
        "page": pages.day_of(day, now, topic, field, page) if day else None,
        "today": today,
        "is_home": wanted is None,
        "is_last_weekday": day == days.last_weekday(today),
        "form": _form(topic),
        "week": periods.week_of(day) if day else None,
        "calendar": pages.calendar(periods.month_of(day), now) if day else None,
    }


def front_page(now: dt.datetime) -> str:
    """The page that everyone sees first, made for a preview and kept nowhere."""
    context = _context(now, None, None, "", 1) | {"here": "newsletter:home", "site_style": ""}
    return render_to_string("newsletter/home.html", context, HttpRequest())


@require_safe
def period(request: HttpRequest, period: Period) -> HttpResponseBase:
    """The papers of a week or a month, page by page; out of our time there are none."""
    now = timezone.now()
    topic, is_unknown = _topic_of(request)
    page = _page_of(request)

    def context() -> dict[str, Any]:
        span = pages.span_of(period, now, topic, page)
        if span is None:
            raise Http404("a time without papers, before the first or after today")
        return {
            "span": span,
            "is_current": period.first <= now.date() <= period.last,
            "unknown_topic": is_unknown,
            "narrowed": f"?topic={topic.slug}" if topic else "",
            "form": _form(topic),
            "month": periods.month_of(period.first),
            "calendar": pages.calendar(periods.month_of(min(period.last, now.date())), now),
        }

    key = period, now.date(), topic.slug if topic else is_unknown, page
    return cached_page(request, "newsletter/period.html", key, context)


@require_safe
def calendar(request: HttpRequest, month: Period) -> HttpResponseBase:
    """A month of the calendar, for the page that is open; anyone else is sent to the month."""
    if not request.headers.get("HX-Request"):
        response: HttpResponseBase = redirect("newsletter:month", month)
    else:
        now = timezone.now()

        def context() -> dict[str, Any]:
            found = pages.calendar(month, now)
            if found is None:
                raise Http404("a month without papers, before the first or after today")
            return {"calendar": found, "is_open": True}

        key = month, now.date()
        response = cached_page(request, "newsletter/_calendar.html", key, context)
    patch_vary_headers(response, ("HX-Request",))
    return response


def _page_of(request: HttpRequest) -> int:
    number = request.GET.get("page", "")
    return int(number) if re.fullmatch("[0-9]{1,4}", number) else 1


def _topic_of(request: HttpRequest) -> tuple[Topic | None, bool]:
    """The topic that the visitor narrows the papers down to, and whether there is no such one."""
    slug = request.GET.get("topic", "")
    if not slug or "\0" in slug:  # which PostgreSQL does not take
        return None, bool(slug)
    topic = Topic.objects.active().filter(slug=slug[:50]).first()
    return topic, topic is None


def _form(topic: Topic | None) -> SubscribeForm:
    return SubscribeForm(initial={"topics": [topic.slug]} if topic else None)


@require_safe
def issues(request: HttpRequest) -> HttpResponse:
    """The archive: every issue, by month, newest first."""
    shown_places = Q(places__in=IssuePaper.objects.shown())
    all_issues = Issue.objects.published().annotate(
        paper_count=Count("places", filter=shown_places)
    )
    all_issues = all_issues.order_by("-day")
    page = Paginator(all_issues, ISSUES_ON_A_PAGE).get_page(request.GET.get("page"))
    shown = list(page)
    places = IssuePaper.objects.shown().filter(issue__in=shown)
    best = places.filter(issue=OuterRef("issue")).order_by("rank").values("pk")[:1]
    first_places = places.filter(pk=Subquery(best))
    titles = {place.issue_id: Card.from_dict(place.card_now).title for place in first_places}
    months = []
    for month, group in groupby(shown, key=lambda issue: periods.month_of(issue.day)):
        of_month = list(group)
        weeks = dict.fromkeys(periods.week_of(issue.day) for issue in of_month)
        titled = [(issue, titles.get(issue.pk, "")) for issue in of_month]
        months.append((month, list(weeks), titled))
    return render(request, "newsletter/issues.html", {"months": months, "page": page})


@require_safe
def issue(request: HttpRequest, day: dt.date) -> HttpResponse:
    """One issue as it was frozen."""
    found = get_object_or_404(Issue.objects.published(), day=day)
    page = Paginator(found.places.shown().order_by("rank"), pages.MOST).get_page(_page_of(request))
    places = list(page.object_list)
    topics = Topic.objects.in_bulk({int(pk) for place in places for pk in place.topics_now})
    context = {
        "issue": found,
        "entries": [_card_of(place, topics) for place in places],
        "page": page,
        "earlier": Issue.objects.published().filter(day__lt=day).order_by("-day").first(),
        "later": Issue.objects.published().filter(day__gt=day).order_by("day").first(),
    }
    return render(request, "newsletter/issue.html", context)


@require_safe
def digest(request: HttpRequest, token: str) -> HttpResponse:
    """A reader's own digest. The link in a preview, which is nobody's, leads to the sample that all
    may see.
    """
    try:
        is_of_preview = links.read(links.Purpose.DIGEST, token).version == links.VOID
    except links.BadLink:
        is_of_preview = False
    if is_of_preview:
        return keep_private(redirect("newsletter:sample"))
    return _own_digest(request, token=token)


@signed(links.Purpose.DIGEST)
def _own_digest(request: HttpRequest, reader: Visitor) -> HttpResponse:
    """A reader's own digest on the web, with all its papers, behind the link in the email.

    It is the one link of an email that readers pass on. So the page leads neither to the reader's
    preferences nor to their address, and cannot unsubscribe them; the email does.
    """
    subscriber = reader.subscriber
    deliveries = subscriber.deliveries.filter(letter=None).select_related("issue", "interests_of")
    delivery = deliveries.filter(pk=reader.claims.extra).first()
    if delivery is None:
        # One of a row that was joined with this reader, who had the issue already: what they have.
        is_former = reader.claims.subscriber_id != subscriber.pk
        gone = Delivery.objects.filter(pk=reader.claims.extra, subscriber=None)
        issues = gone.exclude(issue=None).values("issue") if is_former else ()
        delivery = get_object_or_404(deliveries, issue__in=issues)
    papers = chosen_papers(delivery.choices)
    places = IssuePaper.objects.shown().in_bulk([one.place_id for one in papers])
    topics = Topic.objects.in_bulk({pk for one in papers for pk in one.topic_ids})
    holder = subscriber.pk, subscriber.link_version
    followed = interests.reasons_in([delivery]).get(delivery.pk, {})
    saved = reading_list.saved_among(subscriber, [one.paper_id for one in papers])
    entries = [
        replace(
            card if subscriber.machine_summaries else card.without_machine,
            why=interests.with_reason(followed.get(one.place_id, ""), one.why),
            saving=Saving(
                links.save_path(*holder, one.paper_id, is_shared=True),
                one.paper_id,
                one.paper_id in saved,
            ),
            answers=answers(
                _answer(*holder, one.paper_id, "more"),
                _answer(*holder, one.paper_id, "less"),
            ),
        )
        for one in papers
        if one.place_id in places and (card := _card_of(places[one.place_id], topics, one.paper_id))
    ]
    context = {
        "issue": delivery.drawn_on,
        "entries": entries,
        "fallen": retractions.told_in_each([delivery]).get(delivery.pk, []),
    }
    return render(request, "newsletter/digest.html", context)


def _answer(subscriber_id: int, version: int, paper_id: int, value: str) -> str:
    return links.feedback_path(subscriber_id, version, paper_id, value, is_shared=True)


def _card_of(place: IssuePaper, topics: dict[int, Topic], had: int | None = None) -> Card:
    """The card, frozen or corrected since, with links to its topics as they are now. `had`: the
    paper that a digest has there.
    """
    paper_id = had or place.paper_now
    is_now = paper_id == place.paper_now
    mine = place.topics_now if is_now else place.topics
    matched = [topics[int(pk)] for pk in mine if int(pk) in topics]
    return replace(
        Card.from_dict(place.card_had(paper_id)),
        paper_id=paper_id,
        topics=tuple(Link(topic.label, topic.get_absolute_url()) for topic in matched),
    )


@require_safe
@cache_control(public=True, max_age=86_400)
def favicon(request: HttpRequest) -> HttpResponse:
    """Where browsers and feed readers look for an icon without having seen a page."""
    return redirect(static("newsletter/favicon.ico"))


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Everything may be found but the admin and searches; signed links say "noindex" themselves.

    The page on which a search begins may be found, what it finds is found on its own.
    """
    lines = [
        "User-agent: *",
        "Disallow: /admin/",
        "Disallow: /api/",
        "Disallow: /dev/",
        "Disallow: /search/?",
        "Disallow: /t/",
        "Disallow: /upvote/",
        "Disallow: /save/",
        "",
        f"Sitemap: {settings.SITE_URL}{reverse('newsletter:sitemap')}",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
