"""Records become rows: nothing doubles, nothing known is lost, and it takes a few queries."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from papers.ingest import records as ingest
from papers.ingest.records import Summary, store
from papers.matching.ranking import rank_and_match
from papers.models import Feature, Observation, Paper
from papers.sources.record import Author, PaperRecord
from tests.factories import DAY, NOW, make_source, make_topic

pytestmark = pytest.mark.django_db

LATER = NOW + dt.timedelta(hours=1)

FULL = PaperRecord(
    identifier="arxiv:2606.00001",
    title="KV caches",
    abstract="An abstract.",
    summary="A summary.",
    authors=(Author("Alice Adams"), Author("Bob Brown")),
    organization="Acme",
    categories=("cs.CL",),
    keywords=("KV cache",),
    published_on=dt.date(2026, 6, 1),
    code_url="https://github.com/a/b",
    project_url="https://a.example.org",
    thumbnail_url="https://a.example.org/t.png",
    upvotes=7,
    comments=1,
    stars=20,
    submitted_by="Dora",
    submitted_at=NOW - dt.timedelta(days=1),
)
BARE = PaperRecord(identifier=FULL.identifier, title=FULL.title)


def records(count: int, **kwargs) -> list[PaperRecord]:
    return [
        replace(FULL, identifier=f"arxiv:2606.{n:05}", title=f"Paper {n}", **kwargs)
        for n in range(1, count + 1)
    ]


def test_a_record_becomes_a_paper_a_feature_and_an_observation():
    summary = store([FULL], make_source(), DAY, NOW)

    paper = Paper.objects.get()
    assert summary == Summary(new=1, observed=1)
    for name in ("identifier", "title", "abstract", "summary", "organization", "published_on"):
        assert getattr(paper, name) == getattr(FULL, name)
    assert paper.authors == ["Alice Adams", "Bob Brown"]
    assert (paper.upvotes, paper.comments, paper.stars) == (7, 1, 20)
    assert paper.code_url == "https://github.com/a/b"
    feature = Feature.objects.get()
    assert (feature.paper, feature.day, feature.submitted_by) == (paper, DAY, "Dora")
    observation = Observation.objects.get()
    assert (observation.observed_at, observation.upvotes) == (NOW, 7)


def test_the_same_again_doubles_nothing_and_observes_again():
    store([FULL], make_source(), DAY, NOW)

    summary = store([FULL], make_source(), DAY, LATER)

    assert summary == Summary(unchanged=1, observed=1)
    assert (Paper.objects.count(), Feature.objects.count()) == (1, 1)
    assert list(Observation.objects.values_list("observed_at", flat=True)) == [NOW, LATER]


def test_the_same_moment_is_observed_once():
    store([FULL], make_source(), DAY, NOW)

    assert store([FULL], make_source(), DAY, NOW) == Summary(unchanged=1)
    assert Observation.objects.count() == 1


def test_what_a_source_leaves_out_takes_nothing_away():
    store([FULL], make_source(), DAY, NOW)
    before = Paper.objects.values().get()

    summary = store([BARE], make_source(), DAY, LATER)

    assert Paper.objects.values().get() == before
    assert summary == Summary(unchanged=1)
    assert Feature.objects.get().submitted_by == "Dora"


def test_what_a_source_adds_fills_what_was_empty():
    store([BARE], make_source(), DAY, NOW)

    assert store([FULL], make_source(), DAY, LATER) == Summary(updated=1, observed=1)
    paper = Paper.objects.get()
    assert (paper.abstract, paper.stars) == ("An abstract.", 20)
    assert Feature.objects.get().submitted_at == FULL.submitted_at


def test_new_counts_and_new_words_replace_the_old():
    store([FULL], make_source(), DAY, NOW)

    changed = replace(FULL, title="KV caches, revised", upvotes=9, stars=0)
    assert store([changed], make_source(), DAY, LATER).updated == 1
    paper = Paper.objects.get()
    assert (paper.title, paper.upvotes, paper.stars) == ("KV caches, revised", 9, 0)


def test_nobody_counting_is_no_observation():
    store([BARE], make_source(), DAY, NOW)

    assert not Observation.objects.exists()
    assert Paper.objects.get().upvotes is None


def test_a_late_answer_does_not_put_older_counts_over_newer_ones():
    store([replace(FULL, upvotes=50, stars=None)], make_source(), DAY, LATER)
    Paper.objects.update(stars=None)

    store([replace(FULL, upvotes=7, stars=20)], make_source(), DAY, NOW)

    paper = Paper.objects.get()
    assert paper.upvotes == 50
    assert paper.stars == 20  # was not known at all
    assert Observation.objects.count() == 2


def test_a_paper_listed_on_two_days_has_two_features_and_is_one_paper():
    store([FULL], make_source(), DAY, NOW)
    store([FULL], make_source(), DAY + dt.timedelta(days=1), LATER)

    assert Paper.objects.count() == 1
    assert Feature.objects.count() == 2


def test_two_sources_of_one_paper_are_two_features_and_one_paper():
    store([FULL], make_source(), DAY, NOW)
    store([FULL], make_source(slug="other"), DAY, NOW)

    assert Paper.objects.count() == 1
    assert (Feature.objects.count(), Observation.objects.count()) == (2, 2)


def test_the_number_of_queries_does_not_depend_on_the_number_of_records():
    source = make_source()

    def queries(count: int, day: dt.date, now: dt.datetime, **kwargs) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            store(records(count, **kwargs), source, day, now)
        return len(captured)

    first = queries(5, DAY, NOW)
    Paper.objects.all().delete()
    assert queries(20, DAY, NOW) == first <= 24
    Paper.objects.all().delete()
    store(records(5), source, DAY, NOW)
    again = queries(5, DAY, LATER, upvotes=8)
    Paper.objects.all().delete()
    store(records(50), source, DAY, NOW)
    assert queries(20, DAY, LATER, upvotes=8) == again <= 20


def test_more_records_than_a_batch_are_all_stored(monkeypatch):
    monkeypatch.setattr(ingest, "BATCH", 10)
    seen = []

    summary = store(records(25), make_source(), DAY, NOW, lambda *done: seen.append(done))

    assert (summary.new, Paper.objects.count()) == (25, 25)
    assert seen == [(10, 25), (20, 25), (25, 25)]


def test_a_paper_that_another_machine_was_faster_to_store_is_stored_once(monkeypatch):
    create = Paper.objects.bulk_create

    def slow(rows, **kwargs):
        if kwargs.get("ignore_conflicts"):
            Paper.objects.create(
                identifier=FULL.identifier, title="Theirs", organization="Their lab"
            )
        return create(rows, **kwargs)

    monkeypatch.setattr(Paper.objects, "bulk_create", slow)
    store([replace(FULL, organization="")], make_source(), DAY, NOW)

    paper = Paper.objects.get()
    assert (paper.title, paper.organization) == ("KV caches", "Their lab")


@pytest.mark.django_db(transaction=True)
def test_machines_at_work_at_once_come_to_the_outcome_of_one():
    source = make_source()
    topic = make_topic("Papers", keywords=["paper"])

    def machine(number: int) -> Summary:
        total = Summary()
        try:
            for turn in range(3):
                mine = records(40, upvotes=turn)
                now = NOW + dt.timedelta(hours=turn)
                total += store(mine[::-1] if number % 2 else mine, source, DAY, now)
                rank_and_match(now=now)
        finally:
            connection.close()
        return total

    with ThreadPoolExecutor(4) as pool:
        sums = list(pool.map(machine, range(4)))

    rank_and_match(now=LATER)
    assert sum(summary.observed for summary in sums) == 120
    assert (Paper.objects.count(), Feature.objects.count()) == (40, 40)
    assert Observation.objects.count() == 120
    assert topic.matches.count() == 40
    assert set(Paper.objects.values_list("upvotes", flat=True)) == {2}


# --- fetch_day -----------------------------------------------------------------------------


def test_a_summary_says_what_happened():
    assert str(Summary(new=2, unchanged=1, observed=3, problems=("x",))) == (
        "3 papers: 2 new, 0 updated, 1 unchanged; 3 observations; 1 problems"
    )
