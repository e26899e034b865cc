"""A day of five hundred papers from five sources goes through whole: fetched, cleaned, matched,
ranked, frozen and composed, in a number of queries that does not grow with the papers.
"""

import datetime as dt
import tracemalloc

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from newsletter.digests import bodies, rendering
from newsletter.digests.bodies import IN_FULL
from newsletter.digests.rendering import DigestPress, RenderingFailed
from newsletter.digests.selection import Reader, Shelf
from newsletter.digests.taste import Landscape, Ratings
from newsletter.issues.freezing import build_issue, places_of
from newsletter.issues.places import BEST, taking_part
from papers.ingest.fetching import fetch_day
from papers.matching.ranking import rank_and_match
from papers.models import Feature, Match, Paper, Source
from papers.sources.base import PaperSource
from papers.sources.record import Draft
from papers.sources.registry import KINDS
from papers.sources.settings import SourceSettings
from papers.text.cleaning import shorten
from tests.factories import DAY, NOW, make_subscriber, make_topic
from tests.newsletter import digest_readers as made

pytestmark = pytest.mark.django_db

SUBJECTS = (
    "neurons in the visual cortex of mice",
    "solid electrolytes for lithium batteries",
    "spin waves in thin magnetic films",
    "trials of a vaccine against malaria",
    "language models that plan",
)
EACH = 100


class Many(PaperSource[SourceSettings]):
    """A hundred papers of one field."""

    kind = "many"
    label = "Many"

    def items(self, day):
        return range(self.each)

    each = EACH

    def draft(self, item):
        number = int(self.name)
        subject = SUBJECTS[number]
        return Draft(
            id=f"doi:10.5555/{self.each}.{number}.{item:04}",
            title=f"Study {self.each}-{item} of {subject}",
            abstract=f"We study {subject}. Case {item} shows an effect and its limits.",
            authors=[f"Alice Adams {item}", "Bob Brown", "Charlie Clark"],
            categories=[f"field:{number}"],
            published_on=DAY.isoformat(),
            upvotes=item,
        )


@pytest.fixture
def sources(monkeypatch):
    Source.objects.update(is_active=False)
    monkeypatch.setitem(KINDS, "many", Many)
    for number in range(len(SUBJECTS)):
        Source.objects.create(kind="many", slug=f"many-{number}", name=str(number))


def queries_of(do) -> int:
    with CaptureQueriesContext(connection) as asked:
        do()
    return len(asked)


def test_five_hundred_papers_of_five_sources_go_through_whole(sources):
    topic = make_topic("Batteries", keywords=["lithium batteries", "solid electrolytes"])
    make_topic("Malaria", keywords=["malaria"])
    alice = make_subscriber(topics=[topic])

    summary = fetch_day(DAY, NOW)
    rank_and_match(now=NOW)
    issue = build_issue(DAY, NOW)

    assert (summary.new, summary.problems, summary.failures) == (500, (), ())
    assert Paper.objects.count() == Feature.objects.filter(day=DAY).count() == 500
    assert Match.objects.sendable().filter(topic=topic).count() == EACH
    assert issue is not None
    assert len(places_of(issue)) == 500
    assert sorted(issue.places.values_list("rank", flat=True)) == list(range(1, 501))
    places = places_of(issue)
    reader = Reader(alice.pk, alice.email, alice.link_version, frozenset({topic.pk}))
    choices = Shelf(places).select(reader, frozenset())
    mail = DigestPress(issue, places, {topic.pk: topic.name}).render(reader, choices, None)
    assert len(choices) == 10
    assert "".join(part.text for part in mail.text).count("lithium batteries") >= 10


def test_queries_do_not_grow_with_the_papers(sources, monkeypatch):
    make_topic("Batteries", keywords=["lithium batteries"])
    counted = {}
    # The first day has no earlier papers whose attention could be looked at.
    for number, each in enumerate((5, 20, 80)):
        monkeypatch.setattr(Many, "each", each)
        day = DAY + dt.timedelta(days=number)
        now = NOW + dt.timedelta(days=number)
        counted[each] = (
            queries_of(lambda: fetch_day(day, now)),  # noqa: B023
            queries_of(lambda: build_issue(day, now)),  # noqa: B023
        )
    # SQLite takes so many parameters in a statement, so Django parts long ones there.
    parted = 0 if connection.vendor == "postgresql" else 5 * (80 - 20) // 10
    for few, many in zip(counted[20], counted[80], strict=True):
        assert few <= many <= few + parted


def test_cards_are_made_when_a_reader_first_gets_them_and_all_of_a_batch_at_once():
    places = [made.make_place(number, topics=[1]) for number in range(1, 301)]
    press = made.make_press(places)
    asked: list[list[int]] = []

    def cards_of(ids):
        asked.append(list(ids))
        return {place.id: place.card for place in places if place.id in ids}

    press._cards_of = cards_of
    alice, bob = made.make_reader(1, topics={1}), made.make_reader(2, topics={1})
    chosen = Shelf(places).select(alice)
    press.prepare([(alice, chosen[:5]), (bob, chosen[5:8])])
    assert [sorted(ids) for ids in asked] == [list(range(1, 9))]
    assert len(press.text.cards) == 2 * IN_FULL

    press.render(alice, chosen[:5], 1)
    press.render(bob, chosen[5:8], 2)
    assert len(asked) == 1


def test_cards_that_nobody_needed_for_long_are_made_again(monkeypatch):
    monkeypatch.setattr(bodies, "MOST_CARDS", 5)
    places = [made.make_place(number, topics=[1]) for number in range(1, 21)]
    press = made.make_press(places)
    alice = made.make_reader(1, topics={1})
    choices = Shelf(places).select(alice)
    first = press.render(alice, choices[:4], 1)
    for at in range(4, 10, 2):
        press.render(alice, choices[at:], 1)
    assert len(press.text.cards) <= 5
    assert press.render(alice, choices[:4], 1).html == first.html


def test_each_reader_is_told_their_own_reason_on_a_card_that_all_share():
    press = made.make_press([made.make_place(1, topics=[1])])
    alice, bob = made.make_reader(1, topics={1}), made.make_reader(2, topics={1})
    (plain,) = Shelf(press.places).select(alice)
    hers = plain._replace(followings=(7,), followed="Your words: <state> of charge")
    long = plain._replace(followings=(8,), followed="You follow " + "Bob " * 100)
    alone = plain._replace(why="", followings=(9,), followed="You follow Charlie")
    for reader, choice in ((alice, hers), (bob, plain), (bob, long), (bob, alone), (alice, hers)):
        mail = press.render(reader, [choice], 1)
        text = "".join(fragment.text for fragment in mail.text)
        html = "".join(fragment.text for fragment in mail.html)
        assert shorten(choice.reason, bodies.WHY_LENGTH) in text
        assert escape(shorten(choice.reason, bodies.WHY_LENGTH)) in html
        assert ("charge" in text, "charge" in html) == (choice is hers,) * 2


def test_a_paper_of_which_no_html_can_be_made_costs_only_digests_with_it_theirs(monkeypatch):
    def check(html):
        if "Paper number 3<" in html:
            raise RenderingFailed("a link is not an absolute address")

    monkeypatch.setattr(rendering, "check_links", check)
    places = [made.make_place(number, topics=[1]) for number in range(1, 11)]
    press = made.make_press(places)
    alice = made.make_reader(1, topics={1})
    choices = Shelf(places).select(alice)
    press.prepare([(alice, choices)])
    with_it, without = press.render(alice, choices, 1), press.render(alice, choices[3:], 2)
    assert not with_it.html
    assert "Paper number 3\n" in "".join(part.text for part in with_it.text)
    assert without.html


def test_of_each_topic_the_most_trending_papers_take_part_and_no_others():
    loud = [made.make_place(number, topics=[1]) for number in range(1, 2 * BEST + 1)]
    quiet = [made.make_place(number, topics=[2]) for number in range(2 * BEST + 1, 2 * BEST + 4)]
    assert [place.id for place in taking_part([*quiet, *loud])] == [
        *range(1, BEST + 1),
        *(place.id for place in quiet),
    ]


def test_a_taste_for_some_papers_is_that_for_all_of_them():
    draw = np.random.default_rng(1)
    papers = draw.normal(size=(500, 20)).astype(np.float32)
    papers /= np.linalg.norm(papers, axis=1, keepdims=True)
    ratings = Ratings(papers[:4], np.array([1, 1, -1, 1], np.float32), ("",) * 4)
    liking = Landscape(papers).taste(ratings)
    assert float(liking.mean()) == pytest.approx(0, abs=1e-3)
    assert float(liking.std()) == pytest.approx(1, abs=1e-3)
    rows = np.array([400, 3, 77])
    assert Landscape(papers).taste(ratings, rows) == pytest.approx(liking[rows], abs=1e-5)


def test_a_week_of_large_days_has_no_table_of_papers_by_papers():
    draw = np.random.default_rng(2)
    places = [made.make_place(number, topics=[1 + number % 6]) for number in range(1, 4_001)]
    vectors = draw.normal(size=(4_001, 50)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    tracemalloc.start()
    try:
        Shelf(places, dict(enumerate(vectors)), is_weekly=True)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 4_000 * 4_000  # a byte for each pair
