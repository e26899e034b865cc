"""Sources are asked day by day; what they answer is stored, and a failure costs one source."""

import datetime as dt

import pytest

from papers import tasks
from papers.ingest.fetching import fetch_day, refresh
from papers.ingest.records import Summary
from papers.models import Feature, Paper, Source
from papers.sources.base import Fetched, FetchFailed, LeftOut, PaperSource
from papers.sources.record import Draft, PaperRecord
from papers.sources.registry import KINDS
from papers.sources.settings import SourceSettings
from tests.factories import DAY, NOW, make_source
from tests.papers.ingest.test_records import LATER, records

pytestmark = pytest.mark.django_db


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

    assert (told.asked, summary.new) == ([], 20)
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


class Numbers(PaperSource[SourceSettings]):
    """Lists numbers; odd ones are no papers to list."""

    kind = "numbers"
    label = "Numbers"

    def items(self, day):
        self.notes.append(f"since {self.state.get('last')}, now {self.now:%H:%M}")
        self.state["last"] = 5
        self.is_complete = True
        return range(1, 6)

    def draft(self, item):
        if item % 2:
            raise LeftOut("odd")
        return Draft(id=f"arxiv:2606.{item:05}", title=f"Paper {item}")


def test_a_source_counts_what_its_rules_leave_out_and_keeps_a_state():
    settings = SourceSettings(most_papers=1)
    stored = {"last": 3}

    fetched = Numbers(settings, state=stored, now=NOW).fetch(DAY)

    assert [record.title for record in fetched.records] == ["Paper 2"]
    assert fetched.left_out == {"odd": 3, "over the limit of 1 in the settings": 1}
    assert fetched.notes == (f"since 3, now {NOW:%H:%M}",)
    assert (fetched.state, fetched.is_complete, fetched.problems) == ({"last": 5}, True, ())
    assert stored == {"last": 3}, "what the row holds is not changed behind its back"
    assert Numbers(state={"last": 5}).fetch(DAY).state is None, "nothing to write"


def test_the_row_keeps_the_state_once_the_papers_are_stored(monkeypatch):
    source = make_source()
    monkeypatch.setitem(KINDS, source.kind, Numbers)

    def breaks(*args, **kwargs):
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr("papers.ingest.fetching.store", breaks)
        with pytest.raises(RuntimeError):
            fetch_day(DAY, NOW, source)
    assert Source.objects.get(pk=source.pk).state is None

    summary = fetch_day(DAY, NOW, source)

    source.refresh_from_db()
    assert source.state == {"last": 5}
    assert source.last_run is not None
    assert source.last_run["left_out"] == 3
    assert str(summary).endswith("left out: 3 odd")
    assert summary.notes == (f"since None, now {NOW:%H:%M}",)
