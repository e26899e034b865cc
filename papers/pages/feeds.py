"""Atom feeds (RFC 4287) of the day's papers, of a field's and of a topic's.

A feed is made, hashed and then sent or not: the hash is its ETag, so that a reader's program that
asks every few minutes gets an empty 304 until something that it would show has changed.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import format_html_join
from django.utils.http import http_date
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_safe

from papers import site
from papers.cards import Link, card_of, whole
from papers.fields import FIELDS
from papers.models import Feature, Paper, PaperQuerySet
from papers.pages import entries
from papers.pages.ended_topics import offered_or_successor

DAYS = 3
"""Days that have papers and stand in the feed together, for programs that ask once in a while."""

MOST = 100
"""Entries of a feed, at most."""

MAX_AGE = 300
"""Seconds for which a program need not ask again."""

# What XML 1.0 cannot hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class FeedOfPapers(Atom1Feed):
    """An Atom feed whose entries name each author by themselves, as RFC 4287 has it."""

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        """Write what Django writes, and before it an author element for each of `authors`."""
        for name in item.get("authors", ()):
            handler.startElement("author", {})
            handler.addQuickElement("name", name)
            handler.endElement("author")
        super().add_item_elements(handler, item)


@require_safe
def papers_feed(request: HttpRequest) -> HttpResponseBase:
    """The papers of the last days that have any, newest day first."""
    ids = entries.of_days(_last_days(), MOST)
    return _answer(
        request,
        title=site.current().name,
        subtitle=gettext("Each day’s trending research papers"),
        page="/",
        papers=Paper.objects.shown().filter(pk__in=ids),
    )


@require_safe
def topic_feed(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The newest papers of a topic, or the way to the feed of the one that took its place."""
    topic, is_successor = offered_or_successor(slug)
    if is_successor:
        return redirect("papers:topic_feed", topic.slug)
    newest = entries.newest_of(topic)
    newest.sort(key=lambda one: (-one.listed.toordinal(), *one.by_trend))
    ids = [one.paper_id for one in newest[:MOST]]
    return _answer(
        request,
        title=f"{topic.label} · {site.current().name}",
        subtitle=topic.description,
        page=topic.get_absolute_url(),
        papers=Paper.objects.shown().filter(pk__in=ids),
    )


@require_safe
def field_feed(request: HttpRequest, field: str) -> HttpResponseBase:
    """The most trending papers of a field on the last days that have any, newest day first."""
    name = FIELDS.get(field)
    if name is None:
        raise Http404("no such field")
    ids = entries.of_days(_last_days(), MOST, field)
    return _answer(
        request,
        title=f"{name} · {site.current().name}",
        subtitle=gettext("Each day’s trending research papers"),
        page=reverse("papers:field", args=[field]),
        papers=Paper.objects.shown().filter(pk__in=ids),
    )


def _last_days() -> list[dt.date]:
    """The last `DAYS` days that have papers, the newest first."""
    return list(islice(Feature.objects.shown().days(timezone.now().date()), DAYS))


def _answer(
    request: HttpRequest, *, title: str, subtitle: str, page: str, papers: PaperQuerySet
) -> HttpResponseBase:
    # Typed loosely, since what is annotated is not an attribute of every paper.
    newest: list[Any] = list(papers.with_topics().newest_first()[:MOST])
    # Trend decides which papers are in; it must not move them about and make the feed look new.
    newest.sort(key=lambda paper: (_moment(paper.listed, paper), paper.pk), reverse=True)
    feed = new_feed(request, title=title, subtitle=subtitle, page=page)
    for paper in newest:
        _add(feed, paper, _moment(paper.listed, paper))
    changed = max(
        (max(_moment(paper.listed, paper), paper.created_at) for paper in newest), default=None
    )
    response = answer(request, feed, changed, f"public, max-age={MAX_AGE}")
    patch_vary_headers(response, ("Cookie",))  # which may hold the language
    return response


def new_feed(request: HttpRequest, *, title: str, subtitle: str, page: str) -> Atom1Feed:
    """A feed without entries, in the active language, that stands at the request's address; `page`
    is the path of what it belongs to.
    """
    address = f"{settings.SITE_URL}{request.path}"
    return FeedOfPapers(
        title=xml_text(title),
        link=f"{settings.SITE_URL}{page}",
        description="",
        author_name=xml_text(site.current().curator),
        subtitle=xml_text(subtitle),
        feed_url=address,
        feed_guid=address,
        language=get_language() or "en",
    )


def answer(
    request: HttpRequest, feed: Atom1Feed, changed: dt.datetime | None, cache_control: str
) -> HttpResponseBase:
    """The feed, or 304 to a program that has it already. `changed` is when an entry last came in,
    None where there is none.
    """
    body = feed.writeString("utf-8")
    if not feed.items:  # Django gives the present moment, and the feed would never look the same.
        body = re.sub(r"(?<=<updated>)[^<]*", "1970-01-01T00:00:00Z", body, count=1)
    etag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    response = HttpResponse(body, content_type="application/atom+xml; charset=utf-8")
    response["ETag"] = etag
    response["Cache-Control"] = cache_control
    if changed:
        response["Last-Modified"] = http_date(changed.timestamp())
    return (
        get_conditional_response(
            request, etag, int(changed.timestamp()) if changed else None, response
        )
        or response
    )


def _moment(listed: dt.date | None, paper: Paper) -> dt.datetime:
    """When a source last listed the paper; when we met it, where none did."""
    return dt.datetime.combine(listed, dt.time(), dt.UTC) if listed else paper.created_at


def _add(feed: Atom1Feed, paper: Paper, listed: dt.datetime) -> None:
    topics = tuple(
        Link(match.topic.label, match.topic.get_absolute_url()) for match in paper.shown_matches
    )
    card = card_of(paper, whole, topics=topics)
    address = f"{settings.SITE_URL}{card.path}"
    parts = [card.byline, card.excerpt, row_of(card.links)]
    feed.add_item(
        title=xml_text(card.title),
        link=address,
        unique_id=address,
        description=xml_text(paragraphs(parts)),
        authors=[xml_text(str(name)) for name in paper.authors],
        categories=[xml_text(topic.name) for topic in card.topics],
        pubdate=listed,
        updateddate=listed,
    )


def paragraphs(parts: Iterable[str]) -> SafeString:
    """Those of `parts` that are not empty, as paragraphs; what is not HTML is escaped."""
    return format_html_join("", "<p>{}</p>", ((part,) for part in parts if part))


def row_of(links: Iterable[Link]) -> SafeString:
    """The links in a row; empty where there are none."""
    return format_html_join(" · ", '<a href="{}">{}</a>', ((url, name) for name, url in links))


def xml_text(text: str) -> str:
    """`text` without what XML cannot hold."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
