"""Backups made and put back, for real, on the database that the tests run on."""

import datetime as dt
import json
import tarfile

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from newsletter import tasks
from newsletter.delivery import continuity, daily_interests, planning, sent_log, worker
from newsletter.issues.freezing import build_issue
from newsletter.mail.outcomes import Kind, Outcome
from newsletter.models import Continuity, Delivery
from newsletter.operations import backups, restores
from newsletter.operations.watching.status import status
from newsletter.operations.watching.troubles import findings
from papers.matching.interests.specs import spec_of
from subscriptions.interests import following, matching
from subscriptions.models import Subscriber
from tests.factories import (
    DAY,
    NOW,
    make_delivery,
    make_issue,
    make_match,
    make_paper,
    make_subscriber,
    make_topic,
)
from tests.newsletter.transports import ACCEPTED, RecordingTransport

pytestmark = pytest.mark.django_db(transaction=True)

READERS = 60
State = Delivery.State
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def journals(settings, tmp_path):
    """The journals' directory, and no number in the cache of a test before."""
    cache.clear()
    settings.DELIVERY_BATCH = 20
    settings.JOURNAL_DIR = tmp_path / "journal"
    settings.JOURNAL_DIR.mkdir()
    return settings.JOURNAL_DIR


def make_send(planned=True):
    """An issue and readers, whose digests wait, or who are due."""
    topic = make_topic("Agents")
    make_match(make_paper("A paper"), topic)
    issue = build_issue(DAY, NOW - HOUR)
    assert issue is not None
    for number in range(READERS):
        reader = make_subscriber(f"r{number}@example.org", topics=[topic])
        if planned:
            make_delivery(issue, reader)
    if planned:
        Subscriber.objects.update(next_digest_at=NOW + 24 * HOUR, welcomed_on=DAY)
    return issue


def drain(journals, transport, now=NOW):
    return worker.drain(transport=transport, directory=journals, clock=lambda: now)


# --- The file ------------------------------------------------------------------------------------


def test_what_is_backed_up_comes_back(tmp_path):
    make_send()
    before = sorted(Subscriber.objects.values_list("email", "next_digest_at"))
    backups.back_up(tmp_path / "backup.tar", NOW)
    Subscriber.objects.filter(email__startswith="r1").delete()
    make_subscriber("later@example.org")

    backups.restore(tmp_path / "backup.tar", NOW + HOUR)

    assert sorted(Subscriber.objects.values_list("email", "next_digest_at")) == before
    row = Continuity.objects.get()
    assert (row.held_since, row.backed_up_at) == (NOW + HOUR, NOW)
    assert make_subscriber("new@example.org").pk  # numbers go on


def test_a_backup_while_somebody_writes_has_nothing_half_done(tmp_path):
    make_send()
    continuity.row()
    with transaction.atomic():
        make_subscriber("half@example.org")
        backups.back_up(tmp_path / "backup.tar", NOW)
    assert Subscriber.objects.count() == READERS + 1
    backups.restore(tmp_path / "backup.tar", NOW)
    assert Subscriber.objects.count() == READERS


@pytest.mark.parametrize("with_keys", [False, True])
def test_keys_are_in_it_only_on_demand_and_nobody_else_may_read_it(
    tmp_path, settings, capsys, with_keys
):
    path = tmp_path / "backup.tar"
    call_command("back_up", path, *(["--with-keys"] if with_keys else []))
    out = capsys.readouterr().out
    assert path.stat().st_mode & 0o777 == 0o600
    with tarfile.open(path) as archive:
        assert all(one.mode & 0o077 == 0 for one in archive if one.name != "database")
        assert ("keys.json" in archive.getnames()) is with_keys
        if with_keys:
            file = archive.extractfile("keys.json")
            assert file is not None
            keys = json.load(file)
            assert keys["SECRET_KEY"] == settings.SECRET_KEY
    assert ("It doesn't contain SECRET_KEY and ADDRESS_HASH_KEY" in out) is not with_keys
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def test_a_file_that_is_there_is_not_written_over(tmp_path):
    path = tmp_path / "backup.tar"
    path.write_text("mine")
    with pytest.raises(CommandError, match="already exists"):
        call_command("back_up", path)
    assert path.read_text() == "mine"


def no_backup(path):
    path.write_text("no archive")


def other_database(path):
    other = "sqlite" if connection.vendor == "postgresql" else "postgresql"
    manifest = {"made_at": NOW.isoformat(), "vendor": other, "version": "1", "batches": 0}
    part = path.with_name("manifest.json")
    part.write_text(json.dumps({**manifest, "has_keys": False}))
    with tarfile.open(path, "w") as archive:
        archive.add(part, "manifest.json")


def broken_database(path):
    manifest = {"made_at": NOW.isoformat(), "vendor": connection.vendor, "version": "1"}
    part = path.with_name("manifest.json")
    part.write_text(json.dumps({**manifest, "batches": 0, "has_keys": False}))
    with tarfile.open(path, "w") as archive:
        archive.add(part, "manifest.json")
        archive.add(part, "database")


@pytest.mark.parametrize("make", [lambda path: None, no_backup, other_database, broken_database])
def test_what_cannot_be_restored_changes_nothing(tmp_path, make):
    make_subscriber()
    path = tmp_path / "backup.tar"
    make(path)
    with pytest.raises(CommandError):
        call_command("restore", path, "--yes")
    assert Subscriber.objects.count() == 1
    assert continuity.hold(tmp_path, NOW) == ""


def test_restoring_asks_first(tmp_path):
    call_command("back_up", tmp_path / "backup.tar")
    make_subscriber()
    with pytest.raises(CommandError, match="Use --yes"):
        call_command("restore", tmp_path / "backup.tar")
    assert Subscriber.objects.count() == 1


# --- In the middle of a send ---------------------------------------------------------------------


@pytest.mark.parametrize("how", ["by the command", "by hand", "by hand, and the journals are lost"])
def test_a_restore_in_the_middle_of_a_send_sends_nothing_twice(tmp_path, journals, how):
    """The database is put back while a worker is at its 25th mail."""
    make_send()
    backups.back_up(tmp_path / "backup.tar", NOW)

    def answer(mail):
        if len(transport.sent) == 25:
            backups.restore(tmp_path / "backup.tar", NOW)
            if how != "by the command":
                Continuity.objects.update(held_since=None, held_because="", backed_up_at=None)
            if how == "by hand, and the journals are lost":
                for path in journals.glob("batches-*"):
                    path.unlink()
        return ACCEPTED

    transport = RecordingTransport(answer)
    drain(journals, transport)
    assert len(transport.sent) == 40  # the batch under way is finished, and no other begun
    tasks.drain()
    drain(journals, transport, NOW + HOUR)
    assert len(transport.sent) == 40
    assert continuity.hold(journals, NOW)
    assert "held" in {one.key for one in findings(status(NOW))}
    assert Delivery.objects.filter(state=State.PENDING).count() == READERS

    call_command("after_restore", "--from-journal", "--resume")

    assert Delivery.objects.filter(state=State.SENT).count() == 40
    drain(journals, transport, NOW + 2 * HOUR)
    assert len(transport.sent) == READERS
    assert len(set(transport.addresses)) == READERS
    assert continuity.hold(journals, NOW) == ""


def test_what_was_planned_after_the_backup_and_sent_is_not_planned_again(tmp_path, journals):
    make_send(planned=False)
    backups.back_up(tmp_path / "backup.tar", NOW)
    planning.plan(NOW)
    transport = RecordingTransport()
    drain(journals, transport)
    assert len(transport.sent) == READERS
    backups.restore(tmp_path / "backup.tar", NOW + HOUR)
    assert not Delivery.objects.exists()

    call_command("after_restore", "--from-journal", str(journals), "--resume")

    planning.plan(NOW + HOUR)
    drain(journals, transport, NOW + HOUR)
    assert len(transport.sent) == READERS
    assert Delivery.objects.filter(state=State.SENT, reason=restores.SENT).count() == READERS


@pytest.mark.parametrize("planned", [True, False])
def test_all_that_was_due_before_a_moment_counts_as_sent(tmp_path, journals, planned):
    make_send(planned=planned)
    backups.back_up(tmp_path / "backup.tar", NOW)
    backups.restore(tmp_path / "backup.tar", NOW + HOUR)
    moment = (NOW + HOUR).isoformat()
    call_command("after_restore", "--skip-before", moment, "--resume")
    transport = RecordingTransport()
    planning.plan(NOW + HOUR)
    drain(journals, transport, NOW + HOUR)
    assert transport.sent == []
    assert Delivery.objects.filter(state=State.SKIPPED, reason=restores.SKIPPED).count() == READERS
    assert not Subscriber.objects.filter(next_digest_at__lte=NOW + HOUR).exists()


def test_the_providers_list_says_whom_it_mailed(tmp_path, journals, monkeypatch):
    make_send(planned=False)
    backups.back_up(tmp_path / "backup.tar", NOW)
    backups.restore(tmp_path / "backup.tar", NOW + HOUR)
    mailed = tmp_path / "mailed.csv"
    mailed.write_text("recipient\nR0@example.org\nr1@example.org \nstranger@example.org\n")
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + HOUR)
    call_command("after_restore", "--addresses", mailed, "--resume")
    transport = RecordingTransport()
    planning.plan(NOW + HOUR)
    drain(journals, transport, NOW + HOUR)
    assert len(transport.sent) == READERS - 2
    assert {"r0@example.org", "r1@example.org"}.isdisjoint(transport.addresses)


def test_an_issue_that_the_backup_lacks_is_asked_for(tmp_path, journals):
    make_subscriber()
    sent_log.append(journals, NOW, [(DAY, Subscriber.objects.get().pk, False)])
    backups.back_up(tmp_path / "backup.tar", NOW)
    backups.restore(tmp_path / "backup.tar", NOW)
    for said in (["--from-journal"], ["--skip-before", NOW.isoformat()]):
        with pytest.raises(CommandError, match="doesn't have the issue of 2026-06-10"):
            call_command("after_restore", *said, "--resume")
        assert continuity.hold(journals, NOW)
    make_issue()
    call_command("after_restore", "--from-journal", "--resume")
    assert Delivery.objects.get().state == State.SENT


def make_daily_reader() -> Subscriber:
    """Weekly, with a daily email of interests that is due now."""
    alice = make_subscriber(rhythm="weekly", weekday=6, next_digest_at=NOW + dt.timedelta(days=3))
    charge = spec_of("words", phrases=["state of charge"])
    following.follow(alice, charge, NOW - HOUR, rhythm="daily")
    Subscriber.objects.update(next_interests_at=NOW, welcomed_on=None)
    return alice


def test_a_daily_email_of_interests_in_the_log_is_no_digest(tmp_path, journals):
    alice = make_daily_reader()
    make_paper("State of charge")
    issue = build_issue(DAY, NOW)
    matching.work(NOW)
    assert daily_interests.plan(NOW) == 1
    transport = RecordingTransport()
    drain(journals, transport)
    assert len(transport.sent) == 1
    Delivery.objects.all().delete()  # as in a backup from before
    Subscriber.objects.update(next_interests_at=NOW, welcomed_on=None)
    continuity.hold_because("held", NOW)
    call_command("after_restore", "--from-journal", "--resume")
    row = Delivery.objects.get()
    assert (row.state, row.issue, row.interests_of) == (State.SENT, None, issue)
    alice.refresh_from_db()
    assert alice.next_interests_at == NOW + dt.timedelta(days=1)
    assert (alice.welcomed_on, alice.next_digest_at) == (None, NOW + dt.timedelta(days=3))
    assert daily_interests.plan(NOW) == 0


def test_daily_emails_of_interests_that_were_due_count_as_sent_too(journals):
    alice = make_daily_reader()
    make_issue()
    restores.skip_before(NOW + HOUR, NOW + HOUR)
    alice.refresh_from_db()
    assert alice.next_interests_at == NOW + dt.timedelta(days=1)
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (["--skip-before", "yesterday"], "isn't a time"),
        (["--skip-before", "2026-13-01T00:00"], "isn't a time"),
        (["--from-journal", "/nowhere/at/all"], "No such directory"),
        (["--addresses", "/nowhere/at/all"], "Can't read"),
    ],
)
def test_what_is_said_wrong_keeps_the_hold(tmp_path, journals, said, why):
    continuity.hold_because("held", NOW)
    with pytest.raises(CommandError, match=why):
        call_command("after_restore", *said, "--resume")
    assert continuity.hold(journals, NOW) == "held"


def test_without_a_word_it_says_how_things_stand(capsys, journals):
    call_command("after_restore", "--resume")
    assert "Nothing is held back" in capsys.readouterr().out
    continuity.hold_because("held", NOW)
    call_command("after_restore")
    assert "Nothing is sent until you run this with --resume." in capsys.readouterr().out
    assert continuity.hold(journals, NOW)


# --- The number ----------------------------------------------------------------------------------


def test_two_workers_raise_one_number_and_take_nothing_for_a_restore(journals):
    first, second = continuity.Keeper(journals), continuity.Keeper(journals)
    for _ in range(5):
        assert first.begin_batch(NOW)
        assert second.begin_batch(NOW)
    assert Continuity.objects.get().batches == 10
    assert continuity.hold(journals, NOW) == ""


@pytest.mark.parametrize("lost", ["file", "cache", "nothing"])
def test_either_the_file_or_the_cache_is_enough(journals, lost):
    keeper = continuity.Keeper(journals)
    for _ in range(3):
        keeper.begin_batch(NOW)
    Continuity.objects.update(batches=2)
    if lost == "cache":
        cache.clear()
    if lost == "file":
        for path in journals.glob("batches-*"):
            path.unlink()
    assert continuity.hold(journals, NOW) == continuity.RESTORED
    assert not continuity.Keeper(journals).begin_batch(NOW)


def test_another_new_database_is_no_restored_one(journals):
    keeper = continuity.Keeper(journals)
    for _ in range(3):
        keeper.begin_batch(NOW)
    Continuity.objects.all().delete()
    assert continuity.hold(journals, NOW) == ""
    assert keeper.begin_batch(NOW)
    assert continuity.Keeper(journals).begin_batch(NOW)


def test_a_cache_that_is_away_stops_no_batch(journals, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:9/0",
        }
    }
    keeper = continuity.Keeper(journals)
    assert keeper.begin_batch(NOW)
    assert keeper.begin_batch(NOW)
    assert continuity.hold(journals, NOW) == ""


# --- The log of what went out --------------------------------------------------------------------


def test_the_log_is_read_back_from_a_moment_on_and_forgets(tmp_path):
    for days in range(12):
        sent_log.append(tmp_path, NOW + dt.timedelta(days=days), [(DAY, days, days % 2 == 0)])
    with next(iter(sorted(tmp_path.glob("sent-*.log"), reverse=True))).open("a") as file:
        file.write("17500 torn")
    found = list(sent_log.read(tmp_path, NOW))
    assert [one.subscriber_id for one in found] == list(range(3, 12))
    assert [one.is_of_interests for one in found] == [n % 2 == 0 for n in range(3, 12)]
    since = NOW + dt.timedelta(days=10)
    assert [one.subscriber_id for one in sent_log.read(tmp_path, since)] == [10, 11]


@pytest.mark.parametrize(("state", "is_logged"), [("sent", True), ("failed", False)])
def test_only_what_went_out_is_logged(tmp_path, journals, state, is_logged):
    make_send()
    answers = {"sent": ACCEPTED, "failed": Outcome(Kind.REFUSED, "550", "no")}
    drain(journals, RecordingTransport(lambda mail: answers[state]))
    logged = list(sent_log.read(journals, NOW - HOUR))
    assert bool(logged) is is_logged
    assert all(b"@" not in path.read_bytes() for path in journals.glob("sent-*.log"))
