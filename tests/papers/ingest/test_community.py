"""The site's own readers as a source: listings and counts, without names."""

import datetime as dt

import pytest

from papers import days
from papers.ingest import community
from papers.matching.ranking import rank_and_match
from papers.matching.standings import explain_score
from papers.models import Feature, Observation, Paper, Source
from papers.pages.entries import day_of
from papers.sources.record import PaperRecord
from papers.sources.registry import active_sources
from tests.factories import DAY, NOW, make_match, make_paper, make_topic

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)
RECORD = PaperRecord("arxiv:2605.13779", "A paper", "About it.", submitted_by="Alice")


@pytest.mark.parametrize(
    ("day", "listed"),
    [(11, 11), (12, 12), (13, 15), (14, 15), (15, 15)],
    ids=["Thursday", "Friday", "Saturday", "Sunday", "Monday"],
)
def test_a_paper_is_listed_on_a_day_that_still_grows(day, listed):
    now = dt.datetime(2026, 6, day, 23, 59, tzinfo=dt.UTC)
    assert days.listing_day(now) == dt.date(2026, 6, listed)


def test_a_paper_is_listed_once_and_shown_as_submitted():
    paper = community.feature(RECORD, NOW)
    assert community.feature(RECORD, NOW) == paper

    (feature,) = Feature.objects.all()
    assert (feature.source.kind, feature.day) == (Source.COMMUNITY, NOW.date())
    (entry,) = day_of(NOW.date(), NOW).entries
    assert (entry.title, entry.submitted_by) == ("A paper", "Alice")
    assert not Observation.objects.exists()


def test_a_known_paper_keeps_what_others_said_of_it():
    known = make_paper(identifier=RECORD.identifier, summary="In short.", upvotes=50)
    community.feature(RECORD, NOW)

    known.refresh_from_db()
    assert (known.title, known.summary, known.upvotes) == ("A paper", "In short.", 50)
    assert known.features.count() == 2


def test_readers_are_not_fetched():
    community.source()
    assert Source.COMMUNITY not in {source.kind for source in active_sources()}


def test_counts_are_observed_where_they_changed():
    one, other = make_paper("One"), make_paper("Other")
    assert community.observe({one.pk: 3, other.pk: 1}, NOW) == 2
    assert community.observe({one.pk: 3, other.pk: 1}, NOW + HOUR) == 0
    assert community.observe({one.pk: 2}, NOW + 2 * HOUR) == 2

    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.reader_upvotes, other.reader_upvotes) == (2, 0)
    seen = Observation.objects.filter(source__kind=Source.COMMUNITY).order_by("observed_at")
    assert [row.upvotes for row in seen if row.paper_id == one.pk] == [3, 2]
    assert [row.upvotes for row in seen if row.paper_id == other.pk] == [1, 0]


def test_a_burst_costs_as_many_queries_as_a_single_vote(django_assert_max_num_queries):
    papers = [make_paper() for _ in range(40)]
    community.source()
    with django_assert_max_num_queries(8):
        community.observe({paper.pk: n for n, paper in enumerate(papers, 1)}, NOW)


def test_a_vote_lifts_a_paper_and_a_burst_does_not_carry_it_away():
    papers = {name: make_paper(name, upvotes=20) for name in ("none", "few", "flood", "loved")}
    Paper.objects.filter(pk=papers["loved"].pk).update(upvotes=2000)
    papers["loved"].observations.update(upvotes=2000)
    community.observe({papers["few"].pk: 3, papers["flood"].pk: 500}, NOW)
    rank_and_match(now=NOW)

    score = {name: Paper.objects.get(pk=paper.pk).trending_score for name, paper in papers.items()}
    assert score["none"] < score["few"] < score["flood"] < score["loved"]
    assert "community" in str(explain_score(papers["few"], NOW))


def test_readers_counts_are_not_taken_for_a_sources():
    """Our readers' three are no fall from the 10 that the source had, nor a rise to its 15."""
    paper = make_paper(upvotes=10)
    make_match(paper, make_topic())
    community.observe({paper.pk: 3}, NOW)
    later = NOW + dt.timedelta(days=2)
    Paper.objects.filter(pk=paper.pk).update(upvotes=15)

    (entry,) = day_of(DAY, later).entries
    assert (entry.upvotes, entry.upvotes_gained, entry.reader_upvotes) == (15, 5, 3)
