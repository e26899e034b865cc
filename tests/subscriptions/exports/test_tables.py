"""What is exported imports again with nothing lost, and no cell is a formula."""

import csv
import datetime as dt
import io
import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from subscriptions.exports.tables import TABLES, lines
from subscriptions.imports.options import DECLARATION
from subscriptions.imports.storing import FIELDS
from subscriptions.models import (
    Consent,
    ImportRun,
    ReaderExport,
    Subscriber,
    Suppression,
)
from tests.factories import NOW, make_subscriber, make_topic

COMPARED = [field.attname for field in FIELDS]
CONSENT = (
    *("subscriber__email", "action", "at", "wording", "source", "given_at"),
    *("came_from", "reason"),
)


def site():
    """Readers of every status, with values that a spreadsheet or a parser could take wrongly."""
    robots, vision = make_topic("Robots", slug="robots"), make_topic("Vision", slug="vision")
    alice = make_subscriber(
        "alice@example.org",
        email_typed="Alice@example.org",
        topics=[robots, vision],
        rhythm="weekly",
        weekday=3,
        timezone="America/Argentina/Buenos_Aires",
        papers_wanted=23,
        top_papers=True,
        machine_summaries=False,
        language="de",
        link_version=7,
        paused_until=NOW.date(),
        pause_reason='-1+1, "quoted"\nand another line',
        bounces_count_after=NOW,
    )
    make_subscriber("=cmd|x@example.org", receives_by="feed", welcomed_on=NOW.date())
    make_subscriber("'=quoted@example.org", topics=[vision], text_only=True)
    make_subscriber("+tag@bücher.example".replace("ü", "u"), status="left", left_at=NOW)
    waiting = make_subscriber("bob@example.org", status="pending", confirmed_at=None)
    Subscriber.objects.filter(pk=waiting.pk).update(asked_to_confirm_at=NOW)
    make_subscriber("charlie@example.org", status="suppressed")
    for number, wording in enumerate(["=1+1", "'", '„Abo“, bitte; "ja"\r\n', "x" * 300]):
        alice.record(Consent.Action.CHANGED, NOW + dt.timedelta(microseconds=number), wording)
    Consent.objects.create(
        subscriber=alice, action="imported", at=NOW, source="Ghost, a.csv", given_at=NOW
    )
    Consent.objects.create(
        subscriber=alice, action="left", at=NOW, came_from="=blog, Zürich", reason="too_often"
    )
    Suppression.objects.add_address("charlie@example.org", Suppression.Reason.COMPLAINT, NOW)
    Suppression.objects.add_address("dave@example.org", Suppression.Reason.BOUNCE, NOW)


def rows():
    return {
        "readers": list(Subscriber.objects.order_by("email").values_list(*COMPARED)),
        "consents": list(
            Consent.objects.order_by("subscriber__email", "at", "wording")
            .exclude(source__startswith="Broadsheet")
            .values_list(*CONSENT)
        ),
        "topics": sorted(Subscriber.objects.values_list("email", "topics__slug"), key=str),
        "suppressions": list(Suppression.objects.order_by("pk").values_list()),
    }


def table(name):
    return list(csv.reader(io.StringIO("".join(lines(name, "alice")), newline="")))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_second_site_fed_by_an_export_is_the_same_row_by_row(db, tmp_path, encoding):
    site()
    before = rows()
    call_command("export_readers", str(tmp_path))
    Subscriber.objects.all().delete()
    Suppression.objects.all().delete()
    path = tmp_path / "readers.csv"
    path.write_bytes(path.read_bytes().decode().encode(encoding))

    call_command("import_suppressions", str(tmp_path / "suppressions.csv"))
    call_command("import_readers", str(path), declaration=DECLARATION)

    assert rows() == before
    assert ImportRun.objects.get().profile == "broadsheet"
    assert Consent.objects.filter(source__startswith="Broadsheet").count() == 6
    started = Subscriber.objects.filter(status="active", next_digest_at=None)
    assert not started.exists()

    call_command("import_readers", str(path), declaration=DECLARATION)
    assert rows() == before
    assert ImportRun.objects.latest("pk").counts == {"known": 6}


def test_without_a_declaration_active_readers_of_another_site_are_asked(db, tmp_path):
    site()
    call_command("export_readers", str(tmp_path))
    Subscriber.objects.all().delete()

    call_command("import_readers", str(tmp_path / "readers.csv"))

    assert not Subscriber.objects.filter(status="active").exists()
    assert Subscriber.objects.filter(imported__is_to_be_asked=True).count() == 3
    bob = Subscriber.objects.get(email="bob@example.org")
    assert not bob.imported.is_to_be_asked


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("hour", "99"),
        ("hour", "x"),
        ("rhythm", "hourly"),
        ("timezone", "Mars"),
        ("top_papers", "maybe"),
        ("created_at", "yesterday"),
        ("consents", "[{}]"),
        ("consents", '{"a": 1}'),
        ("consents", "[" * 5000),
        ("consents", '[{"action": "left", "at": "2026-06-10T08:00:00Z", "reason": "x"}]'),
        ("link_version", "9" * 5000),
        ("pause_reason", "x" * 201),
        ("status", "admin"),
    ],
)
def test_what_was_changed_by_hand_costs_its_line(db, tmp_path, column, value):
    make_subscriber("alice@example.org")
    make_subscriber("bob@example.org")
    heading, alice, bob = table("readers")
    alice[heading.index(column)] = value
    Subscriber.objects.all().delete()
    path = tmp_path / "readers.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([heading, alice, bob])

    call_command("import_readers", str(path), declaration=DECLARATION)

    assert [one.email for one in Subscriber.objects.all()] == ["bob@example.org"]


def test_no_cell_of_any_table_is_a_formula(db):
    site()

    cells = [cell for name in TABLES for row in table(name) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
    assert "'=cmd|x@example.org" in cells


def test_the_tables_of_consents_and_topics_hold_every_row(db):
    site()

    assert len(table("consents")) == 1 + Consent.objects.count()
    assert ["alice@example.org", "robots"] in table("subscriptions")
    assert len(table("suppressions")) == 3


def test_an_export_is_on_record_before_its_first_line(db):
    make_subscriber()

    stream = lines("readers", "alice")
    first = next(stream)

    assert "alice@example.org" in first
    record = ReaderExport.objects.get()
    assert (record.what, record.by, record.rows) == ("readers", "alice", None)
    assert list(stream) == []
    record.refresh_from_db()
    assert record.rows == 1


def test_an_export_takes_few_statements(db, django_assert_max_num_queries):
    for number in range(30):
        make_subscriber(f"r{number}@example.org")

    with django_assert_max_num_queries(7):
        assert len(table("readers")) == 31


def test_the_commands_say_what_is_wrong(db, tmp_path, capsys):
    path = tmp_path / "a.csv"
    with pytest.raises(CommandError, match="Cannot read"):
        call_command("import_readers", str(path))
    path.write_text("name\nAlice\n")
    with pytest.raises(CommandError, match="No column holds email addresses"):
        call_command("import_readers", str(path))
    with pytest.raises(CommandError, match="Give a file"):
        call_command("import_readers")
    with pytest.raises(CommandError, match="nothing is left"):
        call_command("import_readers", resume=99)
    with pytest.raises(CommandError, match="Write TAG=SLUG"):
        call_command("import_readers", str(path), topic=["x"])
    with pytest.raises(CommandError, match="full sentence"):
        call_command("import_readers", str(path), declaration="yes")
    path.write_text("email\na@example.org\nx\n")
    call_command("import_readers", str(path), dry_run=True)
    said = capsys.readouterr().out
    assert "line 2 a@example.org" in said
    assert "Nothing was changed" in said
    assert not ImportRun.objects.exists()
    call_command("import_readers", str(path), report=str(tmp_path / "report.csv"))
    report = (tmp_path / "report.csv").read_text()
    assert report == "line,outcome,why\n2,asked,\n3,invalid,this isn't an email address\n"
    assert json.dumps(ImportRun.objects.get().counts) == '{"asked": 1, "invalid": 1}'
