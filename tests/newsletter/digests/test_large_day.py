"""A day of five hundred papers from five sources goes through whole: fetched, cleaned, matched,
ranked, frozen and composed, in a number of queries that does not grow with the papers.
"""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from newsletter.digests.rendering import DigestPress
from newsletter.digests.selection import Reader, Shelf
from newsletter.issues.freezing import build_issue, places_of
from papers.ingest.fetching import fetch_day
from papers.matching.ranking import rank_and_match
from papers.models import Feature, Match, Paper, Source
from papers.sources.base import PaperSource
from papers.sources.record import Draft
from papers.sources.registry import KINDS
from papers.sources.settings import SourceSettings
from tests.factories import DAY, NOW, make_subscriber, make_topic

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
    for each in (20, 80):
        monkeypatch.setattr(Many, "each", each)
        day = DAY + dt.timedelta(days=each == 80)
        now = NOW + dt.timedelta(days=each == 80)
        counted[each] = (
            queries_of(lambda: fetch_day(day, now)),  # noqa: B023
            queries_of(lambda: build_issue(day, now)),  # noqa: B023
        )
    # SQLite takes so many parameters in a statement, so Django parts long ones there.
    parted = 0 if connection.vendor == "postgresql" else 5 * (80 - 20) // 10
    for few, many in zip(counted[20], counted[80], strict=True):
        assert few <= many <= few + parted
