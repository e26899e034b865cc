"""Records become rows: nothing doubles, nothing known is lost, and it takes a few queries."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from papers import tasks
from papers.ingest import records as ingest
from papers.ingest.records import Summary, fetch_day, rank_and_match, refresh, store
from papers.models import Feature, Observation, Paper, Source
from papers.sources.base import Fetched, FetchFailed, PaperRecord, PaperSource
from papers.sources.registry import KINDS
from papers.sources.settings import SourceSettings
from tests.factories import DAY, NOW, make_source, make_topic

pytestmark = pytest.mark.django_db

LATER = NOW + dt.timedelta(hours=1)

FULL = PaperRecord(
    identifier="arxiv:2606.00001",
    title="KV caches",
    abstract="An abstract.",
    summary="A summary.",
    authors=("Alice Adams", "Bob Brown"),
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


class Told(PaperSource[SourceSettings]):
    """A source that says what a test tells it."""

    kind = "huggingface"
    label = "Told"
    given: list[PaperRecord] | Exception
    asked: list[dt.date]

    def fetch(self, day):
        self.asked.append(day)
        if isinstance(self.given, Exception):
            raise self.given
        return Fetched(tuple(self.given), ("one problem",))

    def items(self, day):
        return []

    def draft(self, item):
        raise NotImplementedError


@pytest.fixture
def told(monkeypatch):
    """The Hugging Face source, saying what the test wants."""
    kind = type("Told", (Told,), {"given": [], "asked": []})
    monkeypatch.setitem(KINDS, "huggingface", kind)
    return kind


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
    assert queries(50, DAY, NOW) == first <= 12
    Paper.objects.all().delete()
    store(records(5), source, DAY, NOW)
    again = queries(5, DAY, LATER, upvotes=8)
    Paper.objects.all().delete()
    store(records(50), source, DAY, NOW)
    assert queries(50, DAY, LATER, upvotes=8) == again <= 12


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


def test_a_day_is_fetched_and_the_source_says_when(told):
    told.given = records(3)

    summary = fetch_day(DAY, NOW)

    assert (summary.new, summary.observed, summary.problems) == (3, 3, ("one problem",))
    assert told.asked == [DAY]
    source = Source.objects.get(slug="huggingface")
    assert (source.last_fetched_at, source.last_error) == (NOW, "")


def test_only_a_fetch_of_the_day_that_digests_carry_counts_as_the_last(told):
    for day in (DAY - dt.timedelta(days=1), NOW.date()):
        fetch_day(day, NOW)

    assert Source.objects.get(slug="huggingface").last_fetched_at is None


def test_a_failed_fetch_is_kept_on_the_source_and_a_good_one_clears_it(told):
    told.given = FetchFailed("It is down. " * 60)

    summary = fetch_day(DAY, NOW)

    source = Source.objects.get(slug="huggingface")
    assert summary.failures == (str(told.given),)
    assert source.last_error.startswith("It is down.")
    assert len(source.last_error) == 300
    assert source.last_fetched_at is None

    told.given = records(1)
    fetch_day(DAY, LATER)
    assert Source.objects.filter(slug="huggingface", last_fetched_at=LATER, last_error="").exists()


def test_only_what_papers_source_asks_for_is_fetched(told, settings):
    told.given = records(1)
    settings.PAPERS_SOURCE = "sample"

    summary = fetch_day(DAY, NOW)

    assert (told.asked, summary.new) == ([], 12)
    assert set(Feature.objects.values_list("source__slug", flat=True)) == {"sample"}


def test_the_sample_is_left_alone_when_papers_are_live(told):
    told.given = records(1)

    fetch_day(DAY, NOW)

    assert set(Feature.objects.values_list("source__slug", flat=True)) == {"huggingface"}


def test_an_inactive_source_is_not_fetched(told):
    Source.objects.update(is_active=False)

    assert fetch_day(DAY, NOW) == Summary()
    assert told.asked == []


def test_a_refresh_takes_the_carried_day_first_and_then_the_current_one(told):
    refresh(NOW)

    assert told.asked == [DAY, NOW.date()]


def test_a_refresh_of_a_source_that_fails_asks_it_no_more(told):
    told.given = FetchFailed("It is down.")

    summary = refresh(NOW)

    assert told.asked == [DAY]
    assert summary.failures == ("It is down.",)
    assert Source.objects.get(slug="huggingface").last_fetched_at is None


def test_the_fetch_task_stores_and_matches_what_sources_list(told):
    told.given = records(2)

    tasks.fetch.apply()

    assert Paper.objects.count() == 2
    assert Paper.objects.filter(trending_score__gt=0).count() == 2


def test_a_summary_says_what_happened():
    assert str(Summary(new=2, unchanged=1, observed=3, problems=("x",))) == (
        "3 papers: 2 new, 0 updated, 1 unchanged; 3 observations; 1 problems"
    )
