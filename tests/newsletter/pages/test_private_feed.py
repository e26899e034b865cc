"""A reader's private feed, and readers who take it instead of mail."""

import datetime as dt
from xml.etree import ElementTree

import pytest
import time_machine
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from newsletter.delivery import ledger, planning, worker
from newsletter.issues.freezing import build_issue
from newsletter.models import Delivery, Issue
from papers.models import Feature, Topic
from subscriptions import links
from subscriptions.models import Feedback, Subscriber
from tests.factories import (
    DAY,
    NOW,
    make_delivery,
    make_issue,
    make_match,
    make_paper,
    make_source,
    make_subscriber,
    make_topic,
)
from tests.newsletter.transports import RecordingTransport

pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"
FEED = Subscriber.Means.FEED
ONE_DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _morning():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def topic():
    return make_topic("Agents")


@pytest.fixture
def alice(topic):
    return make_subscriber(topics=[topic])


def make_day(topic: Topic, *titles: str, day: dt.date = DAY, **paper) -> Issue:
    """An issue of `day` that froze soon after it, whose papers all match `topic`."""
    for title in titles:
        make_match(make_paper(title, day=day, **paper), topic)
    issue = build_issue(day, dt.datetime.combine(day + ONE_DAY, dt.time(1), dt.UTC))
    assert issue is not None
    return issue


def deliver(tmp_path, now: dt.datetime = NOW) -> RecordingTransport:
    """Plan and deliver what is due at `now`."""
    planning.plan(now)
    transport = RecordingTransport()
    worker.drain(transport=transport, directory=tmp_path, clock=lambda: now)
    return transport


def path_of(subscriber: Subscriber) -> str:
    return links.feed_path(subscriber.pk, subscriber.link_version)


def get(path: str, **headers: str):
    return Client().get(path, secure=True, headers=headers)


def entries(response) -> list[ElementTree.Element]:
    assert response.status_code == 200
    return ElementTree.fromstring(response.content).findall(f"{ATOM}entry")


def titles(response) -> list[str | None]:
    return [entry.findtext(f"{ATOM}title") for entry in entries(response)]


# --- What it holds ---------------------------------------------------------------------------


def test_feed_equals_the_digests_that_were_mailed(topic, alice, tmp_path):
    Subscriber.objects.update(next_digest_at=NOW - ONE_DAY)
    make_day(topic, "Old", day=DAY - ONE_DAY)
    assert len(deliver(tmp_path, NOW - ONE_DAY).sent) == 1
    make_match(make_paper("Of no topic of hers"), make_topic("Vision"))
    make_match(make_paper("Best", trending_score=9), topic)
    make_day(topic, "Second", trending_score=2)
    assert len(deliver(tmp_path).sent) == 1
    response = get(path_of(alice))
    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert titles(response) == ["Best", "Second", "Old"]


def test_an_entry_says_why_and_lets_the_reader_answer(topic, alice, tmp_path):
    make_day(topic, "Agents at work")
    deliver(tmp_path)
    (entry,) = entries(get(path_of(alice)))
    summary = entry.findtext(f"{ATOM}summary") or ""
    assert "Matches Agents · most upvoted today" in summary
    paper = Delivery.objects.get().choices[0][0]
    for word in ("more", "less"):
        path = links.feedback_path(alice.pk, 1, paper, word, is_shared=True)
        assert links.absolute(path) in summary
    authors = [each.findtext(f"{ATOM}name") for each in entry.findall(f"{ATOM}author")]
    assert authors == ["Alice Adams", "Bob Brown", "Charlie Clark"]
    category = entry.find(f"{ATOM}category")
    assert category is not None
    assert category.get("term") == "Agents"
    assert entry.findtext(f"{ATOM}id", "").endswith("#digest")


def test_an_excerpt_is_marked_as_from_the_abstract(topic, alice, tmp_path):
    make_day(topic, "Agents at work", abstract="Much is known. We show more. It is large.")
    deliver(tmp_path)
    (entry,) = entries(get(path_of(alice)))
    summary = entry.findtext(f"{ATOM}summary") or ""
    assert "<p>From the abstract: We show more.</p>" in summary


def test_programs_that_sort_by_time_keep_the_digests_order(topic, alice, tmp_path):
    make_match(make_paper("First", trending_score=9), topic)
    make_day(topic, "Second", trending_score=5)
    deliver(tmp_path)
    moments = [entry.findtext(f"{ATOM}updated", "") for entry in entries(get(path_of(alice)))]
    assert moments == sorted(moments, reverse=True)
    assert len(set(moments)) == 2


def test_nothing_in_the_feed_leads_to_the_preferences(topic, alice, tmp_path):
    make_day(topic, "A paper")
    deliver(tmp_path)
    text = get(path_of(alice)).content.decode()
    assert "/preferences/" not in text
    assert "/unsubscribe/" not in text
    assert alice.email not in text


def test_an_answer_from_the_feed_names_nobody_and_leads_nowhere_else(topic, alice, tmp_path):
    """Feeds are read along by others: no step from there may reach more than the answer."""
    make_day(topic, "A paper")
    deliver(tmp_path)
    paper = Delivery.objects.get().choices[0][0]
    path = links.feedback_path(alice.pk, 1, paper, "more", is_shared=True)
    answer = Client().post(path, {"action": "say"}, secure=True)
    assert answer["Location"] == path
    assert Feedback.objects.get().value == Feedback.Value.MORE
    page = get(path).content.decode()
    assert "Thanks, noted." in page
    assert f'href="/upvote/{paper}/"' in page
    assert links.upvote_path(alice.pk, 1, paper) not in page
    assert alice.email not in page


@pytest.mark.parametrize(
    ("state", "is_there"),
    [
        ("sent", True),
        ("unknown", True),
        ("feed", True),
        ("claimed", False),
        ("failed", False),
        ("expired", False),
    ],
)
def test_only_what_the_reader_got_is_in_the_feed(topic, alice, state, is_there):
    issue = make_day(topic, "A paper")
    place = issue.places.get()
    choices = [[place.paper_id, place.pk, [topic.pk], "because"]]
    make_delivery(issue, alice, state=state, choices=choices)
    assert len(entries(get(path_of(alice)))) == is_there


@pytest.mark.parametrize(
    "title", ["<script>alert(1)</script> & ]]>", "control \x01\x0b \ufffe", "שלום \u202e 🎉"]
)
def test_hostile_titles_stay_titles(topic, alice, tmp_path, title):
    make_day(topic, title, authors=[title], abstract=title, organization=title[:200])
    deliver(tmp_path)
    (found,) = titles(get(path_of(alice)))
    assert found is not None
    assert "\x01" not in found
    assert found.startswith(title[:6])


# --- Asking again ----------------------------------------------------------------------------


def test_a_feed_that_did_not_change_is_not_sent_again_and_a_new_digest_is(topic, alice, tmp_path):
    empty = get(path_of(alice))
    assert titles(empty) == []
    make_day(topic, "A paper")
    deliver(tmp_path)
    first = get(path_of(alice), **{"If-None-Match": empty["ETag"]})
    assert titles(first) == ["A paper"]
    for condition, value in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
        again = get(path_of(alice), **{condition: first[value]})
        assert (again.status_code, again.content) == (304, b"")


def test_a_feed_is_its_readers_own(topic, alice, tmp_path):
    make_day(topic, "A paper")
    deliver(tmp_path)
    bob = make_subscriber("bob@example.org", topics=[topic])
    response = get(path_of(alice))
    assert response["Cache-Control"] == "private, max-age=300"
    assert response["X-Robots-Tag"] == "noindex"
    assert response["Referrer-Policy"] == "same-origin"
    assert not response.cookies
    assert titles(get(path_of(bob))) == []


def test_whoever_left_was_erased_or_made_it_void_has_no_feed_any_more(alice):
    path = path_of(alice)
    alice.void_links()
    assert get(path).status_code == 410
    path = path_of(alice)
    assert get(path).status_code == 200
    alice.leave(NOW)
    assert get(path).status_code == 410
    alice.delete()
    gone = get(path)
    assert gone.status_code == 410
    assert gone["Cache-Control"] == "private, no-store"


@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(token=st.text(min_size=1, max_size=80).filter(lambda text: "/" not in text))
def test_no_other_address_is_a_feed(token):
    path = "/feed/{}/".format("".join(f"%{byte:02x}" for byte in token.encode("utf-8", "replace")))
    assert get(path).status_code == 404


def test_a_feed_of_two_weeks_takes_few_queries(topic, alice, django_assert_num_queries):
    for ago in range(16):
        issue = make_day(topic, "One", "Two", day=DAY - ago * ONE_DAY)
        choices = [[p.paper_id, p.pk, [topic.pk], "so"] for p in issue.places.all()]
        make_delivery(issue, alice, state="sent", choices=choices)
    with django_assert_num_queries(5):
        assert len(entries(get(path_of(alice)))) == 28


# --- The feed instead of mail -----------------------------------------------------------------


def test_who_takes_the_feed_gets_the_digest_there_at_their_hour_and_no_mail(topic, alice, tmp_path):
    Subscriber.objects.update(receives_by=FEED)
    make_day(topic, "A paper")
    assert deliver(tmp_path, NOW - dt.timedelta(minutes=1)).sent == []
    assert titles(get(path_of(alice))) == []
    assert deliver(tmp_path).sent == []
    row = Delivery.objects.get()
    assert (row.state, row.channel) == (Delivery.State.SENT, "feed")
    assert (row.sent_at, row.attempts) == (NOW, 0)
    assert titles(get(path_of(alice))) == ["A paper"]
    alice.refresh_from_db()
    assert alice.next_digest_at == NOW + ONE_DAY


def test_readers_of_mail_and_of_feeds_share_a_batch(topic, alice, tmp_path):
    make_subscriber("bob@example.org", topics=[topic], receives_by=FEED)
    make_subscriber("charlie@example.org", topics=[make_topic("Vision")], receives_by=FEED)
    make_day(topic, "A paper")
    assert deliver(tmp_path).addresses == ["alice@example.org"]
    rows = Delivery.objects.order_by("subscriber__email").values_list("state", "channel")
    assert list(rows) == [("sent", "email"), ("sent", "feed"), ("skipped", None)]
    assert list(tmp_path.glob("*.journal")) == []


def test_nothing_comes_twice_on_the_way_from_mail_to_the_feed_and_back(topic, alice, tmp_path):
    paper = make_paper("On three lists", day=DAY)
    make_match(paper, topic)
    make_day(topic, "Monday")
    assert len(deliver(tmp_path).sent) == 1
    Subscriber.objects.update(receives_by=FEED)
    for ahead, means in ((1, FEED), (2, Subscriber.Means.MAIL)):
        day, now = DAY + ahead * ONE_DAY, NOW + ahead * ONE_DAY
        Subscriber.objects.update(receives_by=means)
        Feature.objects.create(source=make_source(), paper=paper, day=day, submitted_at=now)
        make_day(topic, f"Day {ahead}", day=day)
        assert len(deliver(tmp_path, now).sent) == (means != FEED)
    chosen = [row[0] for one in Delivery.objects.all() for row in one.choices]
    assert chosen.count(paper.pk) == 1
    assert len(chosen) == len(set(chosen)) == 4
    assert len(titles(get(path_of(alice)))) == 4


def test_the_choice_counts_when_the_digest_is_made_not_when_it_was_planned(topic, alice, tmp_path):
    make_day(topic, "A paper")
    planning.plan(NOW)
    Subscriber.objects.update(receives_by=FEED)
    assert deliver(tmp_path).sent == []
    assert Delivery.objects.get().channel == "feed"


def test_a_disliked_paper_stays_out_of_the_feed_as_it_does_out_of_the_mail(topic, alice, tmp_path):
    Subscriber.objects.update(receives_by=FEED)
    disliked = make_paper("Disliked")
    make_match(disliked, topic)
    Feedback.objects.create(
        subscriber=alice, paper=disliked, value=Feedback.Value.LESS, at=NOW - ONE_DAY
    )
    make_day(topic, "Another")
    deliver(tmp_path)
    assert titles(get(path_of(alice))) == ["Another"]


def test_an_issue_that_is_paused_keeps_feeds_waiting_too(topic, alice, tmp_path):
    Subscriber.objects.update(receives_by=FEED)
    make_day(topic, "A paper").pause("wrong papers")
    deliver(tmp_path)
    assert titles(get(path_of(alice))) == []
    Issue.objects.get().resume()
    deliver(tmp_path)
    assert titles(get(path_of(alice))) == ["A paper"]


def test_an_issue_without_places_makes_an_empty_entry_nowhere(topic, alice):
    make_delivery(make_issue(), alice, state="sent", choices=[[7, 999, [topic.pk], "gone"]])
    assert titles(get(path_of(alice))) == []


def test_a_worker_that_dies_before_settling_costs_a_feed_nothing(
    topic, alice, tmp_path, monkeypatch
):
    Subscriber.objects.update(receives_by=FEED)
    make_day(topic, "A paper")

    def die(*args: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr("newsletter.delivery.ledger.settle", die)
        with pytest.raises(KeyboardInterrupt):
            deliver(tmp_path)
    row = Delivery.objects.get()
    assert row.state == Delivery.State.CLAIMED
    assert row.choices != []
    later = NOW + dt.timedelta(minutes=10)
    ledger.sweep(tmp_path, later)
    assert deliver(tmp_path, later).sent == []
    assert titles(get(path_of(alice))) == ["A paper"]
