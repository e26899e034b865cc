"""A paper that an editor hides, for whatever day, stands nowhere until the hide is lifted."""

import datetime as dt
import re

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from newsletter.delivery import planning, worker
from newsletter.delivery.composing import compose_for
from newsletter.digests.readers import readers_of
from newsletter.issues.freezing import build_issue
from newsletter.models import Delivery, IssuePaper
from papers.models import Paper, Pick
from papers.search import related
from subscriptions import links
from tests.factories import DAY, NOW, make_delivery, make_match, make_paper, make_subscriber
from tests.factories import make_topic as topic_named
from tests.newsletter.transports import RecordingTransport

pytestmark = pytest.mark.django_db
TITLE = "Zebras cross the street"
OTHER = "Giraffes wait at the light"
FROZEN = dt.datetime.combine(DAY + dt.timedelta(days=1), dt.time(1), dt.UTC)


@pytest.fixture(autouse=True)
def _morning():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def paper():
    """A paper in an issue of its day, beside another one, in a topic and in Alice's digest."""
    topic = topic_named("Animals")
    found = make_paper(TITLE, trending_score=9.0)
    make_match(found, topic)
    make_match(make_paper(OTHER), topic)
    issue = build_issue(DAY, FROZEN)
    assert issue is not None
    alice = make_subscriber(topics=[topic])
    rows = [
        [place.paper_id, place.pk, [topic.pk], "why"]
        for place in IssuePaper.objects.filter(issue=issue)
    ]
    make_delivery(issue, alice, state=Delivery.State.SENT, sent_at=NOW, choices=rows)
    return found


def private(kind: str) -> str:
    row = Delivery.objects.get()
    assert row.subscriber is not None
    held = row.subscriber.pk, row.subscriber.link_version
    if kind == "feed":
        return links.feed_path(*held)
    token = links.token(links.Purpose.DIGEST, *held, row.pk)
    return reverse("newsletter:digest", args=[token])


def newest_papers_sitemap() -> str:
    """The last of those of papers: where a paper stands is told by its number."""
    index = Client().get("/sitemap.xml").content.decode()
    found: list[str] = re.findall(r"<loc>[^<]*?(/sitemap-papers\.xml[^<]*)</loc>", index)
    return found[-1]


PLACES = {
    "home": lambda: "/",
    "day": lambda: f"/day/{DAY}/",
    "week": lambda: "/week/2026-W24/",
    "month": lambda: "/month/2026-06/",
    "issue": lambda: f"/issues/{DAY}/",
    "archive": lambda: "/issues/",
    "topic": lambda: "/topics/t-animals/",
    "feed": lambda: "/feeds/papers.atom",
    "topic feed": lambda: "/topics/t-animals/feed.atom",
    "search": lambda: "/search/?q=zebras",
    "paper": lambda: Paper.objects.get(title=TITLE).get_absolute_url(),
    "sitemap": newest_papers_sitemap,
    "live preview": lambda: "/preview/?topics=t-animals",
    "a reader's digest": lambda: private("digest"),
    "a reader's feed": lambda: private("feed"),
}

HIDES = {
    "never": (None, True),
    "on its own day": (DAY, False),
    "on an earlier day": (DAY - dt.timedelta(days=9), False),
    "on a later day": (DAY + dt.timedelta(days=1), False),
}


def is_shown_at(place: str, paper: Paper) -> bool:
    response = Client().get(PLACES[place](), secure=True)
    if place == "paper" and response.status_code == 404:
        return False
    assert response.status_code == 200, (place, response.status_code)
    said = response.content.decode()
    return (paper.get_absolute_url() if place in {"sitemap", "search"} else TITLE) in said


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("day", "shown"), HIDES.values(), ids=HIDES)
def test_a_hide_on_any_day_hides_the_paper_everywhere(paper, place, day, shown):
    is_shown_at(place, paper)  # whatever keeps pages has this one now
    hide = day and Pick.objects.create(day=day, paper=paper, kind=Pick.Kind.HIDE)

    assert is_shown_at(place, paper) is shown

    if hide:
        hide.delete()
        assert is_shown_at(place, paper)


@pytest.mark.parametrize("address", ["/calendar/2026-06/", "/issues/"])
def test_a_hidden_paper_is_not_counted(paper, address):
    def counted() -> str:
        headers = {"HX-Request": "true"}
        return Client().get(address, secure=True, headers=headers).content.decode()

    two = counted()
    Pick.objects.create(day=DAY - dt.timedelta(days=1), paper=paper, kind=Pick.Kind.HIDE)
    one = counted()

    assert "2 papers" in two
    assert "2 papers" not in one
    assert "1 paper" in one


def test_a_day_of_hidden_papers_is_a_day_without_papers(paper):
    late = make_paper("A late one", day=DAY + dt.timedelta(days=1))
    Pick.objects.create(day=DAY, paper=late, kind=Pick.Kind.HIDE)

    assert "A late one" not in Client().get("/", secure=True).content.decode()
    assert TITLE in Client().get("/", secure=True).content.decode()


def test_a_hidden_paper_is_not_frozen_into_a_later_issue(paper):
    again = DAY + dt.timedelta(days=1)
    paper.features.create(source=paper.features.get().source, day=again)
    make_paper("Another", day=again)
    Pick.objects.create(day=DAY, paper=paper, kind=Pick.Kind.HIDE)

    issue = build_issue(again, NOW)

    assert issue is not None
    assert [place.paper.title for place in issue.places.all()] == ["Another"]


def test_a_hidden_paper_is_not_related_to_any(paper, monkeypatch):
    other = Paper.objects.get(title=OTHER)
    Pick.objects.create(day=DAY, paper=paper, kind=Pick.Kind.HIDE)

    assert paper not in related.related_to(other)


def test_a_hide_after_freezing_keeps_the_row_and_everybodys_rank(paper):
    before = list(IssuePaper.objects.order_by("rank").values_list("paper_id", "rank"))
    Pick.objects.create(day=DAY, paper=paper, kind=Pick.Kind.HIDE)

    assert list(IssuePaper.objects.order_by("rank").values_list("paper_id", "rank")) == before


class TestDigests:
    """Digests that were not composed when the paper was hidden."""

    @pytest.fixture
    def bob(self, paper):
        return make_subscriber("bob@example.org", topics=[topic_named("Animals")])

    def send(self, tmp_path, transport=None):
        planning.plan(NOW)
        transport = transport or RecordingTransport()
        worker.drain(transport=transport, directory=tmp_path, clock=lambda: NOW)
        return transport

    @pytest.mark.parametrize(("day", "shown"), HIDES.values(), ids=HIDES)
    def test_do_not_hold_it(self, paper, bob, tmp_path, day, shown):
        if day:
            Pick.objects.create(day=day, paper=paper, kind=Pick.Kind.HIDE)

        sent = self.send(tmp_path).sent

        assert len(sent) == 1
        assert (TITLE.encode() in sent[0].as_bytes()) is shown

    def test_follow_a_hide_with_the_next_batch_and_its_lifting_too(
        self, paper, bob, tmp_path, settings
    ):
        settings.DELIVERY_BATCH = 1
        topic = topic_named("Animals")
        for name in ("charlie", "dave", "eve"):
            make_subscriber(f"{name}@example.org", topics=[topic])

        class Editor(RecordingTransport):
            """Hides the paper once the first digest is out, and lifts it after the third."""

            def send(self, mail):
                outcome = super().send(mail)
                if len(self.sent) == 1:
                    Pick.objects.create(day=DAY, paper=paper, kind=Pick.Kind.HIDE)
                if len(self.sent) == 3:
                    Pick.objects.all().delete()
                return outcome

        sent = self.send(tmp_path, Editor()).sent

        assert [TITLE.encode() in mail.as_bytes() for mail in sent] == [True, False, False, True]

    def test_who_had_it_does_not_get_it_again_after_a_lifted_hide(self, paper, tmp_path):
        hide = Pick.objects.create(day=DAY, paper=paper, kind=Pick.Kind.HIDE)
        hide.delete()
        again = DAY + dt.timedelta(days=1)
        paper.features.create(source=paper.features.get().source, day=again)
        make_match(make_paper("Another", day=again), topic_named("Animals"))
        build_issue(again, NOW)
        later = build_issue(again, NOW)
        alice = Delivery.objects.get().subscriber
        assert alice is not None
        assert later is not None

        _, choices = compose_for(later, readers_of([alice.pk])[0][alice.pk])

        assert [one.place.card.title for one in choices] == ["Another"]
