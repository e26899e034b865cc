"""What editors are told of the words that readers follow."""

import pytest

from papers.matching.followed import followed_phrases
from papers.matching.interests.specs import spec_of
from subscriptions.interests import following
from subscriptions.interests.popular import FEWEST, popular_phrases
from subscriptions.models import Following, Subscriber
from tests.factories import NOW, make_subscriber

pytestmark = pytest.mark.django_db


def test_editors_are_told_of_what_many_follow_and_of_nothing_that_few_do() -> None:
    readers = [make_subscriber(f"reader{n}@example.org") for n in range(FEWEST + 3)]
    widely = spec_of("words", phrases=["state of charge", "battery aging"], any_of=True)
    for reader in readers:
        following.follow(reader, widely, NOW)
        following.follow(reader, spec_of("author", name="Alice Adams"), NOW)
    for reader in readers[: FEWEST - 1]:
        following.follow(reader, spec_of("words", phrases=["Alice Adams"]), NOW)
    # One reader with many interests is still one reader.
    for n in range(FEWEST):
        following.follow(readers[0], spec_of("words", phrases=["Bob Brown", f"word{n}"]), NOW)

    assert list(popular_phrases()) == [("state of charge", 10), ("battery aging", 10)]
    assert followed_phrases() == tuple(popular_phrases())

    for field, value in (("is_paused", True), ("is_waiting", True)):
        Following.objects.filter(subscriber__in=readers[:4]).update(**{field: value})
        assert list(popular_phrases()) == []
        Following.objects.update(**{field: False})
    Subscriber.objects.filter(pk=readers[0].pk).update(status=Subscriber.Status.LEFT)
    assert len(list(popular_phrases())) == 2
    Subscriber.objects.update(status=Subscriber.Status.LEFT)
    assert list(popular_phrases()) == []
