"""Subscribers as digests see them, checked for consent and suppression, a batch at a time."""

from collections.abc import Sequence

from newsletter.digests import Reader
from subscriptions.models import Feedback, Subscriber, Subscription, Suppression, address_hash


def readers_of(subscriber_ids: Sequence[int]) -> tuple[dict[int, Reader], dict[int, str]]:
    """The readers that may be mailed now, and for the others the reason why not, by id.

    Four queries, however many subscribers.
    """
    rows = list(
        Subscriber.objects.filter(pk__in=subscriber_ids)
        .order_by()
        .values_list(
            "pk",
            "email",
            "status",
            "link_version",
            "papers_wanted",
            "text_only",
            "rhythm",
            "learns",
            "groups_by_topic",
            "language",
            "welcomed_on",
        )
    )
    hashes = {address_hash(row[1]): row[0] for row in rows}
    suppressed = {
        hashes[found]
        for found in Suppression.objects.filter(address_hash__in=hashes).values_list(
            "address_hash", flat=True
        )
    }
    topics: dict[int, set[int]] = {}
    for subscriber_id, topic_id in (
        Subscription.objects.filter(subscriber_id__in=subscriber_ids)
        .order_by()
        .values_list("subscriber_id", "topic_id")
    ):
        topics.setdefault(subscriber_id, set()).add(topic_id)
    said: dict[tuple[int, int], set[int]] = {}
    for subscriber_id, paper_id, value in (
        Feedback.objects.filter(subscriber_id__in=subscriber_ids)
        .order_by()
        .values_list("subscriber_id", "paper_id", "value")
    ):
        said.setdefault((subscriber_id, value), set()).add(paper_id)
    readers: dict[int, Reader] = {}
    refused: dict[int, str] = {}
    for row in rows:
        pk, email, status, version, wanted, text_only, rhythm, learns, grouped, language, day = row
        if pk in suppressed or status == Subscriber.Status.SUPPRESSED:
            refused[pk] = "the address is suppressed"
        elif status != Subscriber.Status.ACTIVE:
            refused[pk] = "the subscriber left or has not confirmed"
        else:
            readers[pk] = Reader(
                id=pk,
                email=email,
                link_version=version,
                topics=frozenset(topics.get(pk, ())),
                papers_wanted=wanted,
                text_only=text_only,
                is_weekly=rhythm == Subscriber.Rhythm.WEEKLY,
                grouped=grouped,
                language=language,
                welcomed_on=day,
                liked=frozenset(said.get((pk, Feedback.Value.MORE), ())) if learns else frozenset(),
                disliked=frozenset(said.get((pk, Feedback.Value.LESS), ())),
            )
    return readers, refused
