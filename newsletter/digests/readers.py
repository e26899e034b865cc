"""Subscribers as digests see them, a batch at a time: checked for consent and suppression, and with
what they said about papers.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from django.db.models.functions import Coalesce

from newsletter import bulk_sql
from newsletter.digests.selection import Reader
from newsletter.digests.taste import MOST, Ratings
from papers.models import Paper
from papers.semantics import current
from subscriptions.addresses import address_hashes, address_of
from subscriptions.models import Feedback, SavedPaper, Subscriber, Subscription, Suppression


def readers_of(subscriber_ids: Sequence[int]) -> tuple[dict[int, Reader], dict[int, str]]:
    """The readers that may be emailed now, and for the others the reason why not, by id.

    Five queries, however many subscribers.
    """
    rows = list(
        Subscriber.objects.filter(bulk_sql.among(Subscriber, "id", subscriber_ids))
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
            "language",
            "receives_by",
            "groups_by_topic",
            "in_full",
            "top_papers",
            "welcomed_on",
            "machine_summaries",
            "email_typed",
        )
    )
    hashes = {hashed: row[0] for row in rows for hashed in address_hashes(row[1])}
    is_ours = bulk_sql.among(Suppression, "address_hash", hashes, "text")
    found = Suppression.objects.filter(is_ours).order_by().values_list("address_hash", flat=True)
    suppressed = {hashes[one] for one in found}
    topics = _topics_of(subscriber_ids)
    learning = [pk for pk, _, _, _, _, _, _, learns, *_ in rows if learns]
    said = _said_by(subscriber_ids, learning)
    readers: dict[int, Reader] = {}
    refused: dict[int, str] = {}
    for row in rows:
        (
            pk,
            email,
            status,
            version,
            wanted,
            text_only,
            rhythm,
            learns,
            language,
            receives_by,
            grouped,
            in_full,
            top_papers,
            welcomed_on,
            machine_summaries,
            typed,
        ) = row
        if pk in suppressed or status == Subscriber.Status.SUPPRESSED:
            refused[pk] = "the address is suppressed"
        elif status != Subscriber.Status.ACTIVE:
            refused[pk] = "the subscriber left or has not confirmed"
        else:
            rated = said.get(pk, {})
            readers[pk] = Reader(
                id=pk,
                email=address_of(email, typed),
                link_version=version,
                topics=topics.get(pk, frozenset()),
                papers_wanted=wanted,
                text_only=text_only,
                is_weekly=rhythm == Subscriber.Rhythm.WEEKLY,
                receives_by=receives_by,
                grouped=grouped,
                in_full=in_full,
                welcomed_on=welcomed_on,
                machine_summaries=machine_summaries,
                disliked=frozenset(
                    paper for paper, value in rated.items() if value == Feedback.Value.LESS
                ),
                rated=rated if learns else {},
                language=language,
                top_papers=top_papers,
            )
    return readers, refused


def _topics_of(subscriber_ids: Sequence[int]) -> dict[int, frozenset[int]]:
    """The ids of the topics that subscribers follow. A row for each subscriber, not for each topic:
    making values of rows is what such a query costs.
    """
    followed = (
        Subscription.objects.filter(bulk_sql.among(Subscription, "subscriber_id", subscriber_ids))
        .order_by()
        .values_list("subscriber_id")
        .annotate(topic_ids=bulk_sql.JoinedNumbers("topic_id"))
    )
    return {pk: frozenset(map(int, topic_ids.split(","))) for pk, topic_ids in followed}


def _said_by(subscriber_ids: Sequence[int], learning: Sequence[int]) -> dict[int, dict[int, int]]:
    """By reader, what each said about papers, the last word last: "more" (1) or "less" (-1).

    To those in `learning` a paper saved for later counts as "more", unless they said something
    else about it.
    """
    # The later word on a work counts, under whichever of its names it was said.
    work = Coalesce("paper__merged_into_id", "paper_id")
    rated = list(
        Feedback.objects.filter(bulk_sql.among(Feedback, "subscriber_id", subscriber_ids))
        .order_by()
        .values_list("at", "pk", "subscriber_id", work, "value")
    )
    spoken = {(subscriber_id, paper_id) for _, _, subscriber_id, paper_id, _ in rated}
    saved = (
        SavedPaper.objects.filter(bulk_sql.among(SavedPaper, "subscriber_id", learning))
        .order_by()
        .values_list("at", "pk", "subscriber_id", work)
    )
    rated += [(*one, int(Feedback.Value.MORE)) for one in saved if one[2:] not in spoken]
    said: dict[int, dict[int, int]] = {}
    for _, _, subscriber_id, paper_id, value in sorted(rated):
        said.setdefault(subscriber_id, {})[paper_id] = value
    return said


def ratings_of(readers: Iterable[Reader], fitted: int | None) -> dict[int, Ratings]:
    """What the readers said about papers, in the vectors of the model with the number `fitted`.

    By reader id; whoever said nothing that the model knows of is left out. Two queries, however
    many readers; none where nobody said anything.
    """
    latest = {reader.id: list(reader.rated.items())[-MOST:] for reader in readers if reader.rated}
    if fitted is None or not latest:
        return {}
    papers = {paper for said in latest.values() for paper, _ in said}
    vectors = current.vectors_of(papers, fitted)
    titles = dict(Paper.objects.filter(pk__in=vectors).order_by().values_list("pk", "title"))
    ratings: dict[int, Ratings] = {}
    for reader_id, said in latest.items():
        known = [(paper, value) for paper, value in said if paper in vectors]
        if known:
            ratings[reader_id] = Ratings(
                vectors=np.stack([vectors[paper] for paper, _ in known]),
                values=np.array([value for _, value in known], np.float32),
                titles=tuple(titles[paper] for paper, _ in known),
            )
    return ratings
