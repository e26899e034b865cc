"""One paper, wherever readers meet it: the same byline, the same links, the same growth."""

import datetime as dt
import re
from html import unescape

import pytest
import time_machine
from django.urls import reverse

from newsletter.issues.freezing import build_issue
from newsletter.models import Delivery
from newsletter.operations.previews import preview
from papers.models import Observation
from subscriptions import links
from tests.factories import (
    DAY,
    NOW,
    make_delivery,
    make_match,
    make_paper,
    make_source,
    make_subscriber,
    make_topic,
)

pytestmark = pytest.mark.django_db

CODE = "https://github.com/example/code"
BYLINE = "Author 1, Author 2, Author 3 … Author 11, Author 12 (12 authors)"
IN_MAIL = "Author 1, Author 2 … Author 12"
UNSAFE = "https://alice@example.org/project"
WHERE = (
    "day", "week", "paper", "topic", "search", "issue", "digest", "feed", "topic feed",
    "private feed", "mail", "text of the email",
)  # fmt: skip
LISTS = tuple(sorted(set(WHERE) - {"paper"}))
"""Where the byline stands; a paper's own page names all authors."""
GROWTH = ("day", "week", "topic", "search", "issue", "digest", "mail", "text of the email")


@pytest.fixture
def text(client):
    """What readers get, by where they get it."""
    topic = make_topic("Agents")
    paper = make_paper(
        "Granular agents",
        authors=[f"Author {number}" for number in range(1, 13)],
        upvotes=30,
        comments=8,
        stars=100,
        code_url=CODE,
        project_url=UNSAFE,
    )
    paper.observations.all().delete()
    Observation.objects.create(
        paper=paper,
        source=make_source(),
        observed_at=NOW - dt.timedelta(hours=30),
        upvotes=19,
        comments=8,
        stars=101,
    )
    make_match(paper, topic)
    issue = build_issue(DAY, NOW)
    assert issue is not None
    alice = make_subscriber(topics=[topic])
    place = issue.places.get()
    delivery = make_delivery(
        issue,
        alice,
        choices=[[paper.pk, place.pk, [topic.pk], "why"]],
        state=Delivery.State.SENT,
        sent_at=NOW,
    )
    token = links.token(links.Purpose.DIGEST, alice.pk, alice.link_version, delivery.pk)
    addresses = {
        "day": reverse("newsletter:day", args=[DAY]),
        "week": reverse("newsletter:week", args=["2026-W24"]),
        "paper": paper.get_absolute_url(),
        "topic": topic.get_absolute_url(),
        "search": f"{reverse('papers:search')}?q=granular",
        "issue": issue.get_absolute_url(),
        "digest": reverse("newsletter:digest", args=[token]),
        "feed": reverse("papers:feed"),
        "topic feed": reverse("papers:topic_feed", args=[topic.slug]),
        "private feed": links.feed_path(alice.pk, alice.link_version),
    }

    def found(where: str) -> str:
        if "mail" in where:
            mail = preview(
                "digest", NOW, subscriber_id=make_subscriber("b@c.de", topics=[topic]).pk
            )
            return unescape(mail.html) if where == "mail" else mail.text
        with time_machine.travel(NOW, tick=False):
            response = client.get(addresses[where])
        assert response.status_code == 200
        return unescape(unescape(response.content.decode()))

    return found


@pytest.mark.parametrize("where", LISTS)
def test_byline_is_the_same(text, where):
    assert (IN_MAIL if "mail" in where else BYLINE) in " ".join(text(where).split())


@pytest.mark.parametrize("where", WHERE)
def test_links_pass_the_same_check(text, where):
    found = text(where)
    assert CODE in found
    assert "alice@example.org" not in found


@pytest.mark.parametrize("where", GROWTH)
def test_growth_is_the_same(text, where):
    found = re.sub("<[^>]*>", "", text(where))
    gains = [int(number) for number in re.findall(r"(?:\+|, up )(\d+)", found)]
    assert gains == [11]
