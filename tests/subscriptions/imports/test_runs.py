"""What is known here goes before the file; nothing is lost, doubled or emailed by an import."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from newsletter.delivery import welcome
from newsletter.operations import retention
from papers import leases
from subscriptions.imports import runs, storing
from subscriptions.imports.files import UnreadableFile
from subscriptions.imports.options import BadOption, Options
from subscriptions.models import (
    Consent,
    ImportedReader,
    ImportPiece,
    ImportReport,
    ImportRun,
    Notice,
    Subscriber,
    Suppression,
)
from subscriptions.notices import due
from subscriptions.readers import signup
from tests.factories import NOW, make_issue, make_subscriber, make_topic

DAY = dt.timedelta(days=1)
Status = Subscriber.Status


def lines(count, start=0):
    return "email\n" + "".join(f"r{start + n}@example.org\n" for n in range(count))


# --- Whom it touches ---------------------------------------------------------------------


@pytest.mark.parametrize("status", ["left", "suppressed", "pending", "active"])
@pytest.mark.parametrize("said", ["active", "unsubscribed", "bounced", "pending", "whatever"])
def test_who_is_here_stays_as_they_are_whatever_the_file_says(bring, status, said):
    robots = make_topic("Robots", slug="robots")
    alice = make_subscriber("alice@example.org", status=status, topics=[robots], hour=3)
    alice.record(Consent.Action.CONFIRMED, NOW - DAY)
    before = Subscriber.objects.filter(pk=alice.pk).values().get()

    bring(f"email,status,tags\nALICE@example.org,{said},Agents\n", hour=9, rhythm="weekly")

    assert Subscriber.objects.filter(pk=alice.pk).values().get() == before
    assert [topic.slug for topic in alice.topics.all()] == ["robots"]
    assert alice.consents.count() == 1
    assert not Suppression.objects.exists()


def test_who_said_no_there_after_they_agreed_here_is_suppressed(bring):
    alice, bob = make_subscriber("alice@example.org"), make_subscriber("bob@example.org")
    for reader in (alice, bob):
        reader.record(Consent.Action.CONFIRMED, NOW - 10 * DAY)

    bring(
        "email,unsubscribed_at\n"
        f"alice@example.org,{NOW - 5 * DAY:%Y-%m-%d %H:%M:%S}\n"
        f"bob@example.org,{NOW - 15 * DAY:%Y-%m-%d %H:%M:%S}\n"
    )

    alice.refresh_from_db()
    bob.refresh_from_db()
    assert (alice.status, bob.status) == ("suppressed", "active")


@pytest.mark.parametrize("declaration", ["I declare that they agreed.", ""])
def test_a_no_in_a_later_file_or_line_ends_what_an_import_began(bring, monkeypatch, declaration):
    monkeypatch.setattr(runs, "CHUNK", 1)

    bring("email,status\na@example.org,active\nb@example.org,active\n", declaration=declaration)
    bring("email,status\na@example.org,unsubscribed\n", declaration=declaration)
    bring(
        "email,status\nc@example.org,active\nc@example.org,complained\nc@example.org,active\n",
        declaration=declaration,
    )

    found = dict(Subscriber.objects.values_list("email", "status"))
    there = "active" if declaration else "pending"
    expected = {"a@example.org": "suppressed", "b@example.org": there}
    assert found == expected | {"c@example.org": "suppressed"}
    assert Suppression.objects.filter(reason="complaint").count() == 1


def test_a_no_goes_before_a_yes_in_the_same_chunk_and_other_spellings_are_one(bring, report):
    run = bring(
        "email,status\nAlice@EXAMPLE.org,active\nalice@example.org.,unsubscribed\n"
        "bob@xn--bcher-kva.example,active\nBob@Bücher.example,active\n"
    )

    assert [what for what, _ in report(run).values()] == [
        "blocked",
        "suppressed",
        "added",
        "twice",
    ]
    assert list(Subscriber.objects.values_list("email", flat=True)) == ["bob@xn--bcher-kva.example"]


def test_the_local_part_goes_on_the_wire_as_it_was_written(bring):
    bring("email\nAlice.Adams@Example.org\n")

    alice = Subscriber.objects.get()
    assert (alice.email, alice.address) == ("alice.adams@example.org", "Alice.Adams@example.org")


@pytest.mark.parametrize(
    "address",
    ["=HYPERLINK()", "a@b", "a b@example.org", "a@example.org, b@example.org", "", "@", "x" * 5000],
)
def test_what_is_no_address_is_reported_and_brings_nobody(bring, report, address):
    run = bring(f'email,name\n"{address}",Bob\n')

    assert report(run)[2][0] == "invalid"
    assert not Subscriber.objects.exists()


# --- Consent, letters, the welcome -------------------------------------------------------


def test_without_a_declaration_everyone_waits_for_a_letter(bring):
    bring(lines(3), declaration="")

    assert set(Subscriber.objects.values_list("status", flat=True)) == {"pending"}
    assert ImportedReader.objects.to_ask().count() == 3
    assert not Notice.objects.exists()


def test_nobody_who_came_with_a_file_is_taken_for_forgotten_or_erased_unasked(bring, settings):
    settings.KEEP_UNCONFIRMED_DAYS = 14
    bring(lines(2), declaration="")
    first = Subscriber.objects.order_by("pk")[0]
    later = NOW + 40 * DAY

    assert due.ask_for_the_forgotten(NOW + DAY) == 0
    assert retention.delete_expired(later, dry_run=True).unconfirmed == 0

    ImportedReader.objects.filter(pk=first.pk).update(asked_at=later)
    assert retention.delete_expired(later + 13 * DAY).unconfirmed == 0
    assert retention.delete_expired(later + 15 * DAY).unconfirmed == 1


def test_imported_readers_get_no_welcome(bring):
    make_issue()
    bring(lines(2))
    bring(lines(1, start=5), declaration="")
    asked = Subscriber.objects.get(status="pending")
    signup.confirm(asked, NOW, NOW)

    assert welcome.plan(NOW) == 0


@pytest.mark.parametrize("chunk", [2, 100])
def test_at_most_so_many_start_on_a_day_over_all_files(bring, settings, monkeypatch, chunk):
    settings.IMPORT_STARTS_PER_DAY = 3
    monkeypatch.setattr(runs, "CHUNK", chunk)

    bring(lines(4))
    bring(lines(4, start=10))

    days = []
    for one in ImportedReader.objects.select_related("subscriber").order_by("pk"):
        start, first = one.starts_on, one.subscriber.next_digest_at
        assert start
        assert first
        assert first > max(NOW, dt.datetime.combine(start, dt.time(), dt.UTC))
        assert first - NOW < (start - NOW.date()) + 2 * DAY
        days.append((start - NOW.date()).days)
    assert days == [0, 0, 0, 1, 1, 1, 2, 2]


def test_a_date_that_cannot_be_is_no_date_of_consent(bring):
    bring("email,created_at\na@example.org,2030-01-01\nb@example.org,0001-01-01\nc@example.org,?\n")

    assert set(Consent.objects.values_list("given_at", flat=True)) == {None}


# --- Interruptions -----------------------------------------------------------------------


class Killed(BaseException):
    """As a process ends that is killed: nothing after it runs."""


@pytest.mark.parametrize("after", range(4))
def test_a_run_that_is_killed_goes_on_and_takes_no_line_twice(db, monkeypatch, after):
    monkeypatch.setattr(runs, "CHUNK", 2)
    run = runs.make([lines(7).encode()], "a.csv", "", Options(), NOW)
    runs.work(lambda: NOW)
    run.refresh_from_db()
    runs.start(run, "alice", NOW, "I declare that they agreed.")
    killed = 0
    move = runs._move

    def kill(*args):
        nonlocal killed
        killed += 1
        if killed == after + 1:
            raise Killed
        move(*args)

    monkeypatch.setattr(runs, "_move", kill)
    with pytest.raises(Killed):
        runs.work(lambda: NOW)
    assert Subscriber.objects.count() == after * 2  # the chunk that was in hand is not there

    assert runs.work(lambda: NOW) or True
    assert Subscriber.objects.count() == after * 2  # the dead process's lease holds
    assert not runs.work(lambda: NOW + leases.LEASE)

    run.refresh_from_db()
    assert run.state == "done"
    assert run.counts == {"added": 7}
    assert Subscriber.objects.count() == Consent.objects.count() == 7
    told = [line for part in ImportReport.objects.order_by("position") for line, *_ in part.lines]
    assert told == list(range(2, 9))


def test_a_process_that_lost_its_run_writes_nothing(db, monkeypatch):
    run = runs.make([lines(2).encode()], "a.csv", "", Options(), NOW)
    runs.work(lambda: NOW)
    run.refresh_from_db()
    runs.start(run, "alice", NOW)
    assert runs.claim(run, NOW)
    ImportRun.objects.filter(pk=run.pk).update(claim="another")

    runs.work_on(run, lambda: NOW)

    assert not Subscriber.objects.exists()
    assert not ImportReport.objects.exists()


def test_time_that_is_over_leaves_the_rest_to_the_next(db, monkeypatch):
    monkeypatch.setattr(runs, "CHUNK", 2)
    run = runs.make([lines(5).encode()], "a.csv", "", Options(), NOW)
    runs.work(lambda: NOW)
    run.refresh_from_db()
    runs.start(run, "alice", NOW)

    rounds = 1
    while runs.work(lambda: NOW, seconds=0):
        rounds += 1

    assert rounds == 3
    assert Subscriber.objects.count() == 5


def test_a_sign_up_at_the_same_moment_is_not_lost_and_not_overwritten(bring, monkeypatch):
    write, once = storing.write, list[Subscriber]()

    def racing(*args):
        if not once:
            once.append(make_subscriber("r1@example.org", status="pending"))
        write(*args)

    monkeypatch.setattr(runs, "write", racing)
    run = bring(lines(3))

    # The rows of the racing sign-up went with the chunk's transaction in this one process; the
    # chunk was decided again.
    assert run.counts == {"added": 3}
    assert Subscriber.objects.count() == 3


def test_the_file_goes_when_the_run_is_over_stopped_or_abandoned(bring):
    bring(lines(1))
    stopped = runs.make([b"email\na@example.org\n"], "a.csv", "", Options(), NOW)
    runs.stop(stopped, NOW)
    assert not ImportPiece.objects.exists()

    runs.make([b"email\na@example.org\n"], "a.csv", "", Options(), NOW)
    runs.work(lambda: NOW)
    assert runs.forget(NOW + runs.KEEP_FILE / 2) == 0
    assert runs.forget(NOW + runs.KEEP_FILE + DAY) == 1
    assert not ImportPiece.objects.exists()
    assert not any(run.examples for run in ImportRun.objects.all())


def test_a_dry_run_says_what_would_be_and_changes_nothing(db, monkeypatch):
    monkeypatch.setattr(runs, "CHUNK", 2)
    Suppression.objects.add_address("dave@example.org", Suppression.Reason.BOUNCE, NOW)
    content = b"email,status\na@example.org,active\nb@example.org,active\na@example.org,active\n"
    content += b"dave@example.org,active\nx,active\nc@example.org,unsubscribed\n"
    run = runs.make([content], "a.csv", "", Options(), NOW)

    runs.work(lambda: NOW)

    run.refresh_from_db()
    assert run.state == "checked"
    assert run.total == 6
    assert run.counts == {"asked": 2, "twice": 1, "blocked": 1, "invalid": 1, "suppressed": 1}
    assert run.examples["asked"][0] == {"line": 2, "email": "a@example.org", "why": ""}
    assert not Subscriber.objects.exists()
    assert Suppression.objects.count() == 1


def test_ten_thousand_lines_take_few_statements(bring):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite takes fewer parameters in a statement")
    with CaptureQueriesContext(
        connection,
    ) as captured:
        bring(lines(10_000))

    assert len(captured) < 100


# --- What is refused ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "profile", "options", "error", "said"),
    [
        ("name\nAlice\n", "", {}, UnreadableFile, "No column holds email addresses"),
        ("email\na@example.org\n", "brevo", {}, UnreadableFile, "not a whole export of Brevo"),
        ("email\n", "", {"columns": {"email": "Mail"}}, UnreadableFile, "no column “Mail”"),
        ("email\n", "", {"columns": {"name": "x"}}, BadOption, "no field “name”"),
        ("email\n", "nobody", {}, BadOption, "profile must be"),
        ("email\n", "", {"rhythm": "hourly"}, BadOption, "rhythm"),
        ("email\n", "", {"date_zone": "Mars"}, BadOption, "time zone"),
        ("email\n", "", {"default_topics": ["none-such"]}, BadOption, "no topic"),
        ("email\n", "", {"hour": 24}, BadOption, "hour"),
        ("email\n", "", {"language": "xx"}, BadOption, "language"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(db, content, profile, options, error, said):
    with pytest.raises(error, match=said):
        runs.make([content.encode()], "a.csv", profile, Options(**options), NOW)

    assert not ImportRun.objects.exists()
    assert not ImportPiece.objects.exists()


def test_any_other_file_is_mapped_by_hand(bring):
    agents = make_topic("Agents", slug="agents")

    bring(
        "Contact;Joined;Group;Ok?\nalice@example.org;2020-02-03;A;regular\n"
        "bob@example.org;2020-02-03;B;unsubscribed\n",
        "other",
        columns={"email": "contact", "given_at": "Joined", "topics": "Group", "state": "ok?"},
        topics={"a": "agents"},
    )

    assert [one.email for one in agents.subscribers.all()] == ["alice@example.org"]
    assert Consent.objects.get().given_at == dt.datetime(2020, 2, 3, tzinfo=dt.UTC)
    assert Suppression.objects.count() == 1
