"""Subscribing on the web: one answer for every address, nothing changed by looking."""

import datetime as dt
import re

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kombu.exceptions import OperationalError

from newsletter.delivery import worker
from subscriptions import links
from subscriptions.models import Consent, Subscriber, Suppression
from subscriptions.pages.forms import SubscribeForm
from subscriptions.readers import limits
from tests.factories import NOW, make_subscriber

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

Status = Subscriber.Status
SUBSCRIBE = "/subscribe/"
VALID = {"email": "alice@example.org", "topics": ["agents", "vision"], "hour": "6"}


def link_in(mail) -> str:
    found = re.search(r"https://papers\.example\.org(/\S+)", mail.body)
    assert found
    return found[1]


def test_the_form_is_there_and_can_be_filled_in_by_a_link(browser, topics):
    page = browser.get("/subscribe/?topic=vision&topic=nonsense")
    html = page.content.decode()
    assert page.status_code == 200
    assert re.search(r'value="vision"[^>]* checked', html)
    assert not re.search(r'value="agents"[^>]* checked', html)
    assert "subscriptions/timezone.js" in html
    assert " style=" not in html
    assert "<script>" not in html


def test_a_newcomer_subscribes_confirms_and_is_welcome(browser, topics, mailoutbox):
    sent = browser.press(SUBSCRIBE, VALID | {"browser_timezone": "Asia/Tokyo"})
    assert (sent.status_code, sent.url) == (302, "/check-inbox/")
    assert browser.get(sent.url).status_code == 200
    alice = Subscriber.objects.get()
    assert (alice.status, alice.timezone, alice.hour) == (Status.PENDING, "Asia/Tokyo", 6)

    page = link_in(mailoutbox[0])
    assert browser.get(page).status_code == 200
    alice.refresh_from_db()
    assert alice.status == Status.PENDING

    confirmed = browser.press(page)
    assert confirmed.status_code == 302
    welcome = browser.get(confirmed.url)
    assert "alice@example.org" in welcome.content.decode()
    assert "06:00" in welcome.content.decode()
    preferences = links.preferences_path(alice.pk, 1)
    assert preferences in welcome.content.decode()
    alice.refresh_from_db()
    assert alice.status == Status.ACTIVE
    consent = Consent.objects.get(action="confirmed")
    button, _, chosen = consent.wording.partition(": ")
    text = browser.get(page).content.decode()
    for said in (button, *chosen.split(", ")):
        assert said in text
    assert chosen == "Agents · Vision, every day at 06:00 (Asia/Tokyo)"

    assert browser.press(page).status_code == 302  # again does no harm
    assert Consent.objects.filter(action="confirmed").count() == 1


def test_an_address_is_enough_and_the_consent_names_the_top_papers(browser, topics, mailoutbox):
    page = browser.get(SUBSCRIBE).content.decode()
    assert re.search(r'name="top_papers"[^>]* checked', page)
    assert 'href="/sample/"' in page
    browser.press(SUBSCRIBE, {"email": "alice@example.org"})
    alice = Subscriber.objects.get()
    assert alice.top_papers
    assert not alice.topics.exists()
    assert "Papers: Top papers\r\n" in mailoutbox[0].body.replace("\n", "\r\n")
    wanted = "Top papers, every day at 07:00 (UTC)"
    assert Consent.objects.get(action="asked").wording == f"Subscribe: {wanted}"
    browser.press(link_in(mailoutbox[0]))
    consent = Consent.objects.get(action="confirmed")
    assert consent.wording == f"Yes, send me papers: {wanted}"


def test_the_welcome_page_offers_the_topics_with_the_preview(browser, topics, mailoutbox):
    browser.press(SUBSCRIBE, {"email": "alice@example.org"})
    welcome = browser.press(link_in(mailoutbox[0])).url
    page = browser.get(welcome).content.decode()
    assert re.search(r'name="top_papers"[^>]* checked', page)
    assert 'data-hx-get="/preview/"' in page
    assert not re.search(r'value="agents"[^>]* checked', page)

    nothing = browser.press(welcome, {"rhythm": "daily"})
    assert "Please choose at least one topic" in nothing.content.decode()
    saved = browser.press(welcome, {"topics": ["agents"], "top_papers": "on"})
    assert "Saved." in browser.get(saved.url).content.decode()
    alice = Subscriber.objects.get()
    assert (alice.top_papers, [one.slug for one in alice.topics.all()]) == (True, ["agents"])
    assert Consent.objects.filter(action="changed", wording="topics").count() == 1
    browser.press(welcome, {"topics": ["vision"]})
    alice.refresh_from_db()
    assert (alice.top_papers, [one.slug for one in alice.topics.all()]) == (False, ["vision"])
    assert Consent.objects.filter(action="changed", wording="top_papers, topics").count() == 1

    alice.leave(NOW)
    browser.press(welcome, {"topics": ["robots"]})
    assert [one.slug for one in alice.topics.all()] == ["vision"]


def test_every_address_gets_the_same_answer(browser, topics, mailoutbox):
    for status in Status:
        make_subscriber(f"{status}@example.org", status=status)
    Suppression.objects.add_address("hidden@example.org", Suppression.Reason.REQUEST, NOW)
    names = [*Status, "hidden", "unknown"]
    for path, data in ((SUBSCRIBE, VALID), ("/link/", {})):
        answers = set()
        for name in names:
            answer = browser.press(path, data | {"email": f"{name}@example.org"})
            own = {"Set-Cookie", "X-Request-ID"}
            kept = {k: v for k, v in answer.headers.items() if k not in own}
            answers.add((answer.status_code, answer.content, tuple(kept.items())))
        assert len(answers) == 1
    told = {mail.to[0].partition("@")[0] for mail in mailoutbox}
    assert told == {"pending", "active", "left", "unknown"}


CASES = ("unknown", "pending", "active", "left", "suppressed", "forgotten")


def make_case(case: str) -> str:
    """An address that is known in this way; "forgotten" is suppressed, its reader erased."""
    email = f"{case}@example.org"
    if case in Status.values:
        make_subscriber(email, status=case)
    if case in ("suppressed", "forgotten"):
        Suppression.objects.add_address(email, Suppression.Reason.REQUEST, NOW)
    return email


def noting(said, name, done):
    """`done`, and a note that it was called."""

    def noted(*args, **kwargs):
        said.append(name)
        return done(*args, **kwargs)

    return noted


@pytest.mark.parametrize(("path", "data"), [(SUBSCRIBE, VALID), ("/link/", {})])
def test_the_page_does_the_same_work_for_every_address(browser, topics, monkeypatch, path, data):
    def traced(case: str) -> list[str]:
        said: list[str] = []
        with monkeypatch.context() as watched:
            for name in ("add", "incr", "get", "set"):
                done = getattr(cache, name)
                watched.setattr(cache, name, noting(said, name, done))
            watched.setattr(
                "newsletter.tasks.drain.apply_async", lambda *_, **__: said.append("wake")
            )
            with CaptureQueriesContext(connection) as queries:
                answer = browser.post(
                    path,
                    data | {"email": email_of[case]},
                    headers={"origin": "https://testserver"},
                )
        statements = [query["sql"].replace(f"{case}@", "…@") for query in queries.captured_queries]
        del answer.headers["X-Request-ID"]
        body = (str(answer.status_code), str(answer.headers), answer.content.decode())
        return [*said, *statements, *body]

    email_of = {case: make_case(case) for case in CASES}
    browser.get(path)
    traces = {case: traced(case) for case in CASES}
    assert traces["unknown"].count("wake") == 1
    assert any("INSERT" in each for each in traces["unknown"])
    for case in CASES:
        assert traces[case] == traces["unknown"]


@pytest.mark.parametrize(("path", "data"), [(SUBSCRIBE, VALID), ("/link/", {})])
def test_a_broker_out_of_order_changes_nothing(
    browser, topics, monkeypatch, mailoutbox, path, data
):
    def refuse(*args, **kwargs):
        raise OperationalError("nobody there")

    make_subscriber("left@example.org", status=Status.LEFT)
    monkeypatch.setattr("newsletter.tasks.drain.apply_async", refuse)
    answer = browser.press(path, data | {"email": "left@example.org"})
    assert (answer.status_code, answer.url) == (302, "/check-inbox/")
    assert mailoutbox == []
    worker.drain()  # which a worker does unasked
    assert [mail.to for mail in mailoutbox] == [["left@example.org"]]


def test_a_robot_hears_what_it_wants_and_nothing_happens(browser, topics, mailoutbox):
    answer = browser.press(SUBSCRIBE, VALID | {"website": "https://spam.example"})
    assert (answer.status_code, answer.url) == (302, "/check-inbox/")
    assert not Subscriber.objects.exists()
    assert mailoutbox == []


def test_what_is_wrong_is_said_and_what_was_typed_is_kept(browser, topics):
    answer = browser.press(SUBSCRIBE, {"email": "alice@", "topics": ["robots"]})
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "This doesn’t look like an email address" in html
    assert 'value="alice@"' in html
    assert re.search(r'value="robots"[^>]* checked', html)


def test_a_form_without_its_token_is_refused(browser, topics):
    for path in (SUBSCRIBE, "/link/"):
        assert browser.post(path, VALID).status_code == 403
    assert not Subscriber.objects.exists()


def test_too_many_is_said_kindly(browser, topics, settings):
    settings.LIMIT_PER_ADDRESS = 1
    assert browser.press(SUBSCRIBE, VALID).status_code == 302
    refused = browser.press(SUBSCRIBE, VALID)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) == 3600
    assert "in 61 minutes" in refused.content.decode()
    assert browser.press("/link/", {"email": VALID["email"]}).status_code == 302


def test_the_network_is_the_proxys_word_only_where_it_is_trusted(browser, settings, monkeypatch):
    seen: list[str] = []

    def count(action, email, network, now):
        seen.append(network)
        return 0

    monkeypatch.setattr(limits, "seconds_to_wait", count)
    for trusted in (0, 1, 2):
        settings.TRUSTED_PROXIES = trusted
        browser.post(
            "/link/",
            {"email": "a@example.org"},
            headers={
                "origin": "https://testserver",
                "x-forwarded-for": "198.51.100.7, 203.0.113.9",
                "x-forwarded-proto": "https",
            },
            REMOTE_ADDR="192.0.2.1",
        )
    assert seen == ["192.0.2.0/24", "203.0.113.0/24", "198.51.100.0/24"]


def test_a_lost_link_is_mailed(browser, mailoutbox):
    alice = make_subscriber()
    browser.press("/link/", {"email": "ALICE@example.org"})
    assert link_in(mailoutbox[0]) == links.preferences_path(alice.pk, 1)


def test_a_confirmation_runs_out_is_void_after_leaving_and_after_erasure(browser, clock, topics):
    alice = make_subscriber(status=Status.PENDING)
    path = links.confirm_path(alice.pk, 1, NOW)
    clock.shift(8 * 86_400)
    assert browser.get(path).status_code == 404
    clock.move_to(NOW)
    alice.confirm(NOW)
    clock.shift(60)
    alice.leave(NOW + dt.timedelta(minutes=1))
    assert browser.get(path).status_code == 410
    assert browser.press("/link/", to=path).status_code == 410
    alice.refresh_from_db()
    assert alice.status == Status.LEFT
    alice.delete()
    assert browser.get(path).status_code == 410


def test_pages_without_forms_only_take_get(browser):
    for name in ("check-inbox", "erased"):
        path = reverse(f"subscriptions:{name}")
        assert browser.get(path).status_code == 200
        assert browser.head(path).status_code == 200
        assert browser.press("/link/", to=path).status_code == 405


@given(
    data=st.dictionaries(
        st.sampled_from([*SubscribeForm.base_fields, "anything"]),
        st.one_of(
            st.text(max_size=60),
            st.lists(st.text(max_size=20), max_size=3),
            st.sampled_from(["a@example.org", "agents", "on", "weekly", "\x00", "9" * 400]),
        ),
    ),
    path=st.sampled_from([SUBSCRIBE, "/link/"]),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_nothing_that_is_typed_breaks_a_form(browser, topics, data, path):
    assert browser.press(path, data).status_code in (302, 200, 429)


@given(st.text(max_size=80))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_nothing_in_the_query_breaks_the_form(browser, topics, text):
    assert browser.get(SUBSCRIBE, {"topic": text}).status_code == 200
