"""Topics that end: readers follow successors, and nobody is left with nothing without a word."""

import datetime as dt

import pytest
from django.test import Client

from newsletter.delivery import worker
from papers.models import Topic
from subscriptions import links
from subscriptions.models import Notice, Subscriber, Subscription, TopicChange
from subscriptions.readers import topic_changes
from subscriptions.readers.topic_changes import NotPossible, change, preview, tell_the_stranded
from tests.factories import DAY, NOW, make_match, make_paper, make_subscriber, make_topic
from tests.newsletter.transports import RecordingTransport

pytestmark = pytest.mark.django_db


@pytest.fixture
def agents() -> Topic:
    return make_topic("Agents")


@pytest.fixture
def robots() -> Topic:
    return make_topic("Robots")


def follows(reader: Subscriber) -> set[str]:
    return set(reader.topics.values_list("name", flat=True))


def test_a_merge_moves_readers_and_keeps_what_they_follow_besides(agents, robots):
    both = make_topic("Embodied agents")
    alice = make_subscriber("alice@example.org", topics=[agents])
    bob = make_subscriber("bob@example.org", topics=[robots, both])
    charlie = make_subscriber("charlie@example.org", topics=[make_topic("Vision"), robots])
    made = change([agents, robots], [both], NOW, None)
    assert follows(alice) == follows(bob) == {"Embodied agents"}
    assert follows(charlie) == {"Vision", "Embodied agents"}
    assert (made.moved, made.left) == (2, 0)  # Bob had it
    assert str(made) == "Agents and Robots became Embodied agents"
    assert set(Topic.objects.filter(is_active=False)) == {agents, robots}


def test_a_split_gives_readers_each_of_the_parts(agents):
    parts = [make_topic("Planning"), make_topic("Tool use")]
    alice = make_subscriber("alice@example.org", topics=[agents])
    assert change([agents], parts, NOW, None).moved == 1
    assert follows(alice) == {"Planning", "Tool use"}


def test_a_preview_says_who_gets_more_and_less_and_changes_nothing(agents, robots):
    for title, topics in {"Both": (agents, robots), "A": (agents,), "R": (robots,)}.items():
        paper = make_paper(title, day=DAY)
        for topic in topics:
            make_match(paper, topic)
    make_subscriber("alice@example.org", topics=[agents])
    make_subscriber("bob@example.org", topics=[agents, robots])
    found = preview([agents], [robots], NOW)
    (one,) = found.before
    assert (one.readers, one.kept, one.lost, one.gained) == (2, 1, 1, 1)
    assert (found.moved, found.left) == (1, 0)
    alone = preview([agents], [], NOW)
    assert (alone.moved, alone.left) == (0, 1)
    assert not Topic.objects.filter(is_active=False).exists()
    assert not TopicChange.objects.exists()


@pytest.mark.parametrize(
    ("ended", "successors", "why"),
    [([], ["Robots"], "at least one"), (["Agents"], ["Agents"], "both end")],
)
def test_what_makes_no_sense_is_refused(agents, robots, ended, successors, why):
    named = {"Agents": agents, "Robots": robots}
    with pytest.raises(NotPossible, match=why):
        change([named[one] for one in ended], [named[one] for one in successors], NOW, None)
    robots.is_active = False
    with pytest.raises(NotPossible, match="Activate it first"):
        change([agents], [robots], NOW, None)
    assert not TopicChange.objects.exists()


def test_whoever_is_left_with_nothing_is_told_once_until_they_choose_again(
    agents, robots, tmp_path
):
    alice = make_subscriber("alice@example.org", topics=[agents], language="de")
    make_subscriber("bob@example.org", topics=[agents, robots])
    make_subscriber("charlie@example.org", topics=[agents], top_papers=True)
    assert change([agents], [], NOW, None).left == 1
    assert tell_the_stranded(NOW) == 1
    assert tell_the_stranded(NOW + dt.timedelta(days=40)) == 0
    transport = RecordingTransport()
    worker.drain(transport=transport, directory=tmp_path, clock=lambda: NOW)
    (mail,) = transport.sent
    assert mail.to_addr == "alice@example.org"
    assert "neue Themen" in mail.subject
    assert "Agents" in "".join(fragment.text for fragment in mail.text)
    # She chooses, and is told again when that ends, too.
    alice.follow([robots])
    assert tell_the_stranded(NOW) == 0
    change([robots], [], NOW, None)
    Notice.objects.all().delete()
    assert tell_the_stranded(NOW) == 2  # Bob's last topic ended as well
    assert set(Notice.objects.values_list("kind", flat=True)) == {"nothing"}


def test_a_topic_that_is_only_switched_off_strands_nobody_in_silence(agents):
    make_subscriber("alice@example.org", topics=[agents])
    Topic.objects.update(is_active=False)
    assert tell_the_stranded(NOW) == 1


def test_the_preferences_say_so_too(agents, robots):
    alice = make_subscriber("alice@example.org", topics=[agents])
    page = links.preferences_path(alice.pk, alice.link_version)
    assert "no longer offered" not in Client().get(page).content.decode()
    change([agents], [], NOW, None)
    said = Client().get(page).content.decode()
    assert "Agents is no longer offered." in said
    assert "won’t get any digests" in said
    alice.follow([robots])
    Subscription.objects.get_or_create(subscriber=alice, topic=agents)
    said = Client().get(page).content.decode()
    assert "won’t get any digests" not in said
    assert topic_changes.has_nothing(alice) is False


def lead(client: Client, topic: Topic) -> tuple[str | None, str | None]:
    """Where the page and the feed of a topic lead."""
    page = topic.get_absolute_url()
    feed = client.get(f"{page}feed.atom")
    return client.get(page).headers.get("Location"), feed.headers.get("Location")


def test_links_to_a_topic_that_was_merged_lead_to_the_one_that_took_its_place(agents, robots):
    third, client = make_topic("Embodied agents"), Client()
    assert lead(client, agents) == (None, None)
    change([agents], [robots], NOW, None)
    assert lead(client, agents) == (page := robots.get_absolute_url(), f"{page}feed.atom")
    change([robots], [third], NOW, None)
    wanted = third.get_absolute_url()
    assert lead(client, agents) == lead(client, robots) == (wanted, f"{wanted}feed.atom")
    Topic.objects.filter(pk=agents.pk).update(is_active=True)
    assert lead(client, agents) == (None, None)
    change([third], [agents], NOW, None)
    assert lead(client, robots) == (page := agents.get_absolute_url(), f"{page}feed.atom")


def test_links_to_a_topic_that_was_split_or_retired_lead_nowhere(agents, robots):
    change([agents], [robots, make_topic("Planning")], NOW, None)
    change([robots], [], NOW, None)
    for topic in (agents, robots):
        assert Client().get(topic.get_absolute_url()).status_code == 404
        assert Client().get(f"{topic.get_absolute_url()}feed.atom").status_code == 404
