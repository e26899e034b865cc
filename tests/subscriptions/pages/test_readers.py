"""Pages behind signed links: what their holders may do, and that nobody else may."""

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client

from subscriptions import links
from subscriptions.links import Purpose
from subscriptions.models import Consent, Feedback, SavedPaper, Subscriber, Suppression
from tests.factories import NOW, make_paper, make_subscriber

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

Status = Subscriber.Status
ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = "application/x-www-form-urlencoded"
MULTIPART = (
    '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
)
CHANGED = {
    "topics": ["vision"],
    "rhythm": "weekly",
    "weekday": "4",
    "hour": "21",
    "timezone": "Asia/Tokyo",
    "papers_wanted": "5",
    "paused_until": "",
    "learns": "on",
}


@pytest.fixture
def alice(topics):
    return make_subscriber(topics=topics[:2])


@pytest.fixture
def paper(db):
    return make_paper("Sparse <b>attention</b> & {{ more }}")


def pages(subscriber, paper) -> dict[str, str]:
    """Every page behind a link, by name."""
    pk, version = subscriber.pk, subscriber.link_version
    preferences = links.preferences_path(pk, version)
    return {
        "confirm": links.confirm_path(pk, version, NOW),
        "welcome": preferences.replace("/preferences/", "/welcome/"),
        "preferences": preferences,
        "data": f"{preferences}data.json",
        "learned": f"{preferences}learned/",
        "void": f"{preferences}links/",
        "erase": f"{preferences}erase/",
        "unsubscribe": links.unsubscribe_path(pk, version),
        "more": links.feedback_path(pk, version, paper.pk, "more"),
        "less": links.feedback_path(pk, version, paper.pk, "less"),
        "save": links.save_path(pk, version, paper.pk),
        "reading list": links.reading_list_path(pk, version),
        "export": f"{links.reading_list_path(pk, version)}reading-list.bib",
    }


def everything() -> list[list[Any]]:
    """All that may change, as it stands."""
    models: tuple[Any, ...] = (
        Subscriber,
        Subscriber.topics.through,
        Feedback,
        SavedPaper,
        Consent,
        Suppression,
    )
    return [list(model.objects.order_by("pk").values()) for model in models]


@pytest.mark.parametrize("status", Status)
def test_looking_changes_nothing_and_is_private(browser, alice, paper, status, mailoutbox):
    Subscriber.objects.update(status=status, left_at=NOW if status == Status.LEFT else None)
    before = everything()
    for name, path in pages(alice, paper).items():
        for look in (browser.get, browser.head):
            page = look(path)
            assert page.status_code == (410 if (name, status) == ("confirm", "suppressed") else 200)
            assert page["Cache-Control"] == "private, no-store"
            assert page["Referrer-Policy"] == "same-origin"
            assert page["X-Robots-Tag"] == "noindex"
        assert type(browser)(enforce_csrf_checks=False).put(path).status_code == 405
        html = browser.get(path).content.decode()
        assert " style=" not in html
        assert not re.search(r"<script(?! src)", html)
        assert not re.search(r"\{\{ (?!more)|\{%", html)
    assert everything() == before
    assert mailoutbox == []


def test_a_hostile_title_is_harmless(browser, alice, paper):
    html = browser.get(pages(alice, paper)["more"]).content.decode()
    assert "Sparse &lt;b&gt;attention&lt;/b&gt; &amp; {{ more }}" in html


def test_every_button_needs_its_token(browser, alice, paper, mailoutbox):
    before = everything()
    for path in pages(alice, paper).values():
        for data in ({}, {"action": "leave"}, {"action": "undo"}, {"List-Unsubscribe": "x"}):
            assert browser.post(path, data).status_code in (403, 405)
    assert everything() == before
    assert mailoutbox == []


def test_links_that_do_not_hold_all_lead_to_one_page(browser, alice, paper):
    bodies = set()
    for name, path in pages(alice, paper).items():
        token = path.split("/")[2]
        changed = ("B" if token[20] == "A" else "A").join((token[:20], token[21:]))
        wrong = {
            "unsubscribe": links.token(Purpose.PREFERENCES, alice.pk, 1),
        }.get(name, links.token(Purpose.UNSUBSCRIBE, alice.pk, 1))
        for bad in (changed, wrong, token[:-1], "x", "é" * 48, "A" * 48):
            page = browser.get(path.replace(token, bad))
            assert page.status_code == 404
            assert page["X-Robots-Tag"] == "noindex"
            text = page.content.decode()
            bodies.add(re.sub(r'value="\w{64}"', "", text))
            assert 'action="/link/"' in text
            assert alice.email not in text
    Subscriber.objects.update(link_version=2)
    for path in pages(alice, paper).values():  # made with version 1
        page = browser.get(path)
        assert page.status_code == 410
        bodies.add(re.sub(r'value="\w{64}"', "", page.content.decode()))
    alice.refresh_from_db()
    for path in pages(alice, paper).values():
        assert browser.get(path).status_code == 200
    assert len(bodies) == 1


def test_a_link_acts_on_its_own_subscriber(browser, alice, topics, paper):
    bob = make_subscriber("bob@example.org", topics=topics)
    browser.press(pages(alice, paper)["preferences"], CHANGED | {"subscriber": str(bob.pk)})
    browser.press(pages(alice, paper)["unsubscribe"], {"action": "leave"})
    bob.refresh_from_db()
    assert (bob.status, bob.rhythm, bob.topics.count()) == (Status.ACTIVE, "daily", 3)


def test_preferences_are_changed_recorded_and_shown(browser, alice, paper):
    path = pages(alice, paper)["preferences"]
    saved = browser.press(path, CHANGED)
    assert (saved.status_code, saved.url) == (302, f"{path}?saved=1")
    assert "Saved." in browser.get(saved.url).content.decode()
    alice.refresh_from_db()
    assert (alice.rhythm, alice.weekday, alice.hour, alice.timezone) == (
        "weekly",
        4,
        21,
        "Asia/Tokyo",
    )
    assert [topic.slug for topic in alice.topics.all()] == ["vision"]
    assert alice.next_digest_at is not None
    assert Consent.objects.filter(action="changed").count() == 1


def test_wrong_preferences_change_nothing_and_say_why(browser, alice, paper):
    before = everything()
    answer = browser.press(pages(alice, paper)["preferences"], CHANGED | {"papers_wanted": "99"})
    assert answer.status_code == 200
    assert 'id="id_papers_wanted_error"' in answer.content.decode()
    assert everything() == before


def test_one_who_left_returns_and_a_suppressed_one_cannot(browser, alice, paper):
    path = pages(alice, paper)["preferences"]
    alice.leave(NOW)
    assert "Subscribe again" in browser.get(path).content.decode()
    browser.press(path, CHANGED)
    alice.refresh_from_db()
    assert alice.rhythm == "daily"
    browser.press(path, {"action": "return"})
    alice.refresh_from_db()
    assert alice.status == Status.ACTIVE
    Suppression.objects.add_address(alice.email, Suppression.Reason.COMPLAINT, NOW)
    browser.press(path, {"action": "return"})
    browser.press(path, CHANGED)
    alice.refresh_from_db()
    assert (alice.status, alice.rhythm) == (Status.SUPPRESSED, "daily")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (ONE_CLICK, FORM),
        (
            MULTIPART,
            "multipart/form-data; boundary=x",
        ),
    ],
)
@pytest.mark.parametrize("last", ["/", ""], ids=["slash", "no slash"])
def test_one_click_leaves_at_once_and_as_often_as_it_likes(
    browser, alice, paper, body, content_type, last, mailoutbox
):
    path = pages(alice, paper)["unsubscribe"].removesuffix("/") + last
    for _ in range(3):
        answer = browser.post(path, body, content_type=content_type)
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/plain")
        assert not answer.cookies
        assert "Location" not in answer
        assert answer["Cache-Control"] == "private, no-store"
    alice.refresh_from_db()
    assert (alice.status, alice.left_at, alice.next_digest_at) == (Status.LEFT, NOW, None)
    assert Consent.objects.get().wording == "one-click unsubscribe (RFC 8058)"
    assert mailoutbox == []  # who left by one click is not mailed again


def test_one_click_for_an_erased_reader_is_done_already(browser, alice, paper):
    path = pages(alice, paper)["unsubscribe"]
    Subscriber.objects.update(link_version=5)
    assert browser.post(path, ONE_CLICK, content_type=FORM).status_code == 410
    alice.delete()
    assert browser.post(path, ONE_CLICK, content_type=FORM).status_code == 200
    assert browser.post("/unsubscribe/x/", ONE_CLICK, content_type=FORM).status_code == 404


@pytest.mark.parametrize("body", ["", "List-Unsubscribe=one-click", "x" * 1000, "%00=%ff&&=;"])
def test_other_posts_without_a_token_do_not_leave(browser, alice, paper, body):
    path = pages(alice, paper)["unsubscribe"]
    assert browser.post(path, body, content_type=FORM).status_code == 403
    broken = browser.post(path, b"--x\r\nbroken", content_type="multipart/form-data; boundary=x")
    assert broken.status_code in (400, 403)
    alice.refresh_from_db()
    assert alice.status == Status.ACTIVE


def test_leaving_by_the_button_can_be_undone_for_a_day(browser, alice, paper, clock, mailoutbox):
    path = pages(alice, paper)["unsubscribe"]
    left = browser.press(path, {"action": "leave"})
    assert (left.status_code, left.url) == (302, path)
    assert "Goodbye" in browser.get(path).content.decode()
    alice.refresh_from_db()
    assert alice.status == Status.LEFT
    assert [mail.subject for mail in mailoutbox] == ["You’ve unsubscribed from Broadsheet"]
    browser.press(path, {"action": "leave"})
    assert len(mailoutbox) == 1

    back = browser.press(path, {"action": "undo"})
    assert "Welcome back" in browser.get(back.url).content.decode()
    alice.refresh_from_db()
    assert alice.status == Status.ACTIVE
    assert alice.next_digest_at is not None

    browser.press(path, {"action": "leave"})
    clock.shift(86_401)
    assert "Undo" not in browser.get(path).content.decode()
    browser.press(path, {"action": "undo"})
    alice.refresh_from_db()
    assert alice.status == Status.LEFT


def test_the_steps_before_leaving(browser, alice, paper):
    path = pages(alice, paper)["unsubscribe"]
    for data, done in (
        ({"action": "weekly"}, "weekly"),
        ({"action": "pause", "days": "28", "until": "2026-12-24"}, "pause"),
        ({"action": "pause", "days": "28"}, "pause"),
        ({"action": "mute", "topic": "agents"}, "mute"),
    ):
        answer = browser.press(path, data)
        assert answer.url == f"{path}?done={done}"
        assert "Done." in browser.get(answer.url).content.decode()
    alice.refresh_from_db()
    assert (alice.status, alice.rhythm) == (Status.ACTIVE, "weekly")
    assert str(alice.paused_until) == "2026-07-09"
    assert [topic.slug for topic in alice.topics.all()] == ["robots"]
    assert Consent.objects.filter(action="changed").count() == 4


def test_a_pause_lasts_until_a_day_and_can_be_ended(browser, alice, paper):
    path = pages(alice, paper)["unsubscribe"]
    browser.press(path, {"action": "pause", "days": "7", "until": "2026-12-24"})
    alice.refresh_from_db()
    assert str(alice.paused_until) == "2026-12-24"
    assert "Paused until" in browser.get(pages(alice, paper)["preferences"]).text
    browser.press(path, {"action": "resume"})
    alice.refresh_from_db()
    assert alice.paused_until is None
    assert alice.next_digest_at == NOW + dt.timedelta(days=1)
    assert "End pause" not in browser.get(path).text


def test_a_feed_instead_of_mail_is_a_step_before_leaving_and_leads_back(browser, alice, paper):
    path = pages(alice, paper)
    answer = browser.press(path["unsubscribe"], {"action": "feed"})
    assert links.feed_path(alice.pk, 1) in browser.get(answer.url).text
    alice.refresh_from_db()
    assert (alice.receives_by, alice.status) == ("feed", Status.ACTIVE)
    assert alice.next_digest_at is not None
    assert "Use a private feed instead" not in browser.get(path["unsubscribe"]).text

    browser.press(path["preferences"], CHANGED)  # which says nothing of it
    alice.refresh_from_db()
    assert alice.receives_by == "feed"
    browser.press(path["preferences"], CHANGED | {"receives_by": "mail"})
    alice.refresh_from_db()
    assert alice.receives_by == "mail"


def test_the_button_to_leave_comes_before_everything_else(browser, alice, paper):
    html = browser.get(pages(alice, paper)["unsubscribe"]).text
    assert html.index('value="leave"') == html.index('name="action"') + len('name="action" ')


def test_preferences_name_the_private_feed_of_whoever_gets_digests(browser, alice, paper):
    address = f"https://papers.example.org{links.feed_path(alice.pk, 1)}"
    path = pages(alice, paper)["preferences"]
    assert address in browser.get(path).text
    alice.leave(NOW)
    assert address not in browser.get(path).text


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"action": "destroy"},
        {"action": "mute", "topic": "vision"},
        {"action": "mute", "topic": "\x00"},
        {"action": "undo"},
        {"action": "pause", "days": "9999999"},
        {"action": "pause"},
        {"action": "pause", "days": "7", "until": "2020-01-01"},
        {"action": "pause", "days": "7", "until": "9999-99-99"},
    ],
)
def test_steps_that_are_none_change_nothing(browser, alice, paper, data):
    before = everything()
    assert browser.press(pages(alice, paper)["unsubscribe"], data).status_code in (302, 200)
    assert everything() == before


def test_feedback_is_a_button_the_last_word_counts_and_can_be_taken_back(browser, alice, paper):
    path = pages(alice, paper)
    for name, value in (("more", 1), ("more", 1), ("less", -1)):
        answer = browser.press(path[name], {"action": "say"})
        assert (answer.status_code, answer.url) == (302, path[name])
        assert Feedback.objects.get().value == value
        assert "Thanks, noted." in browser.get(path[name]).content.decode()
    assert "Thanks, noted." not in browser.get(path["more"]).content.decode()
    browser.press(path["less"], {"action": "undo"})
    assert not Feedback.objects.exists()


@pytest.mark.parametrize("tail", ["0/more", "999999/more", f"{10**30}/more", "{pk}/up", "{pk}/ "])
def test_feedback_on_nothing_is_not_found(browser, alice, paper, tail):
    token = links.token(Purpose.FEEDBACK, alice.pk, 1)
    path = f"/feedback/{token}/{tail.format(pk=paper.pk)}/"
    assert browser.get(path).status_code == 404
    assert browser.press("/link/", to=path).status_code == 404


def test_a_reader_takes_along_everything_and_is_erased(browser, alice, paper):
    browser.press(pages(alice, paper)["more"], {"action": "say"})
    answer = browser.get(pages(alice, paper)["data"])
    assert answer["Content-Disposition"] == 'attachment; filename="my-data.json"'
    data = answer.json()
    assert data["subscriber"]["email"] == "alice@example.org"
    assert [row["topic"] for row in data["subscriptions"]] == ["Agents", "Robots"]
    assert data["feedback"][0]["paper"] == paper.title

    Suppression.objects.add_address("alice@example.org", Suppression.Reason.COMPLAINT, NOW)
    gone = browser.press(pages(alice, paper)["erase"])
    assert (gone.status_code, gone.url) == (302, "/erased/")
    assert not Subscriber.objects.exists()
    assert not Feedback.objects.exists()
    assert not Consent.objects.exists()
    assert Suppression.objects.covers("alice@example.org")
    assert browser.get(pages(alice, paper)["preferences"]).status_code == 410


def test_a_signed_page_takes_few_queries(alice, paper, django_assert_max_num_queries):
    client = Client()
    for path in pages(alice, paper).values():
        with django_assert_max_num_queries(21):
            client.get(path, secure=True)


def test_a_reader_whose_mails_came_back_is_told_and_can_end_the_pause(client, alice, topics):
    until = NOW.date() + dt.timedelta(days=28)
    alice.pause_for_bounces(until, "5 digests bounced within 7 days", NOW)
    path = links.preferences_path(alice.pk, alice.link_version)
    page = client.get(path).content.decode()
    assert page.count('class="notice"') == 1
    assert "Several of our emails to you bounced" in page
    assert client.post(path, CHANGED).status_code == 302
    alice.refresh_from_db()
    assert (alice.paused_until, alice.pause_reason) == (None, "")
    assert alice.bounces_count_after == NOW
    assert "Several of our emails to you bounced" not in client.get(path).content.decode()
