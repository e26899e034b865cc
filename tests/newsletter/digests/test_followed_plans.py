"""What a batch's readers follow is read by indexes, however much others follow."""

import itertools

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from newsletter.digests.interests import followed_by
from subscriptions.models import Following, Interest, InterestMatch
from tests.benchmarks.bench_pages import plan_of
from tests.factories import DAY, NOW, make_paper, make_subscribers

pytestmark = pytest.mark.django_db

READERS, EACH, BATCH = 2_000, 3, 100
INTERESTS = 4_000
PAPERS = 5

LARGE = {"subscriptions_following", "subscriptions_interest", "subscriptions_interestmatch"}

MOST_ROWS = BATCH * (EACH * 2 + 1 + PAPERS)
"""Rows that all statements may read: what is followed and whether it matches anything, and of what
does its kind and its matches.
"""


@pytest.fixture
def readers() -> list[int]:
    """Readers who follow three of many interests each; a third of these match something."""
    papers = [make_paper(f"Paper {number}") for number in range(PAPERS)]
    interests = Interest.objects.bulk_create(
        [
            Interest(kind="words", key=f"key {number}", spec={}, created_at=NOW)
            for number in range(INTERESTS)
        ]
    )
    InterestMatch.objects.bulk_create(
        [
            InterestMatch(interest=one, paper=paper, day=DAY, is_certain=True, score=1.0)
            for one in interests[::3]
            for paper in papers
        ]
    )
    subscribers = make_subscribers(READERS)
    turns = itertools.cycle(interests)
    Following.objects.bulk_create(
        [
            Following(
                subscriber=reader,
                interest=next(turns),
                name="What they follow",
                token=f"{reader.pk}-{number}",
                created_at=NOW,
                changed_at=NOW,
            )
            for reader in subscribers
            for number in range(EACH)
        ]
    )
    return [reader.pk for reader in subscribers[:BATCH]]


@pytest.mark.parametrize("is_analyzed", [False, True])
def test_no_statement_reads_what_other_readers_follow(readers, is_analyzed):
    if is_analyzed:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    languages = dict.fromkeys(readers, "en")
    with CaptureQueriesContext(connection) as asked:
        found = followed_by(readers, [DAY], {}, languages)
    assert len(found) == BATCH
    assert {len(each.interests) for each in found.values()} == {1}
    assert len(asked) == 4
    rows, whole = 0, set()
    for query in asked:
        read, scanned = plan_of(str(query["sql"]), LARGE)
        rows += read
        whole |= scanned & LARGE
    assert not whole
    assert rows <= MOST_ROWS
