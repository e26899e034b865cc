"""Troubles: seen, told within ten minutes, told again each day, told when over, once each."""

import datetime as dt
import threading
from dataclasses import replace

import pytest
import time_machine
from django.core.management import call_command
from django.db import connections
from django.test import Client

from newsletter.delivery import backend_state, rates, worker
from newsletter.issues.freezing import build_issue
from newsletter.mail.outcomes import Kind, Outcome
from newsletter.models import Heartbeat, Trouble, Webhook
from newsletter.operations.watching import alerts, heartbeats, report, troubles
from newsletter.operations.watching.alerts import Alert, State
from newsletter.operations.watching.status import Disk, status
from newsletter.pages import health
from papers.models import Source
from subscriptions.models import Notice
from subscriptions.notices import due
from tests.factories import (
    DAY,
    NOW,
    make_delivery,
    make_issue,
    make_match,
    make_paper,
    make_source,
    make_subscriber,
    make_topic,
)
from tests.newsletter.operations.test_status import make_alive
from tests.newsletter.sink import Sink
from tests.newsletter.transports import RecordingTransport

pytestmark = pytest.mark.django_db

MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def source():
    Source.objects.all().delete()
    source = make_source()
    source.record_answer(DAY, NOW, {})
    return source


@pytest.fixture
def told():
    """The alerts that arrive; where `fails` is set they do not."""

    class Told(list[tuple[str, str]]):
        fails = False

        def __call__(self, alert: Alert) -> bool:
            if not self.fails:
                self.append((alert.trouble, alert.state.value))
            return not self.fails

    return Told()


def keys(now=NOW, **changed):
    """The troubles that the facts at `now` show."""
    return {one.key for one in troubles.findings(replace(status(now), **changed))}


def watch(told, minutes, start=NOW, each=lambda now: make_alive(now), every=1):
    """Let a worker look every minute, or `every` so many; `each` happens before."""
    for minute in range(0, minutes, every):
        now = start + minute * MINUTE
        each(now)
        troubles.watch(now, told)
    return start + minutes * MINUTE


# --- What is trouble -------------------------------------------------------------------------


def test_nothing_is_trouble_where_all_is_well():
    make_issue()
    make_alive()
    assert keys() == set()


@pytest.mark.parametrize(("seen", "trouble"), [(None, True), (3, False), (4, True)])
def test_a_silent_beat(seen, trouble):
    make_issue()
    make_alive()
    Heartbeat.objects.filter(kind="beat").delete()
    if seen is not None:
        Heartbeat.objects.record(Heartbeat.Kind.BEAT, "beat", NOW - seen * MINUTE)
    assert keys() == ({"beat"} if trouble else set())


@pytest.mark.parametrize(("kind", "key"), [("tick", "tick"), ("worker", "workers")])
def test_a_silent_worker_or_broker(kind, key):
    make_issue()
    make_alive()
    Heartbeat.objects.filter(kind=kind).update(at=NOW - 6 * MINUTE)
    assert keys() == {key}


@pytest.mark.parametrize(("hours", "trouble"), [(2.9, False), (3, True), (20, True)])
def test_no_issue_by_the_hour(settings, hours, trouble):
    settings.ALERT_ISSUE_HOURS = 3
    now = NOW.replace(hour=0) + dt.timedelta(hours=hours)
    make_alive(now)
    assert keys(now) == ({"no-issue"} if trouble else set())


@pytest.mark.parametrize(
    ("hours", "pause", "error", "trouble"),
    [
        (1.9, 0, "500", False),
        (2.1, 0, "500", True),
        (2.1, 0, "", False),
        (3, 120, "500", False),
        (4.1, 120, "500", True),
        (None, 0, "500", True),
    ],
)
def test_a_source_that_fails_longer_than_usual(hours, pause, error, trouble):
    make_issue()
    make_alive()
    answered = None if hours is None else NOW - dt.timedelta(hours=hours)
    (fact,) = status(NOW).sources
    changed = replace(fact, answered_at=answered, error=error, pause_minutes=pause)
    assert keys(sources=[changed]) == ({"source:huggingface"} if trouble else set())


def test_a_source_that_gives_nothing_for_longer_than_usual_is_told_once(told, source):
    """It answers, so nothing else would be noticed; but it is no fault to be told day after day."""
    days = [DAY - dt.timedelta(days=ago) for ago in (13, 12, 11, 10, 9)]
    Source.objects.update(gave=[day.isoformat() for day in days])
    make_issue()

    watch(told, 3 * 24 * 60, every=60)

    mine = [(key, state) for key, state in told if key.startswith("silent:")]
    assert mine == [(f"silent:{source.slug}", "open")]
    line = troubles.findings(status(NOW))
    assert any("has listed nothing for 10 days" in one.text for one in line)

    source.refresh_from_db()
    source.record_answer(DAY, NOW, {"papers": 3})
    assert f"silent:{source.slug}" not in keys()


def test_a_backend_that_refuses():
    make_issue()
    make_alive()
    backend_state.note(NOW, is_refusing=True, reason="554 no")
    assert keys() == {"backend"}


@pytest.mark.parametrize(
    ("waited", "sent", "trouble"), [(10, None, False), (16, None, True), (16, 1, False)]
)
def test_a_queue_that_stands_still(waited, sent, trouble):
    issue = make_issue()
    make_alive()
    make_delivery(issue, make_subscriber("a@example.org"), not_before=NOW - waited * MINUTE)
    if sent:
        make_delivery(issue, make_subscriber(), state="sent", sent_at=NOW - sent * MINUTE)
    assert keys() == ({"queue"} if trouble else set())


def test_a_spent_day_is_no_queue_that_stands_still(settings, monkeypatch):
    make_alive()
    make_delivery(make_issue(), make_subscriber(), not_before=NOW - HOUR)
    monkeypatch.setattr(rates, "is_spent", lambda name, now: True)
    assert keys() == set()


@pytest.mark.parametrize("state", ["unknown", "expired"])
@pytest.mark.parametrize(
    ("lost", "due", "trouble"), [(0, 3, False), (1, 3, True), (4, 100, False), (5, 100, True)]
)
def test_digests_in_doubt_or_too_late(state, lost, due, trouble):
    make_alive()
    issue = make_issue()
    for number in range(due):
        reader = make_subscriber(f"r{number}@example.org")
        make_delivery(issue, reader, state=state if number < lost else "skipped")
    assert keys() == ({"lost:2026-06-10"} if trouble else set())


@pytest.mark.parametrize(("free", "trouble"), [(11, False), (9, True)])
def test_a_journal_whose_disk_fills(free, trouble):
    make_issue()
    make_alive()
    assert keys(disks=[Disk("one", free, 100)]) == ({"disk:one"} if trouble else set())


def test_migrations_that_have_not_run():
    make_issue()
    make_alive()
    assert keys(pending_migrations=2) == {"migrations"}


@pytest.mark.parametrize("kind", [Kind.DEFERRED, Kind.ACCEPTED])
def test_a_drain_notes_what_the_backend_says(tmp_path, kind):
    topic = make_topic("Agents")
    make_match(make_paper("A paper"), topic)
    issue = build_issue(DAY, NOW)
    assert issue is not None
    make_delivery(issue, make_subscriber(topics=[topic]))
    outcome = Outcome(kind, "421", "no alice@example.org now", tried=kind is Kind.ACCEPTED)
    transport = RecordingTransport(lambda mail: outcome)
    worker.drain(transport=transport, directory=tmp_path, clock=lambda: NOW)
    backend = status(NOW).backend
    assert backend.since == NOW
    assert backend.is_refusing is (kind is Kind.DEFERRED)
    assert "alice" not in backend.reason


# --- Who hears, and when ---------------------------------------------------------------------


def test_a_trouble_is_told_within_ten_minutes_each_day_and_when_it_is_over(told):
    make_issue()

    def refuse(now):
        make_alive(now)
        if now == NOW:
            backend_state.note(now, is_refusing=True, reason="554 no")

    end = watch(told, 10, each=refuse)
    assert told == [("backend", "open")]
    end = watch(told, 25 * 60, start=end, every=60)
    assert [one for one in told if one[0] == "backend"] == [
        ("backend", "open"),
        ("backend", "still open"),
    ]
    backend_state.note(end, is_refusing=False)
    watch(told, 10, start=end)
    assert [one for one in told if one[0] == "backend"][2:] == [("backend", "over")]


def test_beats_silence_is_told_by_a_worker_within_ten_minutes(told):
    make_issue()
    make_alive(NOW)

    def without_beat(now):
        Heartbeat.objects.record(Heartbeat.Kind.WORKER, "worker celery@one", now)

    watch(told, 10, each=without_beat)
    assert told == [("beat", "open")]


def test_what_is_over_in_two_minutes_wakes_nobody(told):
    make_issue()
    backend_state.note(NOW, is_refusing=True)
    end = watch(told, 3)
    backend_state.note(end, is_refusing=False)
    watch(told, 10, start=end)
    assert told == []
    assert Trouble.objects.get().over_at is not None


def test_what_comes_and_goes_is_one_trouble(told):
    make_issue()

    def flicker(now):
        make_alive(now)
        backend_state.note(now, is_refusing=now.minute % 2 == 0)

    watch(told, 60, each=flicker)
    assert told == [("backend", "open")]
    assert Trouble.objects.count() == 1


def test_several_workers_tell_once(told):
    make_issue()
    backend_state.note(NOW, is_refusing=True)
    found = [troubles.Finding("backend", "It refuses.")]
    for minute in range(8):
        now = NOW + minute * MINUTE
        for _worker in range(3):
            troubles.note(found, now)
            troubles.tell_all(now, told)
    assert told == [("backend", "open")]
    assert Trouble.objects.open().count() == 1


def test_it_is_told_again_where_nobody_could_be_told(told):
    make_issue()
    backend_state.note(NOW, is_refusing=True)
    told.fails = True
    end = watch(told, 8)
    told.fails = False
    end = watch(told, 2, start=end)
    assert told == [("backend", "open")]
    backend_state.note(end, is_refusing=False)
    told.fails = True
    end = watch(told, 8, start=end)
    told.fails = False
    watch(told, 2, start=end)
    assert told == [("backend", "open"), ("backend", "over")]


def test_faults_of_an_hour_are_heard_and_nothing_else(told):
    make_issue()
    heard = {}
    for day, fault in enumerate(["", "backend", "", "beat", "", "tick"]):
        start = NOW + dt.timedelta(hours=3 * day)

        def each(now, fault=fault, start=start):
            is_faulty = now < start + HOUR
            make_alive(now)
            backend_state.note(now, is_refusing=fault == "backend" and is_faulty)
            if fault in ("beat", "tick") and is_faulty:
                Heartbeat.objects.filter(kind=fault).update(at=start - HOUR)

        before = len(told)
        watch(told, 75, start=start, each=each, every=1 if fault else 3)
        heard[day] = [one for one in told[before:] if one[0] != "no-issue"]
    assert heard == {
        0: [],
        1: [("backend", "open"), ("backend", "over")],
        2: [],
        3: [("beat", "open"), ("beat", "over")],
        4: [],
        5: [("tick", "open"), ("tick", "over")],
    }


# --- How it is told --------------------------------------------------------------------------

ALERT = Alert("Beat is silent.", "beat", NOW, State.OPEN)


def logged(caplog):
    """What was logged here; the test's own server logs its requests as well."""
    return "".join(str(vars(one)) for one in caplog.records if one.name != "werkzeug")


@pytest.mark.parametrize("state", list(State))
def test_the_webhook_gets_json(settings, httpserver, state):
    settings.ALERT_WEBHOOK_URL = httpserver.url_for("/hook")
    httpserver.expect_request("/hook", method="POST").respond_with_data("")
    assert alerts.tell(replace(ALERT, state=state))
    ((request, _),) = httpserver.log
    sent = request.get_json()
    assert set(sent) == {"text", "trouble", "since", "state"}
    assert (sent["trouble"], sent["since"], sent["state"]) == ("beat", NOW.isoformat(), state)
    assert "Beat is silent." in sent["text"]


def test_mail_goes_through_a_server_of_its_own(settings, mailoutbox):
    with Sink() as sink:
        settings.ADMINS = [("", "operator@example.org")]
        settings.ALERT_EMAIL = {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": sink.port,
        }
        assert alerts.tell(ALERT)
        assert [to for to, _ in sink.accepted] == ["operator@example.org"]
    assert mailoutbox == []


def test_without_a_server_of_its_own_mail_goes_where_it_can(settings, mailoutbox):
    settings.ADMINS = [("", "operator@example.org")]
    assert alerts.tell(ALERT)
    (mail,) = mailoutbox
    assert mail.subject == "[Broadsheet] Trouble: Beat is silent."
    assert "Thursday, 11 June 2026, 08:00 UTC" in mail.body


@pytest.mark.parametrize("status_code", [404, 500])
def test_a_webhook_that_fails_stops_no_mail_and_its_address_stays_secret(
    settings, httpserver, mailoutbox, caplog, status_code
):
    settings.ADMINS = [("", "operator@example.org")]
    settings.ALERT_WEBHOOK_URL = httpserver.url_for("/secret-hook")
    httpserver.expect_request("/secret-hook").respond_with_data("", status=status_code)
    assert alerts.tell_each(ALERT) == {"email": True, "webhook": False}
    assert len(mailoutbox) == 1
    assert "secret-hook" not in logged(caplog)
    assert "an alert failed" in caplog.text


def test_no_way_at_all_is_no_failure(settings):
    settings.ADMINS = []
    assert alerts.tell_each(ALERT) == {}
    assert alerts.tell(ALERT)


def test_the_dead_mans_ping_goes_out_only_while_all_live(settings, httpserver, told):
    settings.PING_URL = httpserver.url_for("/ping")
    httpserver.expect_request("/ping").respond_with_data("")
    make_issue()
    make_alive()
    troubles.watch(NOW, told)
    assert len(httpserver.log) == 1
    for kind in ("beat", "tick", "worker"):
        make_alive(NOW)
        Heartbeat.objects.filter(kind=kind).update(at=NOW - 6 * MINUTE)
        assert not troubles.is_well_watched(status(NOW)), kind
    make_alive()
    assert troubles.is_well_watched(status(NOW))
    make_delivery(
        make_issue(DAY - dt.timedelta(days=1)),
        make_subscriber(),
        not_before=NOW - HOUR,
    )
    assert not troubles.is_well_watched(status(NOW))


def test_a_ping_that_fails_is_no_fault(settings, httpserver, caplog):
    settings.PING_URL = httpserver.url_for("/secret-ping")
    httpserver.expect_request("/secret-ping").respond_with_data("", status=500)
    assert not alerts.ping()
    assert "secret-ping" not in logged(caplog)


@pytest.mark.parametrize(
    ("hook", "server", "admins", "warned"),
    [
        ("", {}, [], True),
        ("", {}, ["a@example.org"], True),
        ("", {"EMAIL_BACKEND": "x"}, [], True),
        ("", {"EMAIL_BACKEND": "x"}, ["a@example.org"], False),
        ("https://alerts.example.org/", {}, [], False),
    ],
)
def test_check_deploy_warns_where_nobody_would_hear(settings, capsys, hook, server, admins, warned):
    settings.ALERT_WEBHOOK_URL, settings.ALERT_EMAIL = hook, server
    settings.ADMINS = [("", address) for address in admins]
    call_command("check", "--deploy", "--tag", "security")
    assert ("newsletter.W008" in capsys.readouterr().err) is warned


# --- While no worker looks -----------------------------------------------------------------------


class TestNoWorker:
    """Workers cannot tell that none of them lives. A web process that is asked can."""

    @pytest.fixture(autouse=True)
    def _told(self, settings, monkeypatch, told):
        settings.ADMINS = [("", "operator@example.org")]
        monkeypatch.setattr(alerts, "tell", told)
        monkeypatch.setattr(alerts, "ping", lambda: told.append(("ping", "")))
        monkeypatch.setattr(health, "broker", lambda: "ok")
        monkeypatch.setattr(connections, "close_all", lambda: None)
        # In this thread, where the test's transaction is.
        monkeypatch.setattr(threading.Thread, "start", lambda thread: thread.run())
        watch_by_default = troubles.watch
        monkeypatch.setattr(
            troubles, "watch", lambda now, tell=told, **how: watch_by_default(now, tell, **how)
        )

    def ask(self, path, minutes, start=NOW, **headers):
        for minute in range(minutes):
            with time_machine.travel(start + minute * MINUTE, tick=False):
                assert Client().get(path, headers=headers).status_code == 200

    @pytest.mark.parametrize("path", ["/health/ready", "/metrics"])
    def test_is_told_within_ten_minutes_by_who_is_asked(self, told, settings, path):
        settings.METRICS_TOKEN = "t" * 20
        make_issue()
        make_alive(NOW)
        troubles.watch(NOW)  # a worker's last look
        del told[:]
        self.ask(path, 11, authorization=f"Bearer {'t' * 20}")
        assert ("workers", "open") in told
        assert ("ping", "") not in told
        assert told.count(("workers", "open")) == 1

    def test_is_over_when_one_comes_back(self, told):
        make_issue()
        self.ask("/health/ready", 11)
        watch(told, 10, start=NOW + 11 * MINUTE)
        assert ("workers", "over") in told

    def test_nobody_stands_in_for_workers_that_look(self, told):
        make_issue()
        backend_state.note(NOW, is_refusing=True)
        for minute in range(10):
            now = NOW + minute * MINUTE
            make_alive(now)
            assert heartbeats.is_my_turn(now, troubles.EVERY)  # and its worker is slow
            self.ask("/health/ready", 1, start=now)
        assert told == []

    def test_nobody_looks_where_nobody_would_hear(self, told, settings):
        settings.ADMINS, settings.ALERT_WEBHOOK_URL = [], ""
        self.ask("/health/ready", 11)
        assert not Trouble.objects.exists()

    def test_a_look_that_fails_leaves_the_probe_as_it_is(self, monkeypatch):
        def fail(now, **_):
            raise OSError("no database")

        monkeypatch.setattr(troubles, "watch", fail)
        self.ask("/health/ready", 2)

    def test_the_command_looks_and_tells_where_cron_calls_it(self, told, capsys):
        make_issue()
        for minute in range(8):
            with time_machine.travel(NOW + minute * MINUTE, tick=False), pytest.raises(SystemExit):
                call_command("status", "--tell")
        assert ("workers", "open") in told
        assert "No worker is running, so nothing is sent." in capsys.readouterr().out


@pytest.mark.parametrize(("waited", "trouble"), [(10, False), (16, True)])
def test_confirmations_that_wait_are_a_trouble_of_their_own(waited, trouble):
    make_issue()
    make_alive()
    reader = make_subscriber("a@example.org", status="pending")
    due.ask_for(Notice.Kind.CONFIRM, reader.pk, NOW - waited * MINUTE)
    assert keys() == ({"other-emails"} if trouble else set())
    assert troubles.is_well_watched(status(NOW)) is not trouble
    backend_state.note(NOW, is_refusing=True)  # one trouble, told once
    assert keys() == {"backend"}


@pytest.mark.parametrize(
    ("of", "said"),
    [
        ({}, ""),
        ({"failing_since": NOW - MINUTE}, ""),
        ({"failing_since": NOW - 2 * HOUR}, "has taken nothing since"),
        (
            {"failing_since": NOW, "is_active": False, "disabled_because": "gone."},
            "was switched off: gone.",
        ),
        ({"is_active": False}, ""),
    ],
)
def test_a_webhook_that_ails_is_a_trouble_and_stands_in_the_status(of, said):
    defaults = {"name": "Shop", "url": "x", "kinds": [], "created_at": NOW, "last_error": "500"}
    Webhook.objects.create(**(defaults | of))
    facts = status(NOW)
    found = [one.text for one in troubles.findings(facts) if one.key.startswith("webhook:")]
    assert [said in text for text in found] == ([True] if said else [])
    is_shown = any(line.name == "Webhook, Shop" for line in report.lines(facts))
    assert is_shown == bool(of.get("failing_since"))
