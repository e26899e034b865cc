"""Papers whose attention came after their own issue, and the one later issue that takes them in."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.utils import translation

from newsletter.digests.selection import Reader, Shelf
from newsletter.issues.freezing import build_issue, places_of
from newsletter.issues.noticed import noticed_since
from newsletter.models import Issue, IssuePaper
from papers.cards import Card
from papers.matching.ranking import rank_and_match
from papers.models import Feature, Match, Observation, Paper, Pick
from tests.factories import make_match, make_paper, make_source, make_topic

pytestmark = pytest.mark.django_db

FIRST = dt.date(2026, 6, 1)
"""A Monday."""


def midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), dt.UTC)


@pytest.fixture
def papers() -> list[Paper]:
    """Forty papers of Monday that nobody but two counted, in its issue."""
    found = [
        make_paper(f"Study {n} of sand", day=FIRST, categories=["hep-th"], upvotes=None,
                   comments=None)
        for n in range(40)
    ]  # fmt: skip
    for paper in found[:2]:
        count(paper, 5, FIRST)
    freeze(FIRST)
    return found


def count(paper: Paper, points: int, day: dt.date) -> None:
    source = make_source(slug="hn", kind="hackernews", name="Hacker News")
    at = dt.datetime.combine(day, dt.time(12), dt.UTC)
    Observation.objects.create(paper=paper, source=source, observed_at=at, upvotes=points)


def freeze(day: dt.date) -> Issue:
    now = midnight(day)
    rank_and_match(now=now)
    issue = build_issue(day, now)
    assert issue is not None
    return issue


def on(number: int) -> dt.date:
    """A weekday of that week or the next, Monday being 0."""
    return FIRST + dt.timedelta(days=number)


def noticed_in(issue: Issue) -> list[Paper]:
    return [place.paper for place in issue.places.filter(is_noticed=True).order_by("rank")]


def test_a_paper_that_rises_enters_one_later_issue_once(papers: list[Paper]) -> None:
    make_paper("Tuesday's own", day=on(1))
    assert noticed_in(freeze(on(1))) == []

    count(papers[7], 300, on(2))
    own = make_paper("Wednesday's own", day=on(2))
    issue = freeze(on(2))
    assert noticed_in(issue) == [papers[7]]
    assert [place.paper for place in issue.places.order_by("rank")] == [own, papers[7]]

    count(papers[7], 900, on(3))
    make_paper("Thursday's own", day=on(3))
    assert noticed_in(freeze(on(3))) == []


def test_a_paper_that_had_its_attention_in_its_own_issue_is_no_news(papers: list[Paper]) -> None:
    count(papers[0], 400, on(2))
    make_paper(day=on(2))
    # Of forty the first two had more than 95 % by Monday's end.
    assert noticed_in(freeze(on(2))) == []


def test_a_joined_paper_never_repeats_under_its_other_name(papers: list[Paper]) -> None:
    count(papers[7], 300, on(2))
    make_paper(day=on(2))
    freeze(on(2))

    article = make_paper("The article", day=None, identifier="doi:10.5555/sand", upvotes=None)
    Paper.objects.filter(pk=papers[7].pk).update(merged_into=article)
    count(article, 900, on(3))
    make_paper(day=on(3))
    assert noticed_in(freeze(on(3))) == []


def test_a_paper_is_found_under_the_name_that_it_has_by_then(papers: list[Paper]) -> None:
    article = make_paper("The article", day=None, identifier="doi:10.5555/sand", upvotes=None,
                         categories=["hep-th"])  # fmt: skip
    Paper.objects.filter(pk=papers[7].pk).update(merged_into=article)
    count(article, 300, on(2))
    make_paper(day=on(2))
    assert noticed_in(freeze(on(2))) == [article]


@pytest.mark.parametrize(
    "keep_out",
    [
        lambda paper: Pick.objects.create(day=FIRST, paper=paper, kind=Pick.Kind.HIDE),
        lambda paper: Paper.objects.filter(pk=paper.pk).update(status="retracted"),
        lambda paper: Feature.objects.create(paper=paper, source=make_source(), day=on(2)),
    ],
    ids=["hidden", "retracted", "listed again that day"],
)
def test_some_papers_are_kept_out(papers: list[Paper], keep_out: Callable[[Paper], object]) -> None:
    keep_out(papers[7])
    count(papers[7], 300, on(2))
    make_paper(day=on(2))
    assert noticed_in(freeze(on(2))) == []


def test_the_number_is_a_setting_and_the_highest_come_first(papers: list[Paper], settings) -> None:
    for number, paper in enumerate(papers[10:12]):
        count(paper, 200 + 100 * number, on(2))
    make_paper(day=on(2))
    rank_and_match(now=midnight(on(2)))
    for most, found in ((10, papers[11:9:-1]), (1, [papers[11]]), (0, [])):
        settings.NOTICED_PAPERS = most
        rose = noticed_since(on(2), midnight(on(2)), ())
        assert list(rose) == [paper.pk for paper in found]
        assert set(rose.values()) <= {FIRST}


def test_what_is_older_than_two_weeks_is_not_noticed(papers: list[Paper]) -> None:
    make_paper(day=on(15))
    count(papers[7], 300, on(15))
    assert noticed_in(freeze(on(15))) == []


def test_matching_readers_get_it_as_such_and_no_others(papers: list[Paper]) -> None:
    topic, other = make_topic("Sand"), make_topic("Water")
    count(papers[7], 300, on(2))
    own = make_paper("Wednesday's own", day=on(2), upvotes=3)
    rank_and_match(now=midnight(on(2)))
    Match.objects.all().delete()
    make_match(own, other)
    make_match(papers[7], topic)
    issue = build_issue(on(2), midnight(on(2)))
    assert issue is not None
    reader = Reader(id=1, email="alice@example.org", link_version=1, topics=frozenset({topic.pk}))
    for language, why, label in (
        ("en", "noticed since its issue", "Noticed since its issue of 1 June"),
        ("de", "seit der eigenen Ausgabe viel beachtet",
         "Seit der Ausgabe vom 1. Juni viel beachtet"),
    ):  # fmt: skip
        with translation.override(language):
            shelf = Shelf(places_of(issue))
            (choice,) = shelf.select(reader)
            assert why in choice.why
            assert choice.place.card.noticed_since == label
    assert shelf.select(reader, had={papers[7].pk}) == []
    of_other = reader._replace(topics=frozenset({other.pk}), top_papers=True)
    assert [one.place.paper_id for one in shelf.select(of_other)] == [own.pk]


def test_the_issues_page_shows_it_as_such(papers: list[Paper], client) -> None:
    count(papers[7], 300, on(2))
    make_paper(day=on(2))
    issue = freeze(on(2))
    text = client.get(issue.get_absolute_url()).content.decode()
    assert text.count("Noticed since its issue of 1 June") == 1


def test_a_card_of_an_earlier_version_was_not_noticed() -> None:
    assert Card.from_dict({"identifier": "arxiv:1", "title": "One"}).noticed_since == ""
    assert not IssuePaper._meta.get_field("is_noticed").default
