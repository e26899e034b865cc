"""Topics' readers and matches are counted once for all lists."""

import pytest

from papers.models import TopicCount
from subscriptions.models import Subscriber
from subscriptions.readers import topic_counts
from tests.factories import NOW, make_match, make_paper, make_subscriber, make_topic

pytestmark = pytest.mark.django_db


def test_active_readers_and_recent_matches_are_counted_and_counted_again():
    robots, agents = make_topic("Robots"), make_topic("Agents")
    make_subscriber("alice@example.org", topics=[robots, agents])
    make_subscriber("bob@example.org", topics=[robots])
    left = Subscriber.Status.LEFT
    make_subscriber("charlie@example.org", topics=[robots], status=left)
    make_match(make_paper(), robots)
    make_match(make_paper(), robots, is_sendable=False)
    assert topic_counts.count(NOW) >= 2
    counted = {one.topic_id: (one.readers, one.matches) for one in TopicCount.objects.all()}
    assert (counted[robots.pk], counted[agents.pk]) == ((2, 1), (1, 0))
    make_subscriber("dora@example.org", topics=[agents])
    topic_counts.count(NOW)
    assert TopicCount.objects.get(topic=agents).readers == 2
