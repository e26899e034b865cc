"""Corrections while digests go out: those that wait follow, those that are gone are counted."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from newsletter.delivery import worker
from newsletter.digests.tracked_links import targets, token_of
from newsletter.issues import corrections
from newsletter.models import Correction, Delivery, Issue, IssuePaper
from papers.cards import Card
from papers.models import Pick
from tests.factories import (
    DAY,
    NOW,
    make_delivery,
    make_frozen_issue,
    make_match,
    make_paper,
    make_subscriber,
    make_topic,
)
from tests.newsletter.transports import RecordingTransport

pytestmark = pytest.mark.django_db

WRONG, RIGHT = "https://example.org/wrong", "https://example.org/right"


@pytest.fixture
def issue() -> Issue:
    topic = make_topic("Agents")
    make_match(make_paper("Agents everywhere", code_url=WRONG, trending_score=2), topic)
    make_match(make_paper("Agents nowhere", trending_score=1), topic)
    found = make_frozen_issue()
    assert found is not None
    for name in ("alice", "bob"):
        make_delivery(found, make_subscriber(f"{name}@example.org", topics=[topic]))
    return found


@pytest.fixture
def place(issue) -> IssuePaper:
    found: IssuePaper = issue.places.get(rank=1)
    return found


def later(minutes: int) -> dt.datetime:
    return NOW + dt.timedelta(minutes=minutes)


def body_of(mail) -> str:
    return "".join(fragment.text for fragment in mail.text)


def send_with(tmp_path, meanwhile, monkeypatch) -> list[str]:
    """Send one after the other, with `meanwhile` after the first; the texts of the mails."""
    monkeypatch.setattr(worker, "FIRST_PACE", 1_000.0)  # a batch of one
    transport = RecordingTransport()
    send = transport.send

    def send_and_go_on(mail):
        outcome = send(mail)
        if len(transport.sent) == 1:
            meanwhile()
        return outcome

    monkeypatch.setattr(transport, "send", send_and_go_on)
    moments = iter(later(minutes) for minutes in range(0, 10_000, 3))
    worker.drain(transport=transport, directory=tmp_path, clock=lambda: next(moments))
    return [body_of(mail) for mail in transport.sent]


def test_a_mended_link_is_in_what_waits_and_works_in_what_is_gone(
    place, tmp_path, monkeypatch, settings
):
    settings.TRACK_CLICKS = False
    first, second = send_with(
        tmp_path,
        lambda: corrections.mend(place, {"code_url": RIGHT, "note": "Mended."}, NOW, by=None),
        monkeypatch,
    )
    assert WRONG in first
    assert WRONG not in second
    assert RIGHT in second
    assert "Mended." in second
    assert place.card["code_url"] == WRONG  # what was frozen stays
    html = Client().get(reverse("newsletter:issue", args=[DAY])).content.decode()
    assert RIGHT in html
    assert WRONG not in html


def test_a_note_of_the_issue_reaches_those_that_wait(issue, tmp_path, monkeypatch):
    first, second = send_with(
        tmp_path, lambda: Issue.objects.update(note="We are sorry about that."), monkeypatch
    )
    assert "sorry" not in first
    assert "sorry" in second


def test_a_replaced_paper_takes_the_place_with_its_own_topics(place, tmp_path, monkeypatch):
    other_topic = make_topic("Robots")
    robots = make_paper("Robots instead", day=None)
    make_match(robots, other_topic)
    first, second = send_with(
        tmp_path, lambda: corrections.replace(place, robots, NOW, by=None), monkeypatch
    )
    assert "Agents everywhere" in first
    # The other paper isn't of a topic that Bob follows.
    assert "Agents everywhere" not in second
    page = Client().get(reverse("newsletter:issue", args=[DAY])).content.decode()
    assert page.index("Robots instead") < page.index("Agents nowhere")
    assert "Agents everywhere" not in page
    # Hiding the one that stood there hides nothing; hiding the other one does.
    Pick.objects.create(day=DAY, paper=place.paper, kind=Pick.Kind.HIDE)
    shown = IssuePaper.objects.shown()
    assert place in shown
    Pick.objects.create(day=DAY, paper=robots, kind=Pick.Kind.HIDE)
    assert place not in shown.all()


def test_a_paper_that_stands_there_or_is_hidden_replaces_none(issue, place):
    second = issue.places.get(rank=2).paper
    with pytest.raises(corrections.NotReplaceable, match="already"):
        corrections.replace(place, second, NOW, by=None)
    hidden = make_paper("Hidden", day=None)
    Pick.objects.create(day=DAY, paper=hidden, kind=Pick.Kind.HIDE)
    with pytest.raises(corrections.NotReplaceable, match="hidden"):
        corrections.replace(place, hidden, NOW, by=None)
    assert not Correction.objects.exists()


def test_it_counts_whom_it_came_too_late_for(issue, place):
    mine = [[place.paper_id, place.pk, [1], "why"]]
    other = issue.places.get(rank=2)
    choices = {
        "had": (mine, later(-5)),
        "composed just before": (mine, later(0)),
        "after": (mine, later(30)),
        "other": ([[other.paper_id, other.pk, [1], "why"]], later(-5)),
    }
    Delivery.objects.all().delete()
    for name, (chosen, at) in choices.items():
        reader = make_subscriber(f"{name.replace(' ', '.')}@example.org")
        make_delivery(issue, reader, state=Delivery.State.SENT, choices=chosen, sent_at=at)
    corrections.mend(place, {"title": "Agents, really"}, NOW, by=None)
    assert corrections.count_reached(NOW) == 0  # some may be under way
    assert corrections.count_reached(later(2)) == 1
    assert Correction.objects.get().reached == 2
    corrections.mend(place, {"title": "Agents, truly"}, later(3), by=None)
    assert Correction.objects.get().reached is None


def test_taking_it_back_and_mending_back_shows_what_was_frozen(place):
    corrections.mend(place, {"title": "Another"}, NOW, by=None)
    assert IssuePaper.objects.shown().get(pk=place.pk).card_now["title"] == "Another"
    assert corrections.take_back(place)
    again = IssuePaper.objects.shown().get(pk=place.pk)
    assert again.card_now["title"] == "Agents everywhere"
    assert not corrections.take_back(place)


def test_a_tracked_link_leads_to_the_mended_address(place, settings):
    settings.TRACK_CLICKS = False
    delivery = Delivery.objects.select_related("subscriber").all()[0]
    assert delivery.subscriber is not None
    token = token_of(delivery.subscriber.pk, delivery.subscriber.link_version, delivery.pk)
    number = targets(Card.from_dict(place.card)).index(WRONG)
    address = reverse("newsletter:follow", args=[token, place.pk, number])
    assert Client().get(address)["Location"] == WRONG
    corrections.mend(place, {"code_url": RIGHT}, NOW, by=None)
    assert Client().get(address)["Location"] == RIGHT
