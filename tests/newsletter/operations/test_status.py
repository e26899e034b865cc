"""The status: true numbers of today's send, and signs of life that are rows."""

import datetime as dt
import json
import time
from pathlib import Path

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

import newsletter
from newsletter.delivery import backend_state, welcome
from newsletter.models import Delivery, Heartbeat
from newsletter.operations.watching import heartbeats, report, troubles
from newsletter.operations.watching.status import status
from papers.models import Source
from subscriptions.models import Notice
from subscriptions.notices import due
from subscriptions.readers import form_entries
from tests.factories import DAY, NOW, make_delivery, make_issue, make_source, make_subscriber

pytestmark = pytest.mark.django_db

State = Delivery.State
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def one_source():
    """Hugging Face alone, which has just answered."""
    Source.objects.all().delete()
    source = make_source()
    source.record_answer(DAY, NOW, {})
    return source


def make_alive(now=NOW):
    """Beat, a worker and a tick, all seen at `now`."""
    Heartbeat.objects.record(Heartbeat.Kind.BEAT, "beat", now, version="1")
    Heartbeat.objects.record(Heartbeat.Kind.WORKER, "worker celery@one", now, version="1")
    heartbeats.tick_was_run(now)


def make_rows(issue, **counts):
    """So many deliveries in each state."""
    for state, count in counts.items():
        for number in range(count):
            reader = make_subscriber(f"{state}{number}@example.org")
            sent_at = NOW - MINUTE * number if state == "sent" else None
            make_delivery(issue, reader, state=state, sent_at=sent_at)


def test_todays_send_is_counted_by_what_became_of_it():
    issue = make_issue()
    make_rows(issue, sent=3, pending=4, claimed=1, skipped=2, failed=1, expired=2, unknown=1)
    Delivery.objects.filter(state=State.CLAIMED).update(due_at=NOW - dt.timedelta(hours=1))
    make_delivery(make_issue(DAY - dt.timedelta(days=1)), make_subscriber(), state=State.UNKNOWN)
    found = status(NOW)
    send = found.send
    assert (send.due, send.sent, send.skipped, send.waiting) == (14, 3, 2, 5)
    assert (send.failed, send.expired, send.in_doubt, send.late) == (1, 2, 1, 1)
    assert found.lost_before == 1


def test_rate_and_end_are_those_of_the_last_five_minutes():
    make_rows(make_issue(), sent=10, pending=8)
    send = status(NOW).send
    assert send.per_minute == 1.0  # five of the ten went out in the last five minutes
    assert send.ends_at == NOW + 8 * MINUTE
    assert send.last_sent_at == NOW
    later = status(NOW + 20 * MINUTE).send
    assert (later.per_minute, later.ends_at) == (0, None)


def test_the_issue_is_waited_for_and_then_there():
    before = status(NOW).issue
    assert (before.day, before.is_there) == (DAY, False)
    assert before.expected_by == NOW.replace(hour=6)
    make_issue(missing_sources=[{"name": "A", "slug": "a", "last_answered_at": None}])
    after = status(NOW).issue
    assert (after.is_there, after.state, after.missing_sources) == (True, "running", ["A"])


def test_queue_is_as_old_as_what_has_waited_longest_and_may_be_sent():
    issue = make_issue()
    make_delivery(issue, make_subscriber("a@example.org"), not_before=NOW - 5 * MINUTE)
    make_delivery(issue, make_subscriber("b@example.org"), not_before=NOW + MINUTE)
    make_delivery(
        make_issue(DAY - dt.timedelta(days=1), state="paused"),
        make_subscriber("c@example.org"),
        not_before=NOW - 60 * MINUTE,
    )
    assert status(NOW).queue_age == 300


@pytest.mark.parametrize("what", ["notice", "entry", "welcome"])
def test_queue_counts_what_is_no_digest_of_the_day(what):
    since = NOW - 7 * MINUTE
    reader = make_subscriber("a@example.org", status="pending")
    if what == "notice":
        due.ask_for(Notice.Kind.CONFIRM, reader.pk, since)
    elif what == "entry":
        form_entries.note_lost_link("a@example.org", since)
    else:
        make_issue()
        reader.confirm(since)
        assert welcome.plan(since) == 1
    found = status(NOW)
    assert found.queue_age == found.as_dict()["queue_age"] == 420
    assert found.other_emails_age == (0 if what == "welcome" else 420)


@pytest.mark.parametrize(("ago", "is_alive"), [(0, True), (3, True), (4, False)])
def test_parts_are_alive_while_they_were_seen_lately(ago, is_alive):
    make_alive(NOW - ago * MINUTE)
    found = status(NOW)
    assert found.beat is not None
    assert (found.beat.is_alive, found.has_worker) == (is_alive, is_alive)
    assert found.workers[0].name == "celery@one"


def test_backend_says_since_when_it_refuses_and_names_no_address():
    for at, is_refusing in ((0, False), (1, True), (5, True)):
        backend_state.note(
            NOW + at * MINUTE, is_refusing=is_refusing, reason="550 no alice@example.org here"
        )
    found = status(NOW + 6 * MINUTE).backend
    assert (found.is_refusing, found.since) == (True, NOW + MINUTE)
    assert "alice" not in found.reason
    backend_state.note(NOW + 7 * MINUTE, is_refusing=False)
    found = status(NOW + 8 * MINUTE).backend
    assert (found.is_refusing, found.since) == (False, NOW + 7 * MINUTE)


def test_number_of_queries_does_not_grow_with_readers():
    issue = make_issue()
    counts = []
    for size in (2, 20):
        for number in range(size):
            make_delivery(issue, make_subscriber(f"{size}-{number}@example.org"))
        with CaptureQueriesContext(connection) as queries:
            status(NOW)
        counts.append(len(queries))
    assert counts[0] == counts[1] < 20


# --- The command ---------------------------------------------------------------------------


def said(capsys, *arguments):
    """What the command prints, and its exit code."""
    code = 0
    with time_machine.travel(NOW, tick=False):
        try:
            call_command("status", *arguments)
        except SystemExit as ended:
            code = int(str(ended.code))
    return capsys.readouterr().out, code


def test_all_is_well_with_nought_and_trouble_ends_with_one(capsys):
    make_issue()
    make_alive()
    out, code = said(capsys)
    assert code == 0, out
    assert "TROUBLE" not in out
    Heartbeat.objects.filter(kind="beat").update(at=NOW - 10 * MINUTE)
    out, code = said(capsys)
    assert code == 1
    assert "TROUBLE" in out
    assert "Beat hasn't run since 11 June, 07:50 UTC" in out


def test_json_holds_every_fact_and_every_trouble(capsys):
    make_rows(make_issue(), sent=2, unknown=1)
    out, code = said(capsys, "--json")
    told = json.loads(out)
    assert told["send"]["sent"] == 2
    assert told["issue"]["day"] == "2026-06-10"
    assert told["sources"][0]["answered_at"] == NOW.isoformat()
    assert told["pending_migrations"] == 0
    assert {"beat", "workers", "lost:2026-06-10"} <= {one["trouble"] for one in told["troubles"]}
    assert code == 1


def test_version_is_that_of_the_package():
    root = Path(newsletter.__file__).parent.parent
    assert f'\nversion = "{newsletter.VERSION}"\n' in (root / "pyproject.toml").read_text()


def wait_for(is_so):
    end = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


# --- Hearts --------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_heart_beats_beside_the_pool_and_takes_its_row_away(settings, tmp_path):
    settings.JOURNAL_DIR = tmp_path
    watched: list[dt.datetime] = []
    heart = heartbeats.Heart("celery@two", watched.append, every=0.05)
    heart.start()
    try:
        wait_for(lambda: len(watched) >= 3)
        row = Heartbeat.objects.get(name="worker celery@two")
        assert row.since < row.at
        assert 0 < row.details["journal_free"] <= row.details["journal_total"]
    finally:
        heart.stop()
    assert not Heartbeat.objects.filter(name="worker celery@two").exists()


def test_a_heart_goes_on_when_the_database_or_the_watch_fails(monkeypatch, caplog):
    def fail(now):
        raise RuntimeError("away")

    heart = heartbeats.Heart("celery@three", fail)
    heartbeats._write(heart.beat)
    assert "couldn't write a heartbeat" in caplog.text


def test_one_of_all_workers_looks_around_once_a_minute():
    every = dt.timedelta(seconds=55)
    turns = [
        heartbeats.is_my_turn(NOW + dt.timedelta(seconds=s), every) for s in (0, 1, 30, 55, 56)
    ]
    assert turns == [True, False, False, True, False]


def digests_said(facts) -> str:
    """The line about today's digests."""
    return next(line.said for line in report.lines(facts) if line.name == "Digests")


def test_pages_show_what_the_watch_counted_lately():
    issue = make_issue()
    make_rows(issue, sent=2, pending=1)
    assert troubles.watch(NOW, tell=lambda _: True, pings=False)
    counted = status(NOW).send
    Delivery.objects.filter(issue=issue).update(state=State.EXPIRED)
    later = status(NOW + MINUTE, counts_anew=False)
    assert later.send == counted
    assert digests_said(later).endswith("(counted 60 s ago)")
    assert status(NOW + MINUTE).send.expired == 3
    assert "counted" not in digests_said(status(NOW + MINUTE))


@pytest.mark.parametrize(
    ("details", "later"),
    [
        (None, 5 * MINUTE),
        ({}, MINUTE),
        ({"day": "2026-06-09"}, MINUTE),
        ({"send": {"due": "many", "counted_at": "yesterday"}}, MINUTE),
        ({"send": {"unknown": 1}}, MINUTE),
        ({"send": None}, MINUTE),
    ],
    ids=["old", "nothing", "another day", "no moment", "another version", "none"],
)
def test_what_the_watch_did_not_count_lately_is_counted_anew(details, later):
    issue = make_issue()
    make_rows(issue, pending=1)
    assert troubles.watch(NOW, tell=lambda _: True, pings=False)
    if details is not None:
        watch = Heartbeat.objects.get(kind=Heartbeat.Kind.WATCH)
        watch.details = (watch.details | details) if details else {}
        watch.save()
    Delivery.objects.filter(issue=issue).update(state=State.SENT, sent_at=NOW)
    send = status(NOW + later, counts_anew=False).send
    assert (send.sent, send.counted_at) == (1, NOW + later)
