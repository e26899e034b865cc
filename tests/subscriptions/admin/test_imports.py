"""Importing and exporting readers in the admin: who may, and the walk from file to report."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

import subscriptions.tasks  # noqa: F401  # what the pages wake by name runs here
from papers.models import AuditEntry
from subscriptions.imports import runs
from subscriptions.imports.options import Options
from subscriptions.models import ImportPiece, ImportRun, ReaderExport, Subscriber
from tests.admin_pages import staff, text
from tests.factories import NOW, make_subscriber

FILE = b"email,status\nalice@example.org,active\nbob@example.org,unsubscribed\nnobody,active\n"
ADD = "admin:subscriptions_importrun_add"


def given(**values):
    return {
        "file": SimpleUploadedFile("../up/readers.csv", FILE),
        "rhythm": "daily",
        "hour": 7,
        "timezone": "UTC",
        "language": "en",
        "date_zone": "UTC",
        **values,
    }


def checked_run():
    run = runs.make([FILE], "readers.csv", "", Options(), NOW)
    runs.work(lambda: NOW)
    run.refresh_from_db()
    return run


def page(name, run):
    return reverse(f"admin:subscriptions_importrun_{name}", args=[run.pk])


def test_from_the_file_to_the_report(db):
    client = staff("subscriptions.import_readers", "subscriptions.see_addresses")

    answer = client.post(reverse(ADD), given())
    run = ImportRun.objects.get()
    shown = text(client.get(answer["Location"]))
    assert run.state == "checked"
    assert run.file_name == "readers.csv"
    assert "alice@example.org" in shown
    assert "email is “email”" in shown
    assert not Subscriber.objects.exists()

    refused = client.post(page("start", run), {"way": "confirmed"})
    assert "Tick this" in text(refused)
    assert not Subscriber.objects.exists()

    client.post(page("start", run), {"way": "confirmed", "declares": "on"})
    run.refresh_from_db()
    assert run.state == "done"
    assert (run.declared_by, run.is_confirmed) == ("staff", True)
    assert Subscriber.objects.get().status == "active"
    assert not ImportPiece.objects.exists()
    assert AuditEntry.objects.count() == 2
    assert "alice@example.org" not in text(client.get(page("change", run)))

    report = b"".join(client.get(page("report", run))).decode()
    assert [row[:2] for row in csv.reader(io.StringIO(report))] == [
        ["line", "outcome"],
        ["2", "added"],
        ["3", "suppressed"],
        ["4", "invalid"],
    ]
    assert "declared" in text(client.post(page("stop", run), follow=True)).lower()
    run.refresh_from_db()
    assert run.state == "done"


def test_addresses_are_shown_only_to_those_who_may_see_readers(db):
    run = checked_run()

    shown = text(staff("subscriptions.import_readers").get(page("change", run)))

    assert "line 2" in shown
    assert "alice@example.org" not in shown


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"file": SimpleUploadedFile("a.csv", b"name\nAlice\n")}, "No column holds email"),
        ({"file": SimpleUploadedFile("a.csv", b"PK\x03\x04")}, "Excel workbook"),
        ({"profile": "ghost"}, "not a whole export of Ghost"),
        ({"columns": "email"}, "email = Heading"),
        ({"topics": "A = none-such"}, "no topic"),
        ({"timezone": "Mars"}, "not a time zone"),
        ({"hour": "24"}, "less than or equal to 23"),
        ({"file": ""}, "required"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_kept(db, values, said):
    answer = staff("subscriptions.import_readers").post(reverse(ADD), given(**values))

    assert said in text(answer)
    assert not ImportRun.objects.exists()


PAGES = [
    ("get", "add", {"subscriptions.import_readers"}),
    ("post", "add", {"subscriptions.import_readers"}),
    ("get", "changelist", {"subscriptions.import_readers", "subscriptions.view_importrun"}),
    ("get", "change", {"subscriptions.import_readers", "subscriptions.view_importrun"}),
    ("post", "start", {"subscriptions.import_readers"}),
    ("post", "stop", {"subscriptions.import_readers"}),
    ("get", "report", {"subscriptions.import_readers", "subscriptions.view_importrun"}),
]


@pytest.mark.parametrize(
    "permission",
    [
        "subscriptions.import_readers",
        "subscriptions.view_importrun",
        "subscriptions.export_readers",
        "subscriptions.view_subscriber",
    ],
)
def test_each_page_has_its_permission(db, permission):
    client = staff(permission)
    for method, name, allowed in PAGES:
        run = checked_run()
        listed = name in ("add", "changelist")
        path = reverse(f"admin:subscriptions_importrun_{name}") if listed else page(name, run)
        answer = getattr(client, method)(path)
        assert (answer.status_code != 403) == (permission in allowed), (method, name)
        run.refresh_from_db()
        if permission not in allowed or method == "get":
            assert run.state == "checked"
    download = reverse("admin:subscriptions_readerexport_download")
    answer = client.post(download, {"table": "readers"})
    assert (answer.status_code == 200) == (permission == "subscriptions.export_readers")


@pytest.mark.parametrize("name", ["start", "stop"])
def test_looking_at_an_address_that_acts_changes_nothing(db, name):
    run = checked_run()

    staff(is_superuser=True).get(page(name, run))

    run.refresh_from_db()
    assert run.state == "checked"


def test_exports_are_streamed_and_on_record(db):
    make_subscriber("alice@example.org")
    client = staff("subscriptions.export_readers")
    path = reverse("admin:subscriptions_readerexport_changelist")
    download = reverse("admin:subscriptions_readerexport_download")

    for wrong in ({}, {"table": "users"}):
        assert client.post(download, wrong).status_code == 302
    assert client.get(download).status_code == 302
    assert not ReaderExport.objects.exists()

    answer = client.post(download, {"table": "readers"})
    assert b"alice@example.org" in b"".join(answer)
    record = ReaderExport.objects.get()
    assert (record.what, record.rows, record.by) == ("readers", 1, "staff")
    shown = text(client.get(path))
    assert "Export suppressions" in shown
    assert "staff" in shown
