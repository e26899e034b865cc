"""Which language a visitor is answered in, and a reader is written to in."""

import pytest
import time_machine
from django.conf import settings
from django.utils import translation

from newsletter.delivery import worker
from newsletter.operations.previews import preview
from papers.pages import page_cache
from subscriptions import links
from subscriptions.models import Subscriber
from tests.factories import NOW, make_paper, make_subscriber, make_topic
from tests.subscriptions.conftest import Browser

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_language_stays_behind():
    page_cache.clear()
    with time_machine.travel(NOW, tick=False), translation.override(settings.LANGUAGE_CODE):
        yield


@pytest.fixture
def browser():
    return Browser()


def switch(browser, page, language):
    """Press the button at the foot of `page`."""
    opened = browser.get(page)
    found = opened.content.decode().partition('class="languages"')[2]
    assert f'value="{language}"' in found
    return browser.post(
        "/language/",
        {"language": language},
        headers={"origin": "https://testserver", "referer": f"https://testserver{page}"},
    )


def test_the_switch_leads_back_to_the_page_in_the_other_language(browser):
    make_paper()
    for page in ("/", "/topics/", "/search/?q=lorem"):
        answer = switch(browser, page, "de")
        assert answer.status_code == 302
        assert answer["Location"] == f"https://testserver{page}"
        assert '<html lang="de"' in browser.get(page).content.decode()
        switch(browser, page, "en")
        assert '<html lang="en"' in browser.get(page).content.decode()


def test_the_switch_needs_a_press_of_its_button(browser):
    browser.get("/language/?language=de")
    assert settings.LANGUAGE_COOKIE_NAME not in browser.cookies
    assert browser.post("/language/", {"language": "de"}).status_code == 403
    assert settings.LANGUAGE_COOKIE_NAME not in browser.cookies


def test_the_switch_leads_to_no_other_site_and_no_unknown_language(browser):
    answer = browser.post(
        "/language/",
        {"language": "xx", "next": "https://evil.example/"},
        headers={"origin": "https://testserver", "referer": "https://testserver/topics/"},
    )
    assert answer["Location"] == "https://testserver/topics/"
    assert settings.LANGUAGE_COOKIE_NAME not in browser.cookies


def test_a_page_that_is_kept_is_kept_in_each_language(client, settings):
    settings.PAGE_CACHE_SECONDS = 60
    make_paper()
    for language in ("de", "en", "de", "en"):
        page = client.get("/", headers={"accept-language": language})
        assert f'<html lang="{language}"' in page.content.decode()
        assert {"Cookie", "Accept-Language"} <= set(page["Vary"].split(", "))


def test_who_subscribes_on_a_german_page_gets_german_mail(client, mailoutbox):
    topic = make_topic()
    data = {"email": "alice@example.org", "topics": [topic.slug]}
    client.post("/subscribe/", data, headers={"accept-language": "de-AT,en;q=0.5"})
    worker.drain()
    assert mailoutbox[0].subject.startswith("Bitte bestätigen")
    alice = Subscriber.objects.get()
    assert alice.language == "de"
    assert preview("confirm", NOW, subscriber_id=alice.pk).subject.startswith("Bitte bestätigen")


def test_a_readers_pages_are_in_the_language_of_their_mails_unless_they_chose_another(browser):
    alice = make_subscriber(language="de", topics=[make_topic()])
    page = links.preferences_path(alice.pk, alice.link_version)
    assert '<html lang="de"' in browser.get(page).content.decode()
    switch(browser, page, "en")
    answer = browser.get(page)
    assert '<html lang="en"' in answer.content.decode()
    assert answer["Content-Language"] == "en"


def test_a_reader_can_change_the_language_of_the_mails(browser):
    alice = make_subscriber(topics=[make_topic()])
    page = links.preferences_path(alice.pk, alice.link_version)
    form = browser.get(page).context["form"]
    data = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    assert data["language"] == "en"
    assert browser.press(page, data | {"language": "de"}).status_code == 302
    alice.refresh_from_db()
    assert alice.language == "de"
    assert alice.consents.filter(wording="language").exists()
    assert '<html lang="de"' in browser.get(page).content.decode()
    del data["language"]  # a form of an earlier version, still open in a browser
    browser.press(page, data)
    alice.refresh_from_db()
    assert alice.language == "de"
