"""Many feeds at once, from OPML to rows."""

import pytest
from django.core.management import CommandError, call_command

from papers.ingest.feed_lists import bring_in
from papers.models import Source

pytestmark = pytest.mark.django_db


def opml(*feeds: tuple[str, str]) -> bytes:
    outlines = "".join(f"<outline text='{name}' xmlUrl='{url}'/>" for name, url in feeds)
    return f"<opml version='1.0'><body>{outlines}</body></opml>".encode()


TWO = opml(("Nature", "https://www.nature.com/nature.rss"), ("Cell", "http://cell.example/f"))


def test_each_feed_becomes_a_row_that_waits_for_an_editor():
    brought = bring_in(TWO)

    assert [source.name for source in brought.added] == ["Nature", "Cell"]
    rows = Source.objects.filter(kind="feed")
    assert {(row.name, row.slug, row.is_active) for row in rows} == {
        ("Nature", "nature", False), ("Cell", "cell", False)
    }  # fmt: skip
    assert {(row.settings or {})["address"] for row in rows} == {
        "https://www.nature.com/nature.rss", "http://cell.example/f"
    }  # fmt: skip


def test_the_same_file_again_adds_nothing():
    bring_in(TWO)

    brought = bring_in(TWO)
    assert (len(brought.added), len(brought.known)) == (0, 2)
    assert Source.objects.filter(kind="feed").count() == 2


def test_a_name_that_another_row_has_gets_a_number():
    Source.objects.create(kind="huggingface", name="nature", slug="nature")

    (source,) = bring_in(opml(("Nature", "https://a.example/f"))).added
    assert (source.name, source.slug) == ("Nature (2)", "nature-2")


def test_a_name_without_a_letter_for_a_slug_gets_one():
    (source,) = bring_in(opml(("物理", "https://a.example/f"))).added

    assert source.slug == "feed"


def test_trying_adds_nothing():
    brought = bring_in(TWO, dry_run=True)

    assert len(brought.added) == 2
    assert not Source.objects.filter(kind="feed").exists()


def test_a_feed_in_our_own_network_is_left_out():
    brought = bring_in(opml(("Inside", "https://example.org:22/f")))

    assert not brought.added
    assert "Inside was left out" in brought.problems[0]


def test_the_command_says_what_it_did(tmp_path, capsys):
    path = tmp_path / "feeds.opml"
    path.write_bytes(TWO)

    call_command("import_opml", path, "--dry-run")
    assert "Would add Nature (nature)" in capsys.readouterr().out
    assert not Source.objects.filter(kind="feed").exists()

    call_command("import_opml", path)
    out = capsys.readouterr().out
    assert "Added 2 feeds; 0 already existed, 0 problems." in out
    assert "won't be fetched until you activate them" in out

    call_command("import_opml", path, "--active")
    assert "Already exists: Nature" in capsys.readouterr().out
    assert not Source.objects.filter(kind="feed", is_active=True).exists()


@pytest.mark.parametrize("body", [None, b"<rss/>", b"nonsense"])
def test_the_command_refuses_a_file_that_is_none(tmp_path, body):
    path = tmp_path / "feeds.opml"
    if body is not None:
        path.write_bytes(body)

    with pytest.raises(CommandError):
        call_command("import_opml", path)
