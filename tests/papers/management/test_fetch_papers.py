"""`manage.py fetch_papers`."""

import datetime as dt
import io

import pytest
import time_machine
from django.core.management import CommandError, call_command

from papers.models import Feature, Match, Observation, Paper, Source
from papers.sources.base import FetchFailed
from papers.sources.huggingface import HuggingFace
from papers.sources.registry import KINDS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sample(settings):
    """Papers come from the sample unless a test says otherwise."""
    settings.PAPERS_SOURCE = "sample"


@pytest.fixture(autouse=True)
def thursday():
    with time_machine.travel(dt.datetime(2026, 6, 11, 8, tzinfo=dt.UTC)) as travel:
        yield travel


def run(*args: str) -> str:
    out = io.StringIO()
    call_command("fetch_papers", *args, stdout=out)
    return out.getvalue()


def test_the_feature_day_is_fetched_ranked_and_matched():
    said = run()

    assert "2026-06-10: 20 papers: 20 new" in said
    assert set(Feature.objects.values_list("day", flat=True)) == {dt.date(2026, 6, 10)}
    assert Paper.objects.filter(trending_score__gt=0).count() == 20
    assert Match.objects.exists()


def test_run_twice_nothing_doubles_and_observations_append(thursday):
    run()
    matches = Match.objects.count()
    thursday.shift(60)

    said = run()

    assert "0 new, 0 updated, 20 unchanged; 12 observations" in said
    assert (Paper.objects.count(), Match.objects.count()) == (20, matches)
    assert Observation.objects.count() == 24


def test_another_day_can_be_asked_for():
    assert "2026-06-05: 20 papers" in run("--day", "2026-06-05")


def test_several_days_are_fetched_without_weekends():
    said = run("--day", "2026-06-09", "--days", "4")

    days = sorted(set(Feature.objects.values_list("day", flat=True)))
    assert days == [dt.date(2026, 6, day) for day in (4, 5, 8, 9)]
    assert "All 4 days: 80 papers" in said


def test_a_weekend_has_no_papers_and_is_no_failure():
    assert "2026-06-06: 0 papers" in run("--day", "2026-06-06")


def test_a_dry_run_stores_nothing():
    said = run("--dry-run")

    assert "would store 20 papers" in said
    assert not Paper.objects.exists()
    assert Source.objects.get(slug="sample").last_fetched_at is None


def test_one_source_can_be_named(settings):
    settings.PAPERS_SOURCE = "live"

    assert "20 papers" in run("--source", "sample")


def test_an_unknown_source_is_named_with_the_known_ones():
    listed = r"no source 'nope'\. Choose one of: huggingface, sample"
    with pytest.raises(CommandError, match=listed):
        run("--source", "nope")


@pytest.mark.parametrize("days", ["0", "-3", "10000"])
def test_an_absurd_number_of_days_is_refused(days):
    with pytest.raises(CommandError, match="--days"):
        run("--days", days)


def test_a_malformed_day_is_refused():
    with pytest.raises(CommandError, match="--day"):
        run("--day", "2026-13-01")


def test_no_active_source_is_a_sentence():
    Source.objects.update(is_active=False)

    with pytest.raises(CommandError, match="No source is active"):
        run()


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_a_failed_fetch_ends_in_its_sentence_after_the_other_sources(
    settings, monkeypatch, options
):
    class Down(HuggingFace):
        def fetch(self, day):
            raise FetchFailed("Hugging Face is down.")

    settings.PAPERS_SOURCE = "live"
    monkeypatch.setitem(KINDS, "huggingface", Down)

    with pytest.raises(CommandError, match=r"^Hugging Face is down\.$"):
        run("--days", "2", *options)


def test_without_a_terminal_there_is_no_progress_bar(capsys):
    run()

    assert capsys.readouterr().err == ""


def test_with_a_terminal_there_is_one(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    run()

    assert "Sample that ships" in terminal.getvalue()
