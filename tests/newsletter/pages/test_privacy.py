"""The privacy page says what the site does: it is made from the settings."""

import html
import re

import pytest

from newsletter.celery import app
from newsletter.pages import privacy

pytestmark = pytest.mark.django_db


def said(client) -> str:
    """The page's words."""
    page = client.get("/privacy/", secure=True)
    assert page.status_code == 200
    text = html.unescape(re.sub(r"<[^>]+>", "", page.content.decode()))
    return " ".join(text.split())


def test_it_names_the_times_that_are_kept(client, settings):
    settings.KEEP_UNCONFIRMED_DAYS, settings.KEEP_LEFT_DAYS = 21, 321
    settings.KEEP_EVENTS_DAYS, settings.KEEP_DELIVERIES_DAYS = 43, 432
    words = said(client)
    assert "never confirmed is erased after 21 days" in words
    assert "everything is erased after 321 days" in words
    assert "complained about are deleted after 43 days" in words
    assert "not confirmed at both ends, is deleted after 3 days" in words
    assert "After 432 days we no longer know which papers" in words
    assert app.conf.beat_schedule["forget"]["task"] == "newsletter.tasks.forget"


@pytest.mark.parametrize(
    ("opens", "clicks", "words"),
    [
        (False, False, "Whether you open a mail is not recorded, nor which links you follow."),
        (True, False, "We count which mails are opened, and keep"),
        (False, True, "We count which links in our mails are followed"),
        (True, True, "We count which mails are opened and which of their links are followed"),
    ],
)
def test_it_says_whether_mail_is_tracked(client, settings, opens, clicks, words):
    settings.TRACK_OPENS, settings.TRACK_CLICKS = opens, clicks
    assert words in said(client)


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        ("anymail.backends.postmark.EmailBackend", "Our mail is handed to Postmark"),
        ("anymail.backends.mailgun.EmailBackend", "Our mail is handed to Mailgun"),
        ("django.core.mail.backends.smtp.EmailBackend", "Our mail is handed to mail.example.org"),
        ("newsletter.mail.local_mailbox.MailboxBackend", "Mail stays on this machine"),
    ],
)
def test_it_names_the_mail_provider(client, settings, backend, words):
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = backend, "mail.example.org"
    assert words in said(client)


def test_it_says_whom_to_ask_and_what_to_do(client, settings):
    settings.CONTACT_EMAIL = "people@example.org"
    settings.PRIVACY_NOTE = "Our proxy keeps <b>addresses</b> for a week."
    words = said(client)
    assert "people@example.org" in words
    assert settings.POSTAL_ADDRESS in words
    assert "Our proxy keeps <b>addresses</b> for a week." in words
    page = client.get("/privacy/", secure=True).content.decode()
    assert 'href="/link/"' in page
    assert 'href="mailto:people@example.org"' in page


def test_it_lists_the_cookies(client, settings):
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    assert [cookie.name for cookie in privacy.cookies()] == ["reader", "django_language"]
    settings.LANGUAGES = [("en", "English")]
    assert "django_language" not in said(client)
    assert not client.cookies  # and the page itself sets none


def test_every_page_and_the_form_lead_there(client):
    for path in ("/", "/subscribe/", "/topics/", "/submit/"):
        assert 'href="/privacy/"' in client.get(path, secure=True).content.decode()
    form = client.get("/subscribe/", secure=True).content.decode()
    assert "What we store, and for how long" in form


@pytest.mark.parametrize(
    ("thumbnails", "words"),
    [
        ("own", "A paper’s picture has one address, the same for every reader who gets the paper"),
        (
            "plates",
            "A paper’s picture has one address, the same for every reader who gets the paper",
        ),
        ("source", "asks the sites where the papers were listed for them"),
        ("none", "Pages and mails load nothing from other sites"),
    ],
)
def test_it_says_where_pictures_in_mails_come_from(client, settings, thumbnails, words):
    settings.EMAIL_THUMBNAILS = thumbnails
    found = said(client)
    assert words in found
    assert ("The pictures in our mails" in found) == (thumbnails in {"own", "plates"})
