"""The form on other sites: shown by the hosts that the settings name alone, with the same intake,
limits and answers as our own; and the source of a sign-up, from the form to the consent.
"""

import re

import pytest
from django.test import Client
from django.urls import reverse

from newsletter.env import embedding_hosts
from subscriptions import links
from subscriptions.models import Consent, Subscriber
from subscriptions.pages.embedding import form_snippet, frame_snippet
from subscriptions.readers import signup
from tests.admin_pages import staff, text
from tests.factories import NOW, make_subscriber, make_topic

pytestmark = pytest.mark.django_db

EMBED, DONE = "/subscribe/embed/", "/subscribe/embed/done/"
ELSEWHERE = "/subscribe/elsewhere/"
HOST = "https://blog.example.org"
TYPED = {"email": "alice@example.org", "from": "blog"}


@pytest.fixture
def hosts(settings):
    settings.EMBED_HOSTS = ["blog.example.org", "news.example.org:8443"]


def browser() -> Client:
    """One that is checked for forged forms, as visitors are."""
    return Client(enforce_csrf_checks=True)


def test_without_hosts_there_is_no_form_for_other_sites(settings):
    assert settings.EMBED_HOSTS == []
    for path in (EMBED, DONE, ELSEWHERE):
        assert browser().get(path).status_code == 404
        assert browser().post(path, TYPED).status_code in (403, 404)
    assert not Subscriber.objects.exists()
    for path in ("/", "/subscribe/"):
        assert browser().get(path)["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.usefixtures("hosts")
def test_the_named_hosts_alone_may_frame_the_form():
    for path in (EMBED, DONE):
        page = browser().get(path)
        policy = re.search(r"frame-ancestors ([^;]*)", page["Content-Security-Policy"])
        assert policy
        assert policy[1] == "'self' blog.example.org news.example.org:8443"
        assert "X-Frame-Options" not in page
        assert "style-src 'self'" in page["Content-Security-Policy"]
    others = browser().get("/subscribe/")
    assert others["X-Frame-Options"] == "SAMEORIGIN"
    assert "blog.example.org" not in others["Content-Security-Policy"]


@pytest.mark.usefixtures("hosts")
@pytest.mark.parametrize(
    ("values", "status", "readers"),
    [
        (TYPED, 302, 1),
        (TYPED | {"email": "no address"}, 200, 0),
        (TYPED | {"website": "https://spam.example"}, 302, 0),
    ],
)
def test_the_framed_form_is_taken_in_as_ours_is(values, status, readers):
    answer = browser().post(EMBED, values, headers={"sec-fetch-site": "same-origin"})
    assert answer.status_code == status
    assert "blog.example.org" in answer["Content-Security-Policy"]
    assert Subscriber.objects.count() == readers
    if status == 302:
        assert answer["Location"] == DONE
    forged = browser().post(EMBED, values, headers={"sec-fetch-site": "cross-site"})
    assert forged.status_code == 403


@pytest.mark.usefixtures("hosts")
def test_limits_hold_in_the_frame_and_elsewhere(settings):
    settings.LIMIT_PER_ADDRESS = 1
    same = {"sec-fetch-site": "same-origin"}
    assert browser().post(EMBED, TYPED, headers=same).status_code == 302
    framed = browser().post(EMBED, TYPED, headers=same)
    assert framed.status_code == 429
    assert "blog.example.org" in framed["Content-Security-Policy"]
    assert browser().post(ELSEWHERE, TYPED, headers={"origin": HOST}).status_code == 429


@pytest.mark.usefixtures("hosts")
@pytest.mark.parametrize(
    ("origin", "proof_of_work", "is_taken"),
    [
        (HOST, False, True),
        ("https://news.example.org:8443", False, True),
        (HOST, True, False),
        ("https://news.example.org", False, False),
        ("https://blog.example.org.evil.example", False, False),
        ("https://evil.example", False, False),
        ("ftp://blog.example.org", False, False),
        ("https://[", False, False),
        ("https://blog.example.org:x", False, False),
        ("null", False, False),
        ("", False, False),
    ],
)
def test_plain_html_subscribes_from_named_hosts_and_else_takes_a_press(
    settings, origin, proof_of_work, is_taken
):
    settings.PROOF_OF_WORK = proof_of_work
    headers = {"origin": origin} if origin else {}
    page = browser().post(ELSEWHERE, TYPED | {"topics": []}, headers=headers)
    assert Subscriber.objects.exists() == is_taken
    if is_taken:
        assert page["Location"] == reverse("subscriptions:check-inbox")
        assert Consent.objects.get().came_from == "blog"
        return
    assert page.status_code == 200
    assert 'value="alice@example.org"' in text(page)
    assert 'name="from" value="blog"' in text(page)
    assert "One more step" in text(page)
    assert ("data-challenge" in text(page)) == proof_of_work
    # The button of that page then does what our own form does.
    pressed = browser().post("/subscribe/", TYPED, headers={"sec-fetch-site": "same-origin"})
    assert pressed.status_code == 302
    assert Subscriber.objects.exists()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("blog", "blog"),
        ("  a  talk\r\nin\tBerlin ", "a talk in Berlin"),
        ("x" * 41, "x" * 40),
        ("\0<script>\u202e", "<script>"),
        ("", ""),
        ("Gruß aus Köln", "Gruß aus Köln"),
    ],
)
def test_the_source_of_a_sign_up_is_kept_with_the_consent(typed, kept):
    page = browser().get("/subscribe/", {"from": typed})
    shown = re.search(r'name="from" value="([^"]*)"', text(page))
    assert bool(shown) == bool(kept)
    browser().post(
        "/subscribe/", TYPED | {"from": typed}, headers={"sec-fetch-site": "same-origin"}
    )
    alice = Subscriber.objects.get()
    assert alice.consents.get().came_from == kept
    assert signup.confirm(alice, NOW, NOW, "Yes")
    assert dict(alice.consents.values_list("action", "came_from")) == {
        Consent.Action.ASKED: kept,
        Consent.Action.CONFIRMED: kept,
    }
    if kept == "blog":
        path = reverse("admin:subscriptions_subscriber_change", args=[alice.pk])
        assert "blog" in text(staff(is_superuser=True).get(path))


@pytest.mark.usefixtures("hosts")
def test_what_the_admin_says_to_put_on_other_sites_works(settings):
    page = text(
        staff("subscriptions.view_subscriber").get(reverse("admin:subscriptions_subscriber_forms"))
    )
    assert "blog.example.org" in page
    assert "/subscribe/embed/?from=my-site" in page
    assert "/subscribe/embed/?from=my-site" in frame_snippet()
    form = form_snippet()
    fields = dict(re.findall(r'name="([^"]+)"(?: value="([^"]*)")?', form))
    assert fields == {"from": "my-site", "email": "", "website": ""}
    assert f'action="{settings.SITE_URL}/subscribe/elsewhere/"' in form
    assert "<script" not in form + frame_snippet()


@pytest.mark.parametrize(
    ("value", "hosts"),
    [
        ("", []),
        ("Blog.Example.org, news.example.org:8443", ["blog.example.org", "news.example.org:8443"]),
        ("bücher.example,[::1]:80", ["[::1]:80", "xn--bcher-kva.example"]),
    ],
)
def test_hosts_are_read_from_the_settings(monkeypatch, value, hosts):
    monkeypatch.setenv("EMBED_HOSTS", value)
    assert embedding_hosts("EMBED_HOSTS") == hosts


@pytest.mark.parametrize(
    ("reason", "kept"), [("too_often", "too_often"), ("nonsense", ""), ("\0", ""), ("", "")]
)
def test_who_left_may_say_why_once(reason, kept):
    make_topic("Robots")
    alice = make_subscriber()
    path = links.unsubscribe_path(alice.pk, alice.link_version)
    same = {"sec-fetch-site": "same-origin"}
    browser().post(path, {"action": "leave"}, headers=same)
    assert "Would you tell us why?" in text(browser().get(path))
    said = browser().post(path, {"action": "why", "reason": reason}, headers=same)
    left = Consent.objects.get(action=Consent.Action.LEFT)
    assert left.reason == kept
    assert ("Thank you" in text(browser().get(said["Location"]))) == bool(kept)
    assert ("Would you tell us why?" in text(browser().get(path))) != bool(kept)
    browser().post(path, {"action": "why", "reason": "other"}, headers=same)
    left.refresh_from_db()
    assert left.reason == (kept or "other")


def test_who_has_not_left_is_not_asked_why():
    alice = make_subscriber()
    path = links.unsubscribe_path(alice.pk, alice.link_version)
    same = {"sec-fetch-site": "same-origin"}
    browser().post(path, {"action": "why", "reason": "other"}, headers=same)
    assert not Consent.objects.exists()
