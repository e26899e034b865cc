"""The local mailbox in the browser: everything of an email, and nothing that it could do."""

from email.message import EmailMessage

import pytest
from django.test import Client

from newsletter.mail.local_mailbox import store
from tests import markup

pytestmark = pytest.mark.django_db


def get(path):
    return Client().get(path, secure=True)


def text_of(response):
    text, problems = markup.read(response.content.decode())
    assert problems == []
    return text


@pytest.fixture
def mail(settings, tmp_path):
    settings.DEBUG = True
    settings.MAILBOX_DIR = tmp_path
    message = EmailMessage()
    message["Subject"] = "Papers <b>for you</b>"
    message["From"] = "digest@papers.example.org"
    message["To"] = "alice@example.org"
    message.set_content("Read https://papers.example.org/ <script>")
    message.add_alternative(
        '<html><head><title>x</title></head><body style="color:red">'
        '<a href="https://papers.example.org/">read</a></body></html>',
        subtype="html",
    )
    return store(message.as_bytes())


def test_mailbox_shows_mails_and_their_parts(mail):
    assert "Papers <b>for you</b> to alice@example.org" in text_of(get("/dev/mailbox/"))
    response = get(f"/dev/mailbox/{mail}/")
    text = text_of(response)
    assert "Read https://papers.example.org/ <script>" in text
    assert "multipart/alternative" in text
    assert f'src="/dev/mailbox/{mail}/html"'.encode() in response.content


def test_a_mails_html_is_sandboxed_and_its_links_lead_the_window(mail):
    response = get(f"/dev/mailbox/{mail}/html")
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-top-navigation-by-user-activation" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert b'<head><base target="_top">' in response.content


def test_the_mailbox_is_only_there_with_debug(mail, settings):
    settings.DEBUG = False
    for path in ("/dev/mailbox/", f"/dev/mailbox/{mail}/", f"/dev/mailbox/{mail}/html"):
        assert get(path).status_code == 404


@pytest.mark.parametrize("name", ["nothing.eml", "..", "%2e%2e%2fsecret_key", "x" * 300])
def test_only_mails_are_shown(name, mail):
    assert get(f"/dev/mailbox/{name}/").status_code == 404
    assert get(f"/dev/mailbox/{name}/html").status_code == 404
