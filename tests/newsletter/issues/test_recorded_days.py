"""Ten recorded days on their whole way: fetched, matched, frozen, sent; and all of it again."""

import datetime as dt
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.delivery import planning, worker
from newsletter.issues.freezing import build_issue
from newsletter.models import Delivery, Issue, IssuePaper
from papers.days import feature_day
from papers.ingest.fetching import fetch_day
from papers.matching.ranking import rank_and_match
from papers.models import Feature, Match, Paper, Topic
from subscriptions.models import Subscriber
from tests.factories import make_subscriber
from tests.newsletter.transports import RecordingTransport

pytestmark = pytest.mark.django_db

DAYS = [dt.date(2026, 5, 25) + dt.timedelta(days=n) for n in (0, 1, 2, 3, 4, 7, 8, 9, 10, 11)]


@pytest.fixture
def replay(shared: Path) -> Iterator[str]:
    """The recordings, served as the real service would."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, str(shared / "replay.py"), "--port", str(port)], stdout=subprocess.PIPE
    )
    assert server.stdout is not None
    assert b"replaying" in server.stdout.readline()
    yield f"http://127.0.0.1:{port}"
    server.kill()
    server.wait()


def counts() -> dict[str, int]:
    models = (Paper, Feature, Match, Issue, IssuePaper, Delivery)
    return {model.__name__: model.objects.count() for model in models}


def test_ten_recorded_days_are_sent_once_however_often_each_step_runs(replay, settings, tmp_path):
    settings.HUGGINGFACE_URL = replay
    settings.PAPERS_SOURCE = "live"
    topics = list(Topic.objects.order_by("pk"))
    start = dt.datetime(2026, 5, 26, 8, tzinfo=dt.UTC)
    alice = make_subscriber("alice@example.org", topics=topics, next_digest_at=start)
    make_subscriber(
        "bob@example.org", topics=topics[:5], timezone="Asia/Tokyo", next_digest_at=start
    )
    make_subscriber(
        "charlie@example.org",
        topics=topics[10:],
        rhythm=Subscriber.Rhythm.WEEKLY,
        weekday=4,
        next_digest_at=dt.datetime(2026, 5, 29, 8, tzinfo=dt.UTC),
    )
    transport = RecordingTransport()
    for day in DAYS:
        morning = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(8), dt.UTC)
        assert feature_day(morning) == day
        seen: list[tuple[dict[str, int], int]] = []
        for again in range(2):
            now = morning + dt.timedelta(minutes=again)
            summary = fetch_day(day, now)
            assert not summary.failures
            rank_and_match(day=day, now=now)
            assert build_issue(day, now) is not None
            planning.plan(now)
            worker.drain(transport=transport, directory=tmp_path, clock=lambda now=now: now)
            seen.append((counts(), len(transport.sent)))
        assert seen[0] == seen[1]
    assert not Delivery.objects.exclude(state__in=("sent", "skipped")).exists()
    had = [row[0] for each in alice.deliveries.all() for row in each.choices]
    assert len(had) == len(set(had)) >= 80
    assert sum(mail.to_addr == "charlie@example.org" for mail in transport.sent) == 2
