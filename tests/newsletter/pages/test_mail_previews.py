"""Every email in every form, in the browser of a developer and of nobody else."""

import pytest
from django.urls import reverse

from newsletter.operations.previews import DIGESTS, EXAMPLE, NAMES
from tests import markup
from tests.factories import DAY
from tests.newsletter.every_mail import make_issue_of_all_kinds

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(settings):
    settings.DEBUG = True
    return make_issue_of_all_kinds()


def variants(name: str, query: str = "") -> str:
    return reverse("newsletter:variants", args=[name]) + query


def html(name: str, query: str = "") -> str:
    return reverse("newsletter:variant_html", args=[name]) + query


def test_page_exists_only_with_debug(client, alice, settings):
    settings.DEBUG = False
    for address in (reverse("newsletter:mails"), variants("digest"), html("digest")):
        assert client.get(address).status_code == 404


def test_every_mail_is_listed_with_its_subject(client, alice):
    text, problems = markup.read(client.get(reverse("newsletter:mails")).content.decode())
    assert problems == []
    for name in NAMES:
        assert name in text
    assert "Welcome to Broadsheet:" in text


@pytest.mark.parametrize("name", NAMES)
def test_mail_is_shown_in_all_forms(client, alice, name):
    # Alice follows topics only, so the daily email of what a reader follows is the example's.
    whose, address = f"?subscriber={alice.pk}&day={DAY}", "alice@example.org"
    if name == "interests":
        whose, address = f"?day={DAY}", EXAMPLE
    response = client.get(variants(name, whose))
    page = response.content.decode()
    text, problems = markup.read(page)
    assert problems == []
    for shown in (
        "320 px, light",
        "600 px, dark",
        "600 px, inverted by the email app",
        "320 px, light, without pictures",
        "List-Unsubscribe" if name in DIGESTS else "Auto-Submitted",
        address,
        "Sent by Broadsheet" if name in DIGESTS else "Broadsheet, https://papers.example.org",
    ):
        assert shown in text
    assert page.count("<iframe") == 8
    assert f"{whose.replace('&', '&amp;')}&amp;scheme=dark" in page


def test_frame_has_the_colours_and_pictures_that_were_asked_for(client, alice):
    plain = client.get(html("digest")).content.decode()
    assert "prefers-color-scheme" in plain
    dark = client.get(html("digest", "?scheme=dark")).content.decode()
    assert "@media all{" in dark
    light = client.get(html("digest", "?scheme=light")).content.decode()
    assert "@media not all{" in light
    assert "prefers-color-scheme" not in dark + light
    assert "invert(1)" in client.get(html("digest", "?scheme=inverted")).content.decode()
    policy = client.get(html("digest", "?images=off"))["Content-Security-Policy"]
    assert "img-src 'none'" in policy
    policy = client.get(html("digest"))["Content-Security-Policy"]
    assert "img-src 'self' https://papers.example.org" in policy
    assert "sandbox" in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize(
    "query", ["?subscriber=x", "?subscriber=999999", "?day=2026-13-01", "?day=1999-01-01"]
)
def test_what_there_is_not_is_not_found(client, alice, query):
    assert client.get(variants("digest", query)).status_code == 404
    assert client.get(variants("poem")).status_code == 404


def test_reader_of_text_has_no_html(client, alice):
    alice.text_only = True
    alice.save()
    assert client.get(html("digest", f"?subscriber={alice.pk}")).status_code == 404
    page = client.get(variants("digest", f"?subscriber={alice.pk}")).content.decode()
    assert "<iframe" not in page
    assert "Today in 30 seconds" in page
