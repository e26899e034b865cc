"""Commands: suppressions in and out as CSV, and erasing a reader."""

import csv
import io
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.addresses import address_hash
from subscriptions.models import Subscriber, Suppression
from subscriptions.readers import suppression_files
from tests.factories import NOW, make_subscriber

pytestmark = pytest.mark.django_db


def run(*args, **options) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(*args, stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def list_of(tmp_path):
    def write(text: str | bytes):
        path = tmp_path / "list.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return str(path)

    return write


def test_what_was_exported_is_imported_elsewhere(tmp_path):
    for name in ("alice", "bob"):
        Suppression.objects.add_address(f"{name}@example.org", Suppression.Reason.BOUNCE, NOW)
    path = str(tmp_path / "out.csv")
    _, said = run("export_suppressions", path)
    assert "2 suppressions" in said
    before = list(Suppression.objects.values())
    Suppression.objects.all().delete()
    said, _ = run("import_suppressions", path, dry_run=True)
    assert "2 would be suppressed" in said
    assert not Suppression.objects.exists()
    run("import_suppressions", path)
    said, _ = run("import_suppressions", path)
    assert "0 suppressed, 2 known already, 0 wrong" in said
    assert list(Suppression.objects.values()) == before


def test_the_export_names_nobody():
    Suppression.objects.add_address("alice@example.org", Suppression.Reason.BOUNCE, NOW)
    out, _ = run("export_suppressions")
    rows = list(csv.reader(io.StringIO(out)))
    assert rows[0] == list(suppression_files.COLUMNS)
    assert rows[1][0] == address_hash("alice@example.org")
    assert "alice" not in out


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_is_a_formula(cell):
    assert suppression_files.neutral(cell) == f"'{cell}"
    assert suppression_files.plain(suppression_files.neutral(cell)) == cell


@given(st.text().filter(lambda cell: not cell.startswith("'")))
def test_every_cell_comes_back(cell):
    assert suppression_files.plain(suppression_files.neutral(cell)) == cell
    assert not suppression_files.neutral(cell).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_a_list_of_addresses_is_taken_and_wrong_lines_cost_only_themselves(list_of):
    alice = make_subscriber()
    path = list_of(
        "\ufeffEmail,Reason,created_at\r\n"
        "Alice@Example.org,complaint,2026-01-02T03:04:05\r\n"
        "'-bob@example.org,,\r\n"
        "nonsense,,\r\n"
        "carol@example.org,because,\r\n"
        "dave@example.org,bounce,yesterday\r\n"
        "alice@example.org,,\r\n"
    )
    out, err = run("import_suppressions", path)
    assert "2 suppressed, 1 known already, 3 wrong" in out
    assert err.splitlines()[0] == "line 4: this isn't an email address"
    assert "line 5: the reason must be one of" in err
    assert "line 6: the time" in err
    alice.refresh_from_db()
    assert alice.status == Subscriber.Status.SUPPRESSED
    assert Suppression.objects.covers("-bob@example.org")
    kept = Suppression.objects.get(pk=address_hash("alice@example.org"))
    assert kept.created_at.isoformat() == "2026-01-02T03:04:05+00:00"
    assert kept.reason == "complaint"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column"),
        ("name\nalice@example.org\n", "no column"),
        (b"email\n\xff\xfe\n", "isn't UTF-8"),
        ("email\n" + "a" * 200_000, "isn't valid CSV"),
        (f"address_hash,key\n{'a' * 32},00000000\n", "another ADDRESS_HASH_KEY"),
        (f"email,address_hash,key\na@example.org,,\n,{'a' * 32},00000000\n", "another"),
    ],
)
def test_a_file_of_something_else_is_refused_whole(list_of, text, said):
    with pytest.raises(CommandError, match=said):
        run("import_suppressions", list_of(text))
    assert not Suppression.objects.exists()


def test_files_that_cannot_be_opened_are_a_sentence(tmp_path):
    with pytest.raises(CommandError, match="Can't read"):
        run("import_suppressions", str(tmp_path / "none.csv"))
    with pytest.raises(CommandError, match="Can't write"):
        run("export_suppressions", str(tmp_path))


def test_long_lists_of_problems_are_cut(list_of):
    out, err = run("import_suppressions", list_of("email\n" + "x\n" * 500))
    assert "500 wrong" in out
    assert len(err.splitlines()) == 21


def test_erasing_by_command(topics):
    make_subscriber(topics=topics)
    Suppression.objects.add_address("alice@example.org", Suppression.Reason.REQUEST, NOW)
    said, _ = run("erase_subscriber", " ALICE@example.org", dry_run=True)
    assert "Would delete" in said
    assert "3 subscriptions" in said
    assert Subscriber.objects.exists()
    said, _ = run("erase_subscriber", "alice@example.org")
    assert "stays suppressed" in said
    assert not Subscriber.objects.exists()
    assert Suppression.objects.covers("alice@example.org")
    with pytest.raises(CommandError, match="No subscriber"):
        run("erase_subscriber", "alice@example.org")
