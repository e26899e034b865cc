"""The pages that move a subscription to another address and make earlier links void."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from kombu.exceptions import OperationalError

from newsletter.delivery import worker
from subscriptions import links
from subscriptions.links import Purpose
from subscriptions.models import AddressChange, Consent, Subscriber, Suppression
from subscriptions.readers import address_change
from tests.factories import NOW, make_subscriber
from tests.markup import read

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

NEW = "new@example.org"


@pytest.fixture
def alice(topics):
    return make_subscriber(topics=topics[:2])


def preferences(subscriber: Subscriber) -> str:
    return links.preferences_path(subscriber.pk, subscriber.link_version)


def link_in(mail) -> str:
    found = re.search(r"https://papers\.example\.org(/\S+)", mail.body)
    assert found
    return found[1]


def text_of(response) -> str:
    text, problems = read(response.content.decode())
    assert problems == []
    return text


def ask(browser, subscriber: Subscriber, email: str = NEW):
    return browser.press(f"{preferences(subscriber)}address/", {"action": "ask", "email": email})


def test_the_whole_way_to_a_new_address(browser, alice, mailoutbox):
    old_links = [preferences(alice), links.feed_path(alice.pk, 1)]
    asked = ask(browser, alice)
    assert asked.status_code == 302
    shown = text_of(browser.get(asked.url))
    assert "The old address has not agreed yet." in shown
    to_old, to_new = mailoutbox
    assert (to_old.to, to_new.to) == (["alice@example.org"], [NEW])

    assert NEW in text_of(browser.get(link_in(to_old)))
    assert AddressChange.objects.get().old_confirmed_at is None  # looking agrees to nothing
    assert "alice@example.org" not in browser.get(link_in(to_new)).content.decode()

    noted = browser.press(link_in(to_old), {"action": "agree"})
    assert "Thanks." in text_of(browser.get(noted.url))
    assert "The old address has agreed." in text_of(browser.get(asked.url))
    moved = browser.press(link_in(to_new), {"action": "agree"})
    assert moved.url == "/address/moved/"
    assert "Your address has changed" in text_of(browser.get(moved.url))

    alice.refresh_from_db()
    assert alice.email == NEW
    assert mailoutbox[2].to == [NEW]
    assert link_in(mailoutbox[2]) == preferences(alice)
    for path in [*old_links, link_in(to_old), link_in(to_new), asked.url]:
        assert browser.get(path).status_code == 410
    assert browser.get(preferences(alice)).status_code == 200


@pytest.mark.parametrize("end", ["old", "new", "preferences"])
def test_every_end_can_stop_it(browser, alice, mailoutbox, end):
    asked = ask(browser, alice)
    to_old, to_new = mailoutbox
    page = {"old": link_in(to_old), "new": link_in(to_new), "preferences": asked.url}[end]
    browser.press(page, {"action": "cancel"})
    for mail in (to_old, to_new):
        over = browser.get(link_in(mail))
        assert over.status_code == 410
        assert "Nothing to confirm" in text_of(over)
    alice.refresh_from_db()
    assert (alice.email, alice.link_version) == ("alice@example.org", 1)


def test_the_answer_is_the_same_whatever_the_new_address_is(browser, alice, mailoutbox):
    make_subscriber("bob@example.org")
    Suppression.objects.add_address("no@example.org", Suppression.Reason.COMPLAINT, NOW)
    pages = set()
    for email in (NEW, "bob@example.org", "no@example.org"):
        asked = ask(browser, alice, email)
        assert asked.status_code == 302
        html = browser.get(asked.url).content.decode().replace(email, "…")
        pages.add(re.sub(r'value="\w{64}"', "", html))
    assert len(pages) == 1
    old = "alice@example.org"
    assert [mail.to[0] for mail in mailoutbox] == [old, NEW, old, "bob@example.org", old]
    assert mailoutbox[3].subject == "You’re already subscribed to Broadsheet"


def test_asking_takes_the_same_work_for_every_new_address(browser, topics, monkeypatch):
    def traced(number: int, email: str) -> list[str]:
        reader = make_subscriber(f"reader{number}@example.org")
        said: list[str] = []
        with monkeypatch.context() as watched:
            watched.setattr(
                "newsletter.tasks.drain.apply_async", lambda *_, **__: said.append("wake")
            )
            with CaptureQueriesContext(connection) as queries:
                assert ask(browser, reader, email).status_code == 302
        return said + [query["sql"].split(" ")[0] for query in queries.captured_queries]

    make_subscriber("bob@example.org")
    Suppression.objects.add_address("no@example.org", Suppression.Reason.COMPLAINT, NOW)
    make_subscriber("gone@example.org", status="left")
    emails = (NEW, "bob@example.org", "no@example.org", "gone@example.org")
    first, *others = [traced(number, email) for number, email in enumerate(emails)]
    assert all(other == first for other in others)


@pytest.mark.parametrize("email", ["", "nonsense", "Alice@Example.org", "a" * 300 + "@b.org", "\0"])
def test_what_is_no_new_address_is_said_on_the_form(browser, alice, email, mailoutbox):
    answer = ask(browser, alice, email)
    assert answer.status_code == 200
    assert 'id="id_email_error"' in answer.content.decode()
    assert not AddressChange.objects.exists()
    assert mailoutbox == []


def test_asking_is_limited(browser, alice, settings):
    for number in range(address_change.MOST_ASKED):
        assert ask(browser, alice, f"stranger{number}@example.org").status_code == 302
    over = ask(browser, alice, "another@example.org")
    assert "several changes recently" in text_of(over)
    settings.LIMIT_PER_NETWORK = 1
    assert ask(browser, make_subscriber("bob@example.org"), NEW).status_code == 429


def test_without_a_broker_it_begins_all_the_same(browser, alice, monkeypatch, mailoutbox):
    def refuse(*args, **kwargs):
        raise OperationalError("nobody there")

    with monkeypatch.context() as broken:
        broken.setattr("newsletter.tasks.drain.apply_async", refuse)
        assert ask(browser, alice).status_code == 302
    assert mailoutbox == []
    worker.drain()  # which a worker does unasked
    assert len(mailoutbox) == 2


def test_who_has_left_has_nothing_to_move(browser, alice):
    alice.leave(NOW)
    page = browser.get(f"{preferences(alice)}address/")
    assert (page.status_code, page.url) == (302, preferences(alice))


def test_a_link_of_one_end_does_not_serve_the_other(browser, alice):
    ask(browser, alice)
    change = AddressChange.objects.get()
    swapped = links.token(Purpose.MOVE_FROM, alice.pk, 1, change.pk)
    assert browser.get(f"/address/to/{swapped}/").status_code == 404
    other = links.move_path(Purpose.MOVE_TO, alice.pk, 1, change.pk + 1)
    assert browser.get(other).status_code == 410


def test_void_links_leave_none_but_the_one_that_is_mailed(browser, alice, mailoutbox):
    old = preferences(alice)
    page = f"{old}links/"
    assert "Invalidate old links" in text_of(browser.get(page))
    gone = browser.press(page)
    assert gone.url == "/links-void/"
    assert "preferences/" not in browser.get(gone.url).content.decode()
    for path in (
        old,
        page,
        links.unsubscribe_path(alice.pk, 1),
        links.feed_path(alice.pk, 1),
        links.feedback_path(alice.pk, 1, 1, "more"),
        f"/digest/{links.token(Purpose.DIGEST, alice.pk, 1, 1)}/",
        links.confirm_path(alice.pk, 1, NOW),
        old.replace("/preferences/", "/welcome/"),
        f"{old}data.json",
    ):
        assert browser.get(path).status_code == 410
    (mail,) = mailoutbox
    assert browser.get(link_in(mail)).status_code == 200
    assert Consent.objects.get().action == "voided"
