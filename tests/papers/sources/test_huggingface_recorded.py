"""Hugging Face Daily Papers as they were recorded: the whole way from the wire to the rows."""

import datetime as dt
import json
import socket
import subprocess
import sys

import pytest
import stamina

from papers.ingest.fetching import fetch_day, refresh
from papers.matching.ranking import rank_and_match
from papers.models import Feature, Match, Observation, Paper, Source
from papers.sources.huggingface import HuggingFace
from tests.papers.daily_papers import DAY, PATH


@pytest.fixture
def replay(shared, settings):
    """Start the recorded service, with the faults asked for; yields a function that does so."""
    running: list[subprocess.Popen[str]] = []

    def start(*options: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, str(shared / "replay.py"), "--port", str(port), *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        assert "replaying" in process.stdout.readline()
        settings.HUGGINGFACE_URL = f"http://127.0.0.1:{port}"

    with stamina.set_testing(True, attempts=3, cap=True):
        yield start
    for process in running:
        process.terminate()
        process.wait(10)


def recorded_days(shared, count: int) -> list[dt.date]:
    names = sorted(p.stem for p in (shared / "data/huggingface/daily_papers").glob("*.json"))
    return [dt.date.fromisoformat(name) for name in names[-count:]]


@pytest.mark.django_db
def test_ten_recorded_days_fetched_twice_double_nothing_and_observe_twice(shared, replay):
    replay()
    days = recorded_days(shared, 10)
    first = dt.datetime(2026, 6, 13, 8, tzinfo=dt.UTC)
    problems = [fetch_day(day, first).problems for day in days]
    rank_and_match(now=first)
    papers, features = Paper.objects.count(), Feature.objects.count()
    matches = list(Match.objects.order_by("pk").values())

    for day in days:
        again = fetch_day(day, first + dt.timedelta(hours=1))
        assert (again.new, again.updated) == (0, 0)
    rank_and_match(now=first)

    assert problems == [()] * 10
    assert papers > 400
    assert (Paper.objects.count(), Feature.objects.count()) == (papers, features)
    assert list(Match.objects.order_by("pk").values()) == matches
    assert Observation.objects.count() == 2 * features
    assert Paper.objects.filter(trending_score__lte=0).count() == 0
    recorded = json.loads((shared / f"data/huggingface/daily_papers/{days[-1]}.json").read_text())
    assert Paper.objects.featured_on(days[-1]).count() == len(recorded)


@pytest.mark.django_db
@pytest.mark.parametrize("fault", ["429", "500", "html", "truncate"])
def test_every_second_request_failing_costs_no_paper(shared, replay, fault):
    replay("--fault", fault, "--fault-every", "2")
    (day,) = recorded_days(shared, 1)
    now = dt.datetime(2026, 6, 13, 8, tzinfo=dt.UTC)

    for hour in range(3):
        summary = fetch_day(day, now + dt.timedelta(hours=hour))
        assert summary.failures == ()
        assert summary.papers > 30
    assert Observation.objects.count() == 3 * Feature.objects.count()


@pytest.mark.django_db
@pytest.mark.parametrize("fault", ["429", "500", "html", "truncate"])
def test_every_request_failing_costs_the_fetch_and_says_so(shared, replay, fault):
    replay("--fault", fault, "--fault-every", "1")
    (day,) = recorded_days(shared, 1)

    summary = fetch_day(day, dt.datetime(2026, 6, 13, 8, tzinfo=dt.UTC))

    assert summary.papers == 0
    assert len(summary.failures) == 1
    source = Source.objects.get(slug="huggingface")
    assert source.last_error == summary.failures[0]
    assert source.last_fetched_at is None


def test_the_raw_capture_is_read_without_a_problem(shared, site):
    body = (shared / "data/huggingface/capture-2026-05-10.json").read_text()
    site.expect_request(PATH).respond_with_data(body, content_type="application/json")

    fetched = HuggingFace().fetch(DAY)

    raw = {entry["paper"]["id"]: entry for entry in json.loads(body)}
    assert fetched.problems == ()
    assert len(fetched.records) == len(raw) == 37
    for record in fetched.records:
        entry = raw[record.identifier.removeprefix("arxiv:")]
        assert record.stars == entry["paper"].get("githubStars")
        assert record.comments == entry.get("numComments")
        assert len(record.authors) == len(
            {a["name"] for a in entry["paper"]["authors"] if not a["hidden"]}
        )


@pytest.mark.django_db
def test_the_regular_fetch_takes_the_carried_and_the_current_day(shared, replay):
    replay()

    summary = refresh(dt.datetime(2026, 6, 11, 8, tzinfo=dt.UTC))

    listed = set(Feature.objects.values_list("day", flat=True))
    assert listed == {dt.date(2026, 6, 10), dt.date(2026, 6, 11)}
    assert summary.failures == ()
    assert Match.objects.exists()
