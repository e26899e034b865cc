"""A database and a journal of the version before, taken over by this one.

`tests/data/upgrade` holds what commit eab7d78 left: a dump for each kind of database, with
deliveries in every state, and the journal of a worker that was killed. Alice and Charlie get mail,
Bob takes his feed. Four days went out, from Friday 5 to Tuesday 9 June 2026; on Thursday morning
the worker died over Wednesday's issue.
"""

import datetime as dt
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import psycopg
import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client

from newsletter.delivery import backfill, journal, ledger, planning, worker
from newsletter.digests.choices import chosen_papers
from newsletter.events import consequences, reputation
from newsletter.issues.freezing import build_issue
from newsletter.models import Delivery, Issue
from papers.models import Paper
from subscriptions import links
from subscriptions.models import Subscriber
from tests.factories import DAY, NOW
from tests.newsletter.transports import RecordingTransport

DATA = Path(__file__).parent.parent / "data" / "upgrade"
JOURNAL = DATA / "worker-1-000000000004.journal"
TITLE = "{http://www.w3.org/2005/Atom}entry/{http://www.w3.org/2005/Atom}title"
FRIDAY, MONDAY, TUESDAY = (DAY - dt.timedelta(days=ago) for ago in (5, 2, 1))
ONE_DAY = dt.timedelta(days=1)


class Databases:
    """Makes whole databases beside the tests' own, of the same kind."""

    def __init__(self, directory: Path) -> None:
        self.ours = connections["default"]
        self.vendor = self.ours.vendor
        self._directory = directory

    def name(self, name: str) -> str:
        """What the database is called for Django."""
        if self.vendor == "sqlite":
            return str(self._directory / f"{name}.sqlite3")
        return f"{self.ours.settings_dict['NAME']}_{name}"

    def make(self, name: str, like: str = "") -> None:
        """An empty database, or a copy of the one `like`."""
        self.drop(name)
        if self.vendor == "postgresql":
            template = f'TEMPLATE "{self.name(like)}"' if like else ""
            with self.ours.cursor() as cursor:
                cursor.execute(f'CREATE DATABASE "{self.name(name)}" {template}')
        elif like:
            shutil.copy(self.name(like), self.name(name))

    def drop(self, name: str) -> None:
        if self.vendor == "postgresql":
            with self.ours.cursor() as cursor:
                cursor.execute(f'DROP DATABASE IF EXISTS "{self.name(name)}"')
        else:
            Path(self.name(name)).unlink(missing_ok=True)

    @contextmanager
    def used(self, name: str) -> Iterator[None]:
        """Django works on this database."""
        other = self.ours.copy()
        other.settings_dict["NAME"] = self.name(name)
        connections["default"] = other
        try:
            yield
        finally:
            other.close()
            connections["default"] = self.ours


def restore() -> None:
    """Fill the empty database in use from the dump of its kind."""
    connection.ensure_connection()
    held = connection.connection
    text = (DATA / f"{connection.vendor}.sql").read_text()
    if connection.vendor == "sqlite":
        held.executescript(text)
    else:
        # A connection of its own: the dump changes settings of the one it comes over.
        with psycopg.connect(held.info.dsn, password=held.info.password or None) as other:
            other.execute(text.encode())


@pytest.fixture(scope="module")
def databases(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[Databases]:
    """A database of the version before, and the same migrated to this one."""
    with django_db_blocker.unblock():
        made = Databases(tmp_path_factory.mktemp("databases"))
        made.make("upgraded")
        with made.used("upgraded"):
            restore()
            call_command("migrate", verbosity=0)
    yield made
    with django_db_blocker.unblock():
        made.drop("upgraded")


@pytest.fixture
def journals(databases, django_db_blocker, tmp_path) -> Iterator[Path]:
    """Django works on an upgraded database of the test's own; yields the directory of journals."""
    shutil.copy(JOURNAL, tmp_path)
    with django_db_blocker.unblock(), time_machine.travel(NOW, tick=False):
        databases.make("copy", like="upgraded")
        with databases.used("copy"):
            yield tmp_path
        databases.drop("copy")


def row_of(name: str, day: dt.date) -> Delivery:
    return Delivery.objects.get(subscriber__email=f"{name}@example.org", issue__day=day)


def feed_of(name: str) -> list[str | None]:
    """Titles in a reader's private feed, newest first."""
    reader = Subscriber.objects.get(email=f"{name}@example.org")
    response = Client().get(links.feed_path(reader.pk, reader.link_version), secure=True)
    return [title.text for title in ElementTree.fromstring(response.content).findall(TITLE)]


def same_boot(monkeypatch) -> None:
    """Let the journal be of this run of the machine."""
    boot = json.loads(JOURNAL.read_text().splitlines()[0])["boot"]
    monkeypatch.setattr(journal, "_boot", lambda: boot)


BOBS_FEED = ["Agents of Tuesday", "Agents of Monday", "On every list", "Agents of Friday"]


@pytest.mark.usefixtures("journals")
def test_migrating_leaves_the_ledger_as_it_was():
    states = Counter(Delivery.objects.values_list("state", flat=True))
    assert states == {
        "claimed": 3, "sent": 3, "feed": 3, "unknown": 1, "failed": 1, "skipped": 1,
        "expired": 1, "pending": 1,
    }  # fmt: skip
    assert set(Delivery.objects.values_list("channel", flat=True)) == {None}


@pytest.mark.usefixtures("journals")
def test_the_version_before_plans_sends_and_fills_feeds_on_the_new_schema():
    """Its statements name the columns that it knows of."""
    reader = Subscriber.objects.get(email="bob@example.org")
    issue = Issue.objects.get(day=DAY - 6 * ONE_DAY)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO newsletter_delivery (issue_id, subscriber_id, state, reason, due_at,"
            " deadline, not_before, attempts, claim, choices, provider_id)"
            " VALUES (%s, %s, 'pending', '', %s, %s, %s, 0, '', '[]', '')",
            [issue.pk, reader.pk, NOW, NOW + ONE_DAY, NOW],
        )
        cursor.execute(
            "UPDATE newsletter_delivery SET state = 'feed' WHERE issue_id = %s"
            " AND subscriber_id = %s",
            [issue.pk, reader.pk],
        )
    assert backfill.fill_channels() == 7
    assert row_of("bob", issue.day).channel == "feed"


class TestFeed:
    """Rows by position, in the states of the version before."""

    @pytest.mark.parametrize("is_filled", [False, True])
    @pytest.mark.usefixtures("journals")
    def test_a_feed_holds_what_it_held(self, is_filled):
        if is_filled:
            backfill.fill_channels()
        assert feed_of("bob") == BOBS_FEED
        assert feed_of("alice") == ["Agents of Monday", "On every list", "Agents of Friday"]


class TestChannels:
    """The job that fills what the version before left."""

    @pytest.mark.usefixtures("journals")
    def test_what_stood_in_feeds_was_sent_when_it_was_due(self):
        assert backfill.fill_channels() == 6
        for day in (FRIDAY, MONDAY, TUESDAY):
            row = row_of("bob", day)
            assert (row.state, row.channel) == ("sent", "feed")
            assert row.sent_at == row.due_at
        assert backfill.fill_channels() == 0

    @pytest.mark.usefixtures("journals")
    def test_what_was_mailed_keeps_its_time_and_what_did_not_go_stays(self):
        before = dict(Delivery.objects.exclude(state="feed").values_list("pk", "sent_at"))
        backfill.fill_channels()
        row = row_of("alice", FRIDAY)
        assert (row.state, row.channel) == ("sent", "email")
        assert Delivery.objects.in_bulk(before)[row.pk].sent_at == before[row.pk] is not None
        others = Delivery.objects.exclude(state="sent")
        assert set(others.values_list("channel", flat=True)) == {None}

    @pytest.mark.usefixtures("journals")
    def test_a_feed_stays_a_feed_after_a_mail_that_failed(self):
        """This version failed to mail it, the version before put it into the feed."""
        Delivery.objects.filter(state="feed").update(channel="email")
        assert Delivery.objects.all().through("feed").count() == 3
        backfill.fill_channels()
        assert row_of("bob", FRIDAY).channel == "feed"

    @pytest.mark.usefixtures("journals")
    def test_it_works_in_batches_and_ends_with_its_time(self, monkeypatch):
        monkeypatch.setattr(backfill, "BATCH", 4)
        assert backfill.fill_channels(seconds=0) == 4
        assert backfill.fill_channels(seconds=0) == 2

    @pytest.mark.usefixtures("journals")
    def test_an_index_finds_what_is_left(self):
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET enable_seqscan = off")
            plan = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
            cursor.execute(
                f"{plan} SELECT id FROM newsletter_delivery"
                f" WHERE {backfill.LEFT} ORDER BY id LIMIT 10"
            )
            assert "delivery_no_channel" in str(cursor.fetchall())

    @pytest.mark.parametrize("is_filled", [False, True])
    @pytest.mark.usefixtures("journals")
    def test_only_mails_are_counted_as_sent(self, is_filled):
        if is_filled:
            backfill.fill_channels()
        friday = Issue.objects.get(day=FRIDAY)
        assert reputation.rates_of(friday).sent == 2
        assert Delivery.objects.filter(issue=friday).through("email").count() == 2
        assert Delivery.objects.filter(issue=friday).through("feed").count() == 1

    @pytest.mark.parametrize("is_filled", [False, True])
    @pytest.mark.usefixtures("journals")
    def test_the_admin_shows_mails_and_feeds_apart_and_every_paper(self, is_filled):
        if is_filled:
            backfill.fill_channels()
        editor = Client()
        editor.force_login(User.objects.create_superuser("editor", password="x"))
        issues = editor.get("/admin/newsletter/issue/", secure=True).content.decode()
        assert re.search(r"1 feed\s*<", issues)
        assert editor.get("/admin/newsletter/delivery/", secure=True).status_code == 200
        pk = row_of("bob", FRIDAY).pk
        page = editor.get(f"/admin/newsletter/delivery/{pk}/change/", secure=True).content.decode()
        assert "Agents of Friday" in page
        assert "in the title · trending #2" in page


class TestJournal:
    """The worker of the version before was killed while it handed Charlie's mail over."""

    def test_what_was_answered_was_sent_and_what_was_under_way_is_in_doubt(
        self, journals, monkeypatch
    ):
        same_boot(monkeypatch)
        assert ledger.recover(journals, NOW) == 3
        alice, charlie = row_of("alice", DAY), row_of("charlie", DAY)
        assert (alice.state, alice.channel, alice.provider_id) == ("sent", "email", "last-of-alice")
        assert (charlie.state, charlie.channel) == ("unknown", "email")
        assert (row_of("bob", DAY).state, row_of("bob", DAY).channel) == ("pending", None)

    def test_what_was_not_touched_goes_out_once(self, journals, monkeypatch):
        same_boot(monkeypatch)
        transport = RecordingTransport()
        worker.drain(transport=transport, directory=journals, clock=lambda: NOW)
        assert transport.addresses == []
        row = row_of("bob", DAY)
        assert (row.state, row.channel, row.sent_at) == ("sent", "feed", NOW)
        assert feed_of("bob") == ["Agents of Wednesday", *BOBS_FEED]

    def test_a_journal_of_an_earlier_boot_vouches_only_for_what_it_says(
        self, journals, monkeypatch
    ):
        monkeypatch.setattr(journal, "_boot", lambda: "another boot")
        assert ledger.recover(journals, NOW) == 3
        states = [row_of(name, DAY).state for name in ("alice", "bob", "charlie")]
        assert states == ["sent", "unknown", "unknown"]


class TestNextDigest:
    """Thursday's issue, frozen, planned and sent by this version."""

    def test_nobody_gets_a_paper_that_the_version_before_gave_them(self, journals, monkeypatch):
        same_boot(monkeypatch)
        ledger.recover(journals, NOW)
        tomorrow = NOW + ONE_DAY
        with time_machine.travel(tomorrow, tick=False):
            assert build_issue(DAY + ONE_DAY, tomorrow) is not None
            assert planning.plan(tomorrow).deliveries == 3
            transport = RecordingTransport()
            worker.drain(transport=transport, directory=journals, clock=lambda: tomorrow)
        assert transport.addresses == ["alice@example.org", "charlie@example.org"]
        titles = dict(Paper.objects.values_list("pk", "title"))
        for name, channel in (("alice", "email"), ("bob", "feed"), ("charlie", "email")):
            row = row_of(name, DAY + ONE_DAY)
            assert (row.state, row.channel, row.sent_at) == ("sent", channel, tomorrow)
            # "On every list" stood in Friday's digest of each, and stands on Thursday's list, too.
            got = {titles[one.paper_id] for one in chosen_papers(row.choices)}
            # Bob's digest of Wednesday was never made, so Thursday's makes up for it.
            missed = {"Agents of Wednesday"} if name == "bob" else set()
            assert got == missed | {"Agents of Thursday"}

    def test_the_version_before_can_read_what_this_one_wrote(self, journals, monkeypatch):
        """It takes `sent` for what readers had, and the rows apart by position."""
        same_boot(monkeypatch)
        worker.drain(transport=RecordingTransport(), directory=journals, clock=lambda: NOW)
        row = row_of("bob", DAY)
        assert row.state in ("sent", "feed", "unknown", "claimed")
        ((paper, place, topics, why),) = row.choices
        assert Paper.objects.get(pk=paper).title == "Agents of Wednesday"
        assert row.drawn_on.places.get(pk=place).paper_id == paper
        assert topics
        assert why

    @pytest.mark.usefixtures("journals")
    def test_an_event_that_waited_resolves_the_doubt(self):
        consequences.process(NOW)
        row = row_of("alice", MONDAY)
        assert (row.state, row.channel) == ("sent", "email")
