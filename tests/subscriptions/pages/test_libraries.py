"""A library is handed over, read by a worker, chosen from and forgotten."""

import logging

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile

from papers.libraries import zotero
from papers.libraries.entries import Library
from papers.libraries.formats import UnknownFormat, read
from subscriptions import links
from subscriptions.interests import libraries
from subscriptions.models import Subscriber
from tests.factories import make_subscriber

pytestmark = pytest.mark.django_db

KEY = "abcdefghijklmnopqrstuvwx"
LINE = "@article{k%d, title={State of charge of cell %d}, author={Ash, Alice}, journal={Cells}}\n"
FILE = "".join(LINE % (at, at) for at in range(3)).encode() + b"@misc{x, title={Alone}}\n"


@pytest.fixture
def alice(monkeypatch) -> Subscriber:
    cache.clear()
    monkeypatch.setattr(libraries, "read_apart", read)  # the child process has its own tests
    return make_subscriber("alice@example.org")


@pytest.fixture
def waiting(monkeypatch) -> list[str]:
    """The tokens of what is handed to workers, which a test then does by itself."""
    tokens: list[str] = []

    class Task:
        def __init__(self, name, args):
            assert name == "subscriptions.tasks.read_library"
            tokens.extend(args)

        def apply_async(self, **options):
            pass

    monkeypatch.setattr(libraries, "signature", Task)
    return tokens


def address_of(reader: Subscriber) -> str:
    return links.preferences_path(reader.pk, reader.link_version) + "interests/library/"


def test_a_reader_ticks_what_a_library_suggests_and_nothing_else_stays(client, alice, waiting):
    given = SimpleUploadedFile("library.bib", FILE)
    answer = client.post(address_of(alice), {"action": "file", "file": given})
    assert "Show what was found" in client.get(answer.url).text
    libraries.read(waiting[0])
    page = client.get(answer.url).text
    assert "3 entries were recognized" in page
    assert "has neither an identifier nor authors" in page
    assert not alice.followings.exists()
    job = libraries.job_of(alice, waiting[0])
    assert job is not None
    assert job.found is not None
    found = job.found
    wanted = [str(at) for at, one in enumerate(found["proposals"]) if one["kind"] == "author"]
    client.post(answer.url, {"action": "follow", "ticked": [*wanted, "like", "999", "x"]})
    kinds = sorted(one.interest.kind for one in alice.followings.all())
    assert kinds == ["author", "likeness"]
    assert client.get(answer.url).status_code == 404
    assert libraries.job_of(alice, waiting[0]) is None


def test_another_reader_sees_nothing_of_it(client, alice, waiting):
    libraries.hand_over_file(alice, FILE)
    bob = make_subscriber("bob@example.org")
    assert client.get(f"{address_of(bob)}{waiting[0]}/").status_code == 404


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"<?xml version='1.0'?><!DOCTYPE l [<!ENTITY a 'b'>]><l/>", "This is XML"),
        (b"PK\x03\x04", "compressed"),
        (b"just words", "no library that we can read"),
        (b"\xff\xfe\x00", "no library that we can read"),
    ],
)
def test_a_hostile_file_gets_a_sentence(client, alice, waiting, data, sentence):
    given = SimpleUploadedFile("library.bib", data)
    answer = client.post(address_of(alice), {"action": "file", "file": given})
    libraries.read(waiting[0])
    assert sentence in client.get(answer.url).text


def test_a_file_that_is_too_large_is_refused_at_once(client, alice, waiting, monkeypatch):
    monkeypatch.setattr(libraries, "MOST_BYTES", 100)
    monkeypatch.setattr("subscriptions.pages.libraries.MOST_BYTES", 100)
    given = SimpleUploadedFile("library.bib", b"@" * 101)
    page = client.post(address_of(alice), {"action": "file", "file": given})
    assert "larger than 20 MB" in page.text
    assert waiting == []


def test_a_zotero_key_is_used_once_and_lies_nowhere_in_clear(
    client, alice, waiting, monkeypatch, caplog
):
    caplog.set_level(logging.DEBUG)
    asked = []

    def items(library, key, chosen):
        asked.append((library, key, chosen))
        assert cache.get(libraries._key(waiting[0], "given")) is None
        return Library()

    monkeypatch.setattr(zotero, "items", items)
    monkeypatch.setattr(
        zotero, "collections", lambda *_: [zotero.Collection("ABCDEFGH", "To read", 2)]
    )
    form = {"action": "zotero", "library": "group 12", "key": KEY, "collections": "to read"}
    client.post(address_of(alice), form)
    for part in ("job", "given"):
        assert KEY not in str(cache.get(libraries._key(waiting[0], part)))
    libraries.read(waiting[0])
    libraries.read(waiting[0])
    assert asked == [("groups/12", KEY, ("ABCDEFGH",))]
    assert KEY not in caplog.text


def test_what_no_worker_takes_in_time_is_gone_and_the_page_says_so(client, alice, waiting):
    answer = client.post(address_of(alice), {"action": "zotero", "library": "group 12", "key": KEY})
    cache.delete(libraries._key(waiting[0], "given"))  # as it is ten minutes later
    assert "No worker" in client.get(answer.url).text
    libraries.read(waiting[0])
    assert "No worker" in client.get(answer.url).text


def test_what_zotero_refuses_and_what_is_no_library_gets_a_sentence(
    client, alice, waiting, monkeypatch
):
    def refuse(*_):
        raise zotero.NotAllowed("403")

    monkeypatch.setattr(zotero, "items", refuse)
    answer = client.post(address_of(alice), {"action": "zotero", "library": "group 12"})
    libraries.read(waiting[0])
    assert "let us in" in client.get(answer.url).text
    page = client.post(address_of(alice), {"action": "zotero", "library": "alice"})
    assert "number, such as" in page.text
    page = client.post(
        address_of(alice), {"action": "zotero", "library": "group 1", "key": "short"}
    )
    assert "24 letters" in page.text


def test_a_file_that_takes_too_much_gets_a_sentence(client, alice, waiting, monkeypatch):
    def heavy(data):
        raise UnknownFormat("heavy")

    monkeypatch.setattr(libraries, "read_apart", heavy)
    libraries.hand_over_file(alice, FILE)
    libraries.read(waiting[0])
    assert "took too long" in client.get(f"{address_of(alice)}{waiting[0]}/").text
