"""A reader's private Atom feed: the papers of their digests, each with the reason why.

It reads the ledger and so equals what was emailed; who takes the feed instead of mail has a row
there all the same, settled without an email. Whoever knows the address reads along, and some feed
programs publish what they fetch: so nothing in the feed leads to the reader's preferences, to
their address, or to upvotes in their name.
"""

import datetime as dt
from dataclasses import replace

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone, translation
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from newsletter.digests import interests, retractions
from newsletter.digests.choices import chosen_papers
from newsletter.digests.selection import Fallen
from newsletter.models import IssuePaper
from papers import site
from papers.cards import Card, Link, answers
from papers.models import Topic
from papers.pages.feeds import MAX_AGE, answer, new_feed, paragraphs, row_of, xml_text
from subscriptions import links
from subscriptions.models import Subscriber
from subscriptions.pages.signed import keep_private, reader_of

DIGESTS = 14
"""How many of the last digests a feed holds, for programs that are opened now and then."""

MOST = 100
"""Entries of a feed, at most."""


@require_safe
def private_feed(request: HttpRequest, token: str) -> HttpResponseBase:
    """The feed behind its signed address. 410, which tells a program to stop asking, once the
    address was invalidated or the reader has left or was erased.
    """
    reader = reader_of(links.Purpose.FEED, token, timezone.now())
    if not isinstance(reader, int) and not reader.subscriber.is_mailable:
        reader = 410
    if isinstance(reader, int):
        gone = HttpResponse("There is no feed at this address.\n", "text/plain", status=reader)
        return keep_private(gone)
    with translation.override(reader.subscriber.language):
        response = _feed(request, reader.subscriber)
    # Not `keep_private`: a program may keep the feed, or it could not ask whether it changed.
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex"
    return response


def _feed(request: HttpRequest, subscriber: Subscriber) -> HttpResponseBase:
    feed = new_feed(
        request,
        title=gettext("Your digest · %(site)s") % {"site": site.current().name},
        subtitle=gettext("Trending papers for you, each with the reason why"),
        page="/",
    )
    deliveries = list(subscriber.deliveries.readable()[:DIGESTS])
    chosen = [chosen_papers(delivery.choices) for delivery in deliveries]
    wanted = [one.place_id for papers in chosen for one in papers]
    places = IssuePaper.objects.shown().in_bulk(wanted)
    names = Topic.objects.named().by_id
    followed = interests.reasons_in(deliveries)
    told = retractions.told_in_each(deliveries)
    for delivery, papers in zip(deliveries, chosen, strict=True):
        for fallen in told.get(delivery.pk, ()):
            if len(feed.items) < MOST:
                _add_fallen(feed, fallen, delivery.due_at + dt.timedelta(seconds=1))
        for at, one in enumerate(papers):
            if one.place_id in places and len(feed.items) < MOST:
                # Programs sort by time: a second each keeps the digest's own order.
                moment = delivery.due_at - dt.timedelta(seconds=at)
                mine = [names[topic] for topic in one.topic_ids if topic in names]
                reason = followed.get(delivery.pk, {}).get(one.place_id, "")
                why = interests.with_reason(reason, one.why)
                _add(feed, subscriber, places[one.place_id], one.paper_id, why, mine, moment)
    newest = max((delivery.due_at for delivery in deliveries), default=None)
    return answer(request, feed, newest, f"private, max-age={MAX_AGE}")


def _add_fallen(feed: Atom1Feed, one: Fallen, moment: dt.datetime) -> None:
    """Say that a paper was retracted."""
    address = links.absolute(one.path)
    status = gettext("Retracted") if one.is_retracted else gettext("Withdrawn")
    notice = [Link(gettext("Read the notice"), one.notice)] if one.notice else []
    feed.add_item(
        title=xml_text(f"{status}: {one.title}"),
        link=address,
        unique_id=f"{address}#retracted",
        description=xml_text(
            paragraphs((gettext("You received, saved or liked this earlier."), row_of(notice)))
        ),
        pubdate=moment,
        updateddate=moment,
    )


def _add(
    feed: Atom1Feed,
    subscriber: Subscriber,
    place: IssuePaper,
    paper_id: int,
    why: str,
    topics: list[str],
    moment: dt.datetime,
) -> None:
    signed_for = subscriber.pk, subscriber.link_version, paper_id
    more, less = (
        links.absolute(links.feedback_path(*signed_for, word, is_shared=True))
        for word in ("more", "less")
    )
    save = links.absolute(links.save_path(*signed_for, is_shared=True))
    card = Card.from_dict(place.card_had(paper_id))
    card = card if subscriber.machine_summaries else card.without_machine
    card = replace(card, why=why, answers=answers(more, less, save))
    address = links.absolute(card.path)
    feed.add_item(
        title=xml_text(card.title),
        link=address,
        # Not the paper's own address, which is its id in the feeds that everybody reads: a
        # program that follows both would drop one of the two, perhaps the one with the reason.
        unique_id=f"{address}#digest",
        description=xml_text(_content(card)),
        authors=[xml_text(name) for name in card.authors],
        categories=[xml_text(name) for name in topics],
        pubdate=moment,
        updateddate=moment,
    )


def _content(card: Card) -> SafeString:
    return paragraphs(
        (
            format_html("<em>{}</em>", card.why),
            card.byline,
            card.note and format_html("<b>{}</b> {}", gettext("The editor:"), card.note),
            " ".join(filter(None, (card.excerpt_origin, card.excerpt))) if card.excerpt else "",
            row_of(card.links),
            row_of(card.answers),
        )
    )
