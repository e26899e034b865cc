"""The privacy page says what the site does: it is made from the settings."""

import html
import re

import pytest
from django.utils import timezone

from newsletter.api.tokens import make_token
from newsletter.celery import app
from newsletter.models import Webhook
from newsletter.pages import privacy
from tests.factories import NOW

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
    assert "never confirmed is deleted after 21 days" in words
    assert "delete everything after 321 days" in words
    assert "reported as spam are deleted after 43 days" in words
    assert "confirmed by both addresses is deleted after 3 days" in words
    assert "which papers were in your digests for 432 days" in words
    assert app.conf.beat_schedule["forget"]["task"] == "newsletter.tasks.forget"


@pytest.mark.parametrize(
    ("opens", "clicks", "words"),
    [
        (False, False, "We don’t record whether you open an email or which links you click."),
        (True, False, "We record which emails are opened, and store"),
        (False, True, "We record which links in our emails are clicked"),
        (True, True, "We record which emails are opened and which of their links are clicked"),
    ],
)
def test_it_says_whether_mail_is_tracked(client, settings, opens, clicks, words):
    settings.TRACK_OPENS, settings.TRACK_CLICKS = opens, clicks
    assert words in said(client)


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        ("anymail.backends.postmark.EmailBackend", "We send email through Postmark"),
        ("anymail.backends.mailgun.EmailBackend", "We send email through Mailgun"),
        ("django.core.mail.backends.smtp.EmailBackend", "We send email through mail.example.org"),
        ("newsletter.mail.local_mailbox.MailboxBackend", "Emails currently stay on this machine"),
    ],
)
def test_it_names_the_mail_provider(client, settings, backend, words):
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = backend, "mail.example.org"
    assert words in said(client)


@pytest.mark.parametrize("by", ["a webhook", "a token", "neither"])
def test_it_says_whether_other_programs_get_addresses(client, settings, by):
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    Webhook.objects.create(
        name="Shop", url="x", kinds=[], created_at=NOW, with_addresses=by == "a webhook"
    )
    scope = "addresses:read" if by == "a token" else "subscribers:read"
    make_token("Shop", [scope], "alice", timezone.now())
    assert ("Programs that we connected" in said(client)) == (by != "neither")
    assert ("Nobody else gets anything" in said(client)) == (by == "neither")


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
        ("own", "A paper’s picture has the same address for every reader"),
        (
            "plates",
            "A paper’s picture has the same address for every reader",
        ),
        ("source", "loads them from the sites that listed the papers"),
        ("none", "Pages and emails load nothing from other sites"),
    ],
)
def test_it_says_where_pictures_in_mails_come_from(client, settings, thumbnails, words):
    settings.EMAIL_THUMBNAILS = thumbnails
    found = said(client)
    assert words in found
    assert ("The pictures in our emails" in found) == (thumbnails in {"own", "plates"})
