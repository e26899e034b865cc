"""The emails that are not digests, as a stranger's email app sees them."""

import re
from email import message_from_bytes, policy
from html.parser import HTMLParser

import pytest

from newsletter.delivery.notices import mail_of
from papers.models import Topic
from subscriptions import links
from subscriptions.links import Purpose
from subscriptions.models import AddressChange, Subscriber
from subscriptions.notices import letters
from subscriptions.notices.letters import Kind
from subscriptions.notices.mjml import RenderingFailed
from tests.factories import NOW, make_subscriber, make_topic

pytestmark = pytest.mark.django_db

Status = Subscriber.Status
KINDS = letters.KINDS
SUITING = {
    Kind.CONFIRM: Status.PENDING,
    Kind.PERMISSION: Status.PENDING,
    Kind.NOTHING: Status.ACTIVE,
    Kind.ALREADY: Status.ACTIVE,
    Kind.PREFERENCES: Status.ACTIVE,
    Kind.GOODBYE: Status.LEFT,
    Kind.MOVE_FROM: Status.ACTIVE,
    Kind.MOVE_TO: Status.ACTIVE,
    Kind.MOVED: Status.ACTIVE,
}


class Page(HTMLParser):
    """The addresses and the tags of an HTML part."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


ASKING = (Kind.CONFIRM, Kind.PERMISSION)
"""Emails whose link confirms a subscription."""


def moving(subscriber: Subscriber) -> AddressChange:
    return subscriber.address_changes.create(new_email="new@example.org", asked_at=NOW)


def parsed(kind: Kind, **subscriber):
    alice = make_subscriber(**({"status": SUITING[kind]} | subscriber))
    change = moving(alice) if kind is Kind.MOVE_FROM else None
    mail = mail_of(letters.make_letter(kind, alice, NOW, change), 1)
    return alice, message_from_bytes(mail.as_bytes(), policy=policy.default)


@pytest.mark.parametrize("kind", KINDS)
def test_headers_and_parts(kind):
    alice, mail = parsed(kind)
    assert mail["To"] == alice.email
    assert mail["From"] == "Broadsheet <digest@papers.example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@papers.example.org>")
    assert "Broadsheet" in mail["Subject"]
    assert mail["List-Id"] is None
    assert mail["Feedback-ID"].endswith(":papersexampleor")
    if alice.status == Status.ACTIVE:
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert links.unsubscribe_path(alice.pk, 1) in mail["List-Unsubscribe"]
        token = links.token(links.Purpose.UNSUBSCRIBE, alice.pk, 1)
        assert (
            f"<mailto:leave@papers.example.org?subject=unsubscribe-{token}>"
            in mail["List-Unsubscribe"]
        )
    else:
        assert mail["List-Unsubscribe"] is None
    assert mail["Date"] is not None
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("kind", KINDS)
def test_text_and_html_say_who_sends_and_where_to_go(kind):
    alice, mail = parsed(kind)
    text = mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    if kind in ASKING:
        path = links.confirm_path(alice.pk, 1, NOW)
    elif kind is Kind.MOVE_FROM:
        path = links.move_path(Purpose.MOVE_FROM, alice.pk, 1, alice.address_changes.get().pk)
    elif kind is Kind.MOVE_TO:
        path = links.move_path(Purpose.MOVE_TO, alice.pk, 1, 0)
    else:
        path = links.preferences_path(alice.pk, 1)
    for part in (text, html):
        assert f"https://papers.example.org{path}" in part
        assert "Broadsheet, 1 Example Street, 12345 Example" in part
        assert not re.search(r"\{\{|\}\}|\{%|%\}|\{#|None|%\(", part)
    page = Page(html)
    assert all(link.startswith("https://papers.example.org/") for link in page.links)
    assert "img" not in page.tags
    assert "script" not in page.tags
    assert '<html lang="en" dir="ltr"' in html
    assert "&lt;" not in text
    assert "&#x27;" not in text
    assert max(len(line) for line in text.splitlines() if "https://" not in line) < 400
    assert len(html) < 8000


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_was_typed_is_in_the_mail_but_the_address_it_goes_to(kind, topics):
    _, mail = parsed(kind, email="buy-now@spam.example", topics=topics, timezone="Asia/Tokyo")
    for part in mail.iter_parts():
        for typed in ("buy-now", "new@example.org", "spam.example"):
            assert typed not in part.get_content()
        # Nobody typed these: they come from our own lists. Only those who are asked are told.
        for chosen in ("Agents", "Tokyo"):
            assert (chosen in part.get_content()) == (kind in ASKING)


@pytest.mark.parametrize(
    ("chosen", "papers", "when"),
    [
        ({"top_papers": True}, "Top papers", "every day at 08:00 (UTC)"),
        (
            {"top_papers": True, "followed": 1, "rhythm": "weekdays"},
            "Top papers · Agents",
            "Monday to Friday at 08:00 (UTC)",
        ),
        (
            {"followed": 2, "rhythm": "weekly", "weekday": 3, "timezone": "Asia/Tokyo"},
            "Agents · Robots",
            "every Thursday at 08:00 (Asia/Tokyo)",
        ),
        (
            {"followed": 2, "rhythm": "weekly", "language": "de"},
            "Agents · Robots",
            "jeden Montag um 08:00 Uhr (UTC)",
        ),
    ],
)
def test_confirmation_says_what_was_chosen(topics, chosen, papers, when):
    followed = topics[: chosen.pop("followed", 0)]
    _, mail = parsed(Kind.CONFIRM, topics=followed, hour=8, **chosen)
    for kind in ("plain", "html"):
        content = " ".join(mail.get_body((kind,)).get_content().split())
        assert papers in content
        assert when in content


def test_many_chosen_topics_are_named_in_part_and_counted(db):
    Topic.objects.all().delete()
    many = [make_topic(f"Topic {number:02}", position=number) for number in range(12)]
    _, mail = parsed(Kind.CONFIRM, topics=many, top_papers=True)
    text = " ".join(mail.get_body(("plain",)).get_content().split())
    assert "Papers: Top papers · Topic 00 · Topic 01" in text
    assert "Topic 06 and 5 more When:" in text


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_settings_do_no_harm(kind, settings):
    settings.SITE_NAME = "Q&A <b>\r\nBcc: eve@example.org"
    _, mail = parsed(kind)
    assert mail["Bcc"] is None
    assert "Q&A <b> Bcc: eve@example.org" in mail["Subject"]
    assert "Q&A <b>" in mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    assert "Q&amp;A &lt;b&gt;" in html
    assert "<b>" not in html


def test_one_who_wants_text_gets_text():
    _, mail = parsed(Kind.ALREADY, text_only=True)
    assert mail.get_content_type() == "text/plain"


def test_no_reader_gets_a_note_to_the_operator():
    with pytest.raises(ValueError, match="no reader"):
        letters.make_letter(Kind.OPERATOR, make_subscriber(), NOW)


def test_a_stranger_at_a_new_address_cannot_end_the_subscription():
    alice = make_subscriber()
    change = moving(alice)
    assert letters.make_letter(Kind.MOVE_FROM, alice, NOW, change).headers["List-Unsubscribe"]
    stranger = letters.make_letter(Kind.MOVE_TO, alice, NOW, change)
    assert stranger.recipient != alice.email
    assert "List-Unsubscribe" not in stranger.headers


def test_mail_whose_html_cannot_be_made_goes_out_as_text_and_the_log_says_why(monkeypatch, caplog):
    def fail(source: str) -> str:
        raise RenderingFailed("the MJML does not compile: no reason")

    monkeypatch.setattr(letters, "compile_mjml", fail)
    _, mail = parsed(Kind.PREFERENCES)
    assert mail.get_content_type() == "text/plain"
    assert "https://papers.example.org/preferences/" in mail.get_content()
    (record,) = caplog.records
    assert vars(record)["reason"] == "the MJML does not compile: no reason"


def test_control_characters_in_settings_do_not_stop_a_mail(settings):
    settings.SITE_NAME = "Broad\x00sheet\x1b"
    _, mail = parsed(Kind.ALREADY)
    assert "asked Broadsheet to send" in mail.get_body(("html",)).get_content()
    assert "\x00" not in mail["Subject"] + mail.get_body(("plain",)).get_content()
