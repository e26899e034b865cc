"""What a paper's page says of the attention that it gets."""

import datetime as dt

import pytest
import time_machine
from django.utils import translation

from papers.matching.ranking import rank_and_match
from papers.models import Observation, Paper, TrendingPlace
from papers.pages.explanation import reasons
from tests.factories import make_paper, make_source

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 10, 12, tzinfo=dt.UTC)
TODAY = NOW.date()


def said(paper: Paper) -> list[str]:
    return reasons(paper, [paper.pk], TODAY, NOW)


@pytest.fixture
def papers() -> list[Paper]:
    found = [
        make_paper(categories=["hep-th"], day=TODAY, upvotes=None, comments=None) for _ in range(30)
    ]
    source = make_source(slug="hn", kind="hackernews", name="Hacker News")
    Observation.objects.create(paper=found[0], source=source, observed_at=NOW, upvotes=213)
    trends = make_source(slug="trends", kind="hf-trending", name="Trends")
    TrendingPlace.objects.create(
        paper=found[0], source=trends, day=dt.date(2026, 6, 1), position=3, length=50, seen_at=NOW
    )
    rank_and_match(now=NOW)
    return found


def test_points_places_and_the_standing_in_the_field_are_told(papers: list[Paper], client) -> None:
    assert said(papers[0]) == [
        "213 points at Hacker News",
        "No. 3 in “Trends” on 1 June",
        "More attention than 95 % of recent papers in this field: Physics and astronomy",
    ]
    with time_machine.travel(NOW, tick=False):
        text = client.get(papers[0].get_absolute_url()).content.decode()
    assert "213 points at Hacker News" in text
    with translation.override("de"):
        assert said(papers[0])[0] == "213 Punkte bei Hacker News"
        assert said(papers[0])[2].endswith("Fachgebiets: Physik und Astronomie")


def test_a_paper_that_nobody_counted_says_what_its_place_follows_from(papers: list[Paper]) -> None:
    (only,) = said(papers[1])
    assert only.startswith("Nobody has counted attention yet.")


def test_old_papers_say_what_was_counted_and_no_more(papers: list[Paper]) -> None:
    long_ago = TODAY - dt.timedelta(days=60)
    assert reasons(papers[1], [papers[1].pk], long_ago, NOW) == []
    assert len(reasons(papers[0], [papers[0].pk], long_ago, NOW)) == 2
