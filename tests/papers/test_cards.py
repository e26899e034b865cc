"""A paper's card: how it is made, and how what issues froze of it is read back."""

import datetime as dt

import pytest

from papers.cards import FROZEN, NOT_FROZEN, Card, Link, brief, card_of, growth, unfolding, whole
from papers.models import Observation, Paper, Pick
from tests.factories import DAY, NOW, make_paper, make_source

pytestmark = pytest.mark.django_db

KEYS = {
    *(
        "identifier",
        "title",
        "authors",
        "author_count",
        "organization",
        "excerpt",
        "journal",
        "free_url",
    ),
    *("excerpt_is_cut", "upvotes", "comments", "stars", "upvotes_gained", "path", "abstract_url"),
    *("pdf_url", "code_url", "project_url", "topics", "note", "is_pick", "comments_gained"),
    *("stars_gained", "thumbnail_url", "thumbnail_path", "is_summarised"),
    *("summarized_by", "own_excerpt", "noticed"),
}
"""What versions up to this one read of a frozen card; none may go."""


def test_what_depends_on_the_page_is_not_frozen():
    assert set(FROZEN) == KEYS
    assert not NOT_FROZEN & KEYS


def test_frozen_card_is_read_back_as_it_was():
    paper = make_paper(organization="Example Institute", stars=3)
    topics = (Link("Robotics & agents", ""), Link("Speech", ""))
    pick = Pick(paper=paper, day=DAY, kind=Pick.Kind.PIN, note="Read this.")
    card = card_of(paper, brief, topics=topics, pick=pick)
    kept = card.as_dict()
    assert kept["topics"] == ["Robotics & agents", "Speech"]
    assert Card.from_dict(kept).as_dict() == kept
    assert Card.from_dict(kept).topics == topics
    assert (card.note, card.is_pick, card.paper_id) == ("Read this.", True, paper.pk)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"title": "Title alone"}, {"title": "Title alone", "byline": "", "links": ()}),
        (
            # As the first version wrote it, when nobody had counted comments or stars.
            {
                "identifier": "arxiv:2606.00001",
                "title": "Old",
                "authors": ["A", "B", "C", "Y", "Z"],
                "author_count": 12,
                "upvotes": 5,
                "comments": None,
                "topics": ["Agents"],
                "is_pick": True,
            },
            {
                "byline": "A, B, C … Y, Z (12 authors)",
                "upvotes": 5,
                "comments": None,
                "stars_gained": None,
                "topics": (Link("Agents", ""),),
                "is_pick": True,
                "thumbnail_path": "",
            },
        ),
        (
            {"title": "Nulls", "authors": None, "topics": None, "thumbnail_url": None},
            {"authors": (), "topics": (), "thumbnail_url": "", "source_thumbnail": ""},
        ),
        ({"title": "New", "what_a_later_version_knows": 1}, {"title": "New"}),
    ],
)
def test_rows_of_every_version_can_be_read(row, expected):
    card = Card.from_dict(row)
    assert {name: getattr(card, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("count", "before", "grown"),
    [(5, 3, 2), (5, 5, None), (3, 5, None), (None, 3, None), (5, None, None), (5, 0, 5)],
)
def test_growth_is_what_was_gained_and_never_a_loss(count, before, grown):
    assert growth(count, before) == grown


@pytest.mark.parametrize(
    ("hours", "gained"),
    [(1, None), (23, None), (24, 7), (60, 7), (96, 7), (97, None)],
)
def test_growth_is_measured_from_a_count_one_to_four_days_old(hours, gained):
    paper = make_paper(upvotes=10, day=None)
    at = NOW - dt.timedelta(hours=hours)
    Observation.objects.create(paper=paper, source=make_source(), observed_at=at, upvotes=3)
    card = card_of(Paper.objects.with_earlier_counts(NOW).get(), brief)
    assert card.upvotes_gained == gained
    assert card_of(paper, brief).upvotes_gained is None


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://example.org/code",
        "//example.org/code",
        "https://",
        "https://alice@example.org/",
        "https://example.org/a b",
        'https://example.org/"onclick=',
        "https://example.org:port/",
        "",
    ],
)
def test_links_are_absolute_safe_web_addresses(url):
    card = card_of(Paper(identifier="arxiv:2606.00001", code_url=url, thumbnail_url=url), brief)
    assert [link.name for link in card.links] == ["arXiv", "PDF"]
    assert card.addresses[2:] == ("", "", "")
    assert card.source_thumbnail == ""


@pytest.mark.parametrize(
    ("make", "abstract", "summary", "expected"),
    [
        (brief, "Known. We show it.", "", ("We show it.", "", True, False)),
        (brief, "We show it.", "", ("We show it.", "", False, False)),
        (brief, "Known. We show it.", "In short. So. On.", ("In short. So.", "", False, True)),
        (brief, "Known. We show it.", "Cut at the e…", ("We show it.", "", True, False)),
        (brief, "Cut at the e…", "", ("", "", False, False)),
        (unfolding, "Known. We show it.", "", ("We show it.", "Known. We show it.", True, False)),
        (unfolding, "We show it.", "", ("We show it.", "", False, False)),
        (unfolding, "We show it.", "In short.", ("In short.", "We show it.", False, True)),
        (unfolding, "", "In short.", ("In short.", "", False, True)),
        (unfolding, "", "In short. So. On.", ("In short. So.", "In short. So. On.", False, True)),
        (unfolding, "Cut at the e…", "", ("", "Cut at the e…", False, False)),
        (whole, "One. Two. Three.", "In short.", ("One. Two. Three.", "", False, False)),
        (whole, "", "In short.", ("In short.", "", False, True)),
        (whole, "", "", ("", "", False, False)),
    ],
)
def test_excerpt_is_cut_as_its_place_wants_it(make, abstract, summary, expected):
    excerpt = make(Paper(abstract=abstract, summary=summary))
    assert (excerpt.text, excerpt.rest, excerpt.is_cut, excerpt.is_summarised) == expected


@pytest.mark.parametrize(
    ("abstract", "summary", "origin"),
    [
        ("Known. We show it.", "", "From the abstract:"),
        ("We show it.", "", ""),
        ("We show it.", "In short.", "Summary from the source:"),
        ("", "", ""),
    ],
)
@pytest.mark.parametrize("excerpt", [brief, unfolding])
def test_cards_say_where_their_excerpt_comes_from(excerpt, abstract, summary, origin):
    paper = Paper(identifier="arxiv:2606.00001", abstract=abstract, summary=summary)
    assert card_of(paper, excerpt).excerpt_origin == origin
