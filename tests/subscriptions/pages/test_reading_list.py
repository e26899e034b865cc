"""Save for later: by a link, by a remembered device, in place and without JavaScript; the reading
list, what it holds, its files and its feed.
"""

import json
import re
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from papers.models import Pick
from subscriptions import links
from subscriptions.links import Purpose
from subscriptions.models import SavedPaper
from subscriptions.readers import reading_list
from tests.factories import DAY, NOW, make_paper, make_subscriber
from tests.markup import read

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

ATOM = "{http://www.w3.org/2005/Atom}"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def alice(topics):
    return make_subscriber(topics=topics[:1])


@pytest.fixture
def paper():
    return make_paper("Sparse <b>attention</b> & {{ more }}")


def save_page(reader, paper, *, is_shared=False) -> str:
    return links.save_path(reader.pk, reader.link_version, paper.pk, is_shared=is_shared)


def list_page(reader) -> str:
    return links.reading_list_path(reader.pk, reader.link_version)


def feed_of(reader) -> str:
    reader.refresh_from_db()
    return links.reading_list_feed_path(
        reader.pk, reader.link_version, reader.reading_list_feed_version
    )


def saved_by(reader) -> list[str]:
    return [one.paper.title for one in reading_list.entries(reader)]


def text_of(response) -> str:
    text, problems = read(response.content.decode())
    assert problems == []
    return text


# --- The button -----------------------------------------------------------------------------------


@pytest.mark.parametrize("is_shared", [False, True])
def test_a_link_saves_by_its_button_and_not_by_looking(browser, alice, paper, is_shared):
    page = save_page(alice, paper, is_shared=is_shared)
    for look in (browser.get, browser.head):
        answer = look(page)
        assert answer.status_code == 200
        assert answer["Cache-Control"] == "private, no-store"
    assert saved_by(alice) == []
    assert "Save this paper" in text_of(browser.get(page))

    answer = browser.press(page, {"action": "save"})
    assert (answer.status_code, answer.url) == (302, page)
    browser.press(page, {"action": "save"})
    assert saved_by(alice) == [paper.title]
    shown = browser.get(page)
    assert "On your reading list." in text_of(shown)
    # What others may come to see leads to nothing else that is the reader's.
    assert (list_page(alice) in shown.content.decode()) is not is_shared

    browser.press(page, {"action": "undo"})
    assert saved_by(alice) == []


def test_htmx_gets_the_button_alone_and_stays_on_the_page(browser, alice, paper):
    page = save_page(alice, paper, is_shared=True)
    answer = browser.post(
        page, {"action": "save"}, headers=HTMX | {"Sec-Fetch-Site": "same-origin"}
    )
    html = answer.content.decode()
    assert answer.status_code == 200
    assert html.lstrip().startswith("<form")
    assert html.count("<form") == 1
    assert "On your reading list" in html
    assert 'value="undo"' in html
    assert saved_by(alice) == [paper.title]


@pytest.mark.parametrize("purpose", [Purpose.PREFERENCES, Purpose.DIGEST, Purpose.COMMUNITY])
def test_no_other_link_saves(browser, alice, paper, purpose):
    token = links.token(purpose, alice.pk, alice.link_version)
    page = reverse("subscriptions:signed-save", args=[token, paper.pk])
    assert browser.get(page).status_code == 404


def test_void_links_save_nothing(browser, alice, paper):
    page, the_list = save_page(alice, paper), list_page(alice)
    alice.void_links()
    for path in (page, the_list):
        answer = browser.press(path, {"action": "save"})
        assert answer.status_code == 410
    assert saved_by(alice) == []


def test_a_request_from_another_site_saves_nothing(alice, paper):
    other = Client(enforce_csrf_checks=True)
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert (
        other.post(save_page(alice, paper), {"action": "save"}, headers=headers).status_code == 403
    )
    assert saved_by(alice) == []


def test_a_remembered_device_saves_from_the_papers_page(browser, alice, paper):
    page = reverse("subscriptions:save", args=[paper.pk])
    assert page in browser.get(paper.get_absolute_url()).content.decode()
    assert "Not subscribed yet?" in text_of(browser.get(page))
    browser.press(page, {"action": "save"})
    assert not SavedPaper.objects.exists()
    assert "Not subscribed yet?" in text_of(browser.get("/saved/"))

    browser.press(links.remember_path(alice.pk, alice.link_version))
    browser.press(page, {"action": "save"})
    assert saved_by(alice) == [paper.title]
    assert browser.get("/saved/").url == list_page(alice)


def test_a_hidden_paper_cannot_be_saved_and_leaves_the_list(browser, alice, paper):
    reading_list.save(alice, paper, NOW)
    Pick.objects.create(day=DAY, paper=paper, kind=Pick.Kind.HIDE)
    assert browser.get(save_page(alice, paper)).status_code == 404
    assert paper.title not in text_of(browser.get(list_page(alice)))


def test_a_full_list_says_so_and_takes_nothing(browser, alice, paper, monkeypatch):
    monkeypatch.setattr(reading_list, "MOST", 2)
    for _ in range(2):
        reading_list.save(alice, make_paper(), NOW)
    assert reading_list.save(alice, paper, NOW) is reading_list.Saved.FULL
    page = save_page(alice, paper)
    browser.press(page, {"action": "save"})
    assert paper.title not in saved_by(alice)
    full = "Your reading list is full: it holds 2 papers."
    assert full in text_of(browser.get(page))
    assert full in text_of(browser.get(list_page(alice)))
    same = {"Sec-Fetch-Site": "same-origin"}
    assert full in browser.post(page, {"action": "save"}, headers=HTMX | same).content.decode()


# --- The list -------------------------------------------------------------------------------------


def test_the_list_shows_what_was_saved_last_first(browser, alice, paper):
    bob = make_subscriber("bob@example.org")
    reading_list.save(bob, make_paper("Of Bob"), NOW)
    reading_list.save(alice, make_paper("Saved first"), NOW)
    reading_list.save(alice, paper, NOW)
    page = browser.get(list_page(alice))
    text = text_of(page)
    assert text.index("Sparse <b>attention</b>") < text.index("Saved first")
    assert "Of Bob" not in text
    assert page["Cache-Control"] == "private, no-store"


def test_a_paper_is_removed_and_put_back(browser, alice, paper):
    reading_list.save(alice, paper, NOW)
    page = list_page(alice)
    answer = browser.press(page, {"action": "remove", "paper": str(paper.pk)})
    assert answer.url == f"{page}?removed={paper.pk}"
    assert saved_by(alice) == []
    assert "Removed: Sparse <b>attention</b>" in text_of(browser.get(answer.url))
    browser.press(page, {"action": "save", "paper": str(paper.pk)})
    assert saved_by(alice) == [paper.title]


def test_with_htmx_a_row_is_exchanged(browser, alice, paper):
    reading_list.save(alice, paper, NOW)
    same = {"Sec-Fetch-Site": "same-origin"}
    for action, other, is_there in (("remove", "save", False), ("save", "remove", True)):
        sent = {"action": action, "paper": str(paper.pk)}
        html = browser.post(list_page(alice), sent, headers=HTMX | same).content.decode()
        assert re.match(r'<li id="saved-\d+"', html)
        assert f'value="{other}"' in html
        assert bool(saved_by(alice)) is is_there


@pytest.mark.parametrize("text", ["", "x", "-1", "²", "9" * 30, "99999", "1 OR 1=1", "\0"])
def test_a_made_up_paper_changes_nothing(browser, alice, paper, text):
    reading_list.save(alice, paper, NOW)
    for action in ("remove", "save"):
        answer = browser.press(list_page(alice), {"action": action, "paper": text})
        assert answer.status_code == 302
    assert browser.get(list_page(alice), {"removed": text}).status_code == 200
    assert saved_by(alice) == [paper.title]


def test_the_preferences_lead_to_the_list(browser, alice):
    page = browser.get(links.preferences_path(alice.pk, alice.link_version))
    assert list_page(alice) in page.content.decode()


# --- To take along --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "media_type"),
    [
        ("bib", "application/x-bibtex"),
        ("ris", "application/x-research-info-systems"),
        ("json", "application/vnd.citationstyles.csl+json"),
    ],
)
def test_the_whole_list_is_a_file(browser, alice, ending, media_type):
    for _ in range(60):
        reading_list.save(alice, make_paper(authors=["Alice Adams"]), NOW)
    page = browser.get(list_page(alice)).content.decode()
    path = f"{list_page(alice)}reading-list.{ending}"
    assert escape(path) in page
    answer = browser.get(path)
    assert answer["Content-Type"] == f"{media_type}; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="reading-list.{ending}"'
    text = answer.content.decode()
    entries = {
        "bib": lambda: len(re.findall(r"^@misc\{", text, re.M)),
        "ris": lambda: text.count("TY  - "),
        "json": lambda: len(json.loads(text)),
    }
    assert entries[ending]() == 60


def test_there_is_no_other_file(browser, alice):
    assert browser.get(f"{list_page(alice)}reading-list.exe").status_code == 404


def test_the_feed_holds_the_list(browser, alice, paper):
    empty = browser.get(feed_of(alice))
    assert empty.status_code == 200
    reading_list.save(alice, paper, NOW)
    answer = Client(headers={"Accept": "*/*"}).get(feed_of(alice))
    feed = ElementTree.fromstring(answer.content)
    (entry,) = feed.findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}title") == paper.title
    assert [name.text for name in entry.findall(f"{ATOM}author/{ATOM}name")] == paper.authors
    again = browser.get(feed_of(alice), headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304
    assert "alice@example.org" not in answer.content.decode()
    held = {links.token(purpose, alice.pk, 1) for purpose in Purpose}
    assert not [token for token in held if token in answer.content.decode()]


def test_the_feeds_address_is_renewed_by_itself(browser, alice, paper):
    reading_list.save(alice, paper, NOW)
    before, page = feed_of(alice), list_page(alice)
    assert links.absolute(before) in browser.get(page).content.decode()
    answer = browser.press(page, {"action": "renew"})
    assert "no longer works" in text_of(browser.get(answer.url))
    assert browser.get(before).status_code == 410
    assert browser.get(feed_of(alice)).status_code == 200
    assert browser.get(page).status_code == 200
    alice.void_links()
    assert browser.get(page).status_code == 410


def test_a_feed_of_nobody_is_not_found(browser, alice):
    address = feed_of(alice)
    assert browser.get("/saved/nothing/feed/").status_code == 404
    alice.delete()
    assert browser.get(address).status_code == 410
