"""Taking part on the web: recognized by a link or a cookie, and by nothing else."""

import datetime as dt
import os

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from kombu.exceptions import OperationalError

from papers.models import Pick, Source
from subscriptions import links, tasks
from subscriptions.models import Submission, Subscriber, Upvote
from subscriptions.pages import recognition
from subscriptions.pages.community_forms import SubmitForm
from subscriptions.readers import upvotes
from tests.factories import DAY, NOW, make_paper, make_subscriber

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

SUBMIT = "/submit/"


@pytest.fixture
def alice():
    return make_subscriber()


@pytest.fixture
def paper():
    return make_paper("A paper")


@pytest.fixture
def asked(monkeypatch):
    """How often a worker was woken to look submissions up."""
    calls: list[str] = []
    monkeypatch.setattr(
        tasks.check_submissions, "apply_async", lambda *_, **__: calls.append("asked")
    )
    return calls


def remember(browser, reader: Subscriber):
    return browser.press(links.remember_path(reader.pk, reader.link_version))


def upvote_page(paper) -> str:
    return reverse("subscriptions:upvote", args=[paper.pk])


# --- Being remembered --------------------------------------------------------------------------


def test_a_device_is_remembered_by_a_button_and_not_by_looking(browser, alice):
    page = links.remember_path(alice.pk, 1)
    assert browser.get(page).status_code == 200
    assert recognition.COOKIE not in browser.cookies

    answer = remember(browser, alice)
    assert (answer.status_code, answer.url) == (302, SUBMIT)
    cookie = browser.cookies[recognition.COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", True)
    assert cookie["max-age"] == 30 * 24 * 3600
    assert "alice@example.org" in browser.get(SUBMIT).content.decode()


def test_a_device_is_forgotten_on_request(browser, alice):
    remember(browser, alice)
    answer = browser.press(SUBMIT, to="/forget/")
    assert answer.status_code == 302
    assert browser.cookies[recognition.COOKIE].value == ""
    assert "alice@example.org" not in browser.get(SUBMIT).content.decode()
    assert browser.get("/forget/").status_code == 405


def test_the_memory_ends(browser, alice, clock, paper):
    def is_known() -> bool:
        return "Upvote this paper" in browser.get(upvote_page(paper)).content.decode()

    remember(browser, alice)
    value = browser.cookies[recognition.COOKIE].value
    assert is_known()
    clock.move_to(NOW + recognition.REMEMBERED_FOR + dt.timedelta(seconds=1))
    assert not is_known()
    clock.move_to(NOW - dt.timedelta(minutes=10))
    assert not is_known()  # made in the future
    clock.move_to(NOW)
    assert is_known()
    Subscriber.objects.update(link_version=2)
    assert not is_known()
    Subscriber.objects.update(link_version=1, status=Subscriber.Status.LEFT)
    assert not is_known()
    alice.delete()
    assert not is_known()
    assert len(value) == 48


@pytest.mark.parametrize("purpose", [p for p in links.Purpose if p != links.Purpose.REMEMBERED])
def test_no_link_serves_as_a_cookie_nor_the_cookie_as_a_link(browser, alice, paper, purpose):
    token = links.token(purpose, alice.pk, 1, int(NOW.timestamp()))
    browser.cookies[recognition.COOKIE] = token
    assert "Upvote this paper" not in browser.get(upvote_page(paper)).content.decode()
    remember(browser, alice)
    stolen = browser.cookies[recognition.COOKIE].value
    for path in (f"/preferences/{stolen}/", f"/remember/{stolen}/", f"/unsubscribe/{stolen}/"):
        assert browser.get(path).status_code == 404


@given(st.binary(max_size=80))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_no_cookie_breaks_a_page(browser, value):
    # As it comes over the wire: Python's own cookies refuse to hold some of it.
    header = f"{recognition.COOKIE}={value.decode('latin-1')}"
    assert browser.get(SUBMIT, HTTP_COOKIE=header).status_code == 200


def test_who_left_is_told_to_subscribe(browser, alice):
    address = links.remember_path(alice.pk, 1)
    alice.leave(NOW)
    answer = browser.press(SUBMIT, to=address)
    assert answer.status_code == 200
    assert recognition.COOKIE not in browser.cookies
    assert "You aren’t subscribed at the moment" in answer.content.decode()


def test_preferences_and_feedback_lead_here(browser, alice, paper):
    page = browser.get(links.preferences_path(alice.pk, 1)).content.decode()
    assert links.remember_path(alice.pk, 1) in page
    page = browser.get(links.feedback_path(alice.pk, 1, paper.pk, "more")).content.decode()
    assert links.upvote_path(alice.pk, 1, paper.pk) in page
    assert upvote_page(paper) in browser.get(paper.get_absolute_url()).content.decode()


# --- Upvoting ----------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["cookie", "link"])
def test_a_reader_upvotes_and_takes_it_back(browser, alice, paper, by):
    page = links.upvote_path(alice.pk, 1, paper.pk)
    if by == "cookie":
        remember(browser, alice)
        page = upvote_page(paper)
    assert "No reader" in browser.get(page).content.decode()
    assert not Upvote.objects.exists()  # looking changes nothing

    assert browser.press(page, {"action": "upvote"}).url == page
    assert browser.press(page, {"action": "upvote"}).status_code == 302
    assert upvotes.total(paper) == 1
    assert "1 reader of this site" in browser.get(page).content.decode()
    assert browser.press(page, {"action": "undo"}).status_code == 302
    assert upvotes.total(paper) == 0


def test_a_stranger_cannot_upvote_and_is_told_how_to(browser, paper):
    page = browser.press(upvote_page(paper), {"action": "upvote"})
    assert page.status_code == 200
    assert 'action="/link/"' in page.content.decode()
    assert not Upvote.objects.exists()


def test_an_upvote_comes_from_our_own_page(browser, alice, paper):
    remember(browser, alice)
    answer = browser.post(upvote_page(paper), {"action": "upvote"})
    assert answer.status_code == 403
    assert not Upvote.objects.exists()


def test_a_void_link_upvotes_nothing(browser, alice, paper):
    page = links.upvote_path(alice.pk, 1, paper.pk)
    alice.link_version = 2
    alice.save()
    assert browser.get(page).status_code == 410
    assert browser.get(page.replace("/upvote/", "/upvote/x")).status_code == 404


def test_upvotes_are_limited(browser, alice, settings):
    settings.LIMIT_UPVOTES = 2
    pages = [links.upvote_path(alice.pk, 1, make_paper().pk) for _ in range(3)]
    assert [browser.press(page, {"action": "upvote"}).status_code for page in pages] == [
        302,
        302,
        429,
    ]
    assert Upvote.objects.count() == 2


def test_no_paper_no_upvote(browser, alice, paper):
    remember(browser, alice)
    Pick.objects.create(paper=paper, day=DAY, kind=Pick.Kind.HIDE)
    for number in (paper.pk, 0, 10**30):
        assert browser.get(f"/upvote/{number}/").status_code == 404


def test_these_pages_are_kept_by_nobody(browser, alice, paper):
    for page in (SUBMIT, upvote_page(paper), links.upvote_path(alice.pk, 1, paper.pk)):
        answer = browser.get(page)
        assert "no-store" in answer["Cache-Control"]
        assert answer["Referrer-Policy"] == "same-origin"


# --- Submitting --------------------------------------------------------------------------------


def test_a_reader_submits_and_sees_how_far_it_is(browser, alice, asked):
    remember(browser, alice)
    answer = browser.press(
        SUBMIT, {"paper": "https://arxiv.org/abs/2605.13779v3", "name": "Alice\r\n<b>A</b>\u202e"}
    )
    assert (answer.status_code, answer.url) == (302, "/submit/?taken=1")
    assert asked == ["asked"]
    submission = Submission.objects.get()
    assert (submission.identifier, submission.subscriber) == ("arxiv:2605.13779", alice)
    assert submission.name == "Alice <b>A</b>"
    page = browser.get(answer.url).content.decode()
    assert "Thank you" in page
    assert "We’re looking it up" in page

    Submission.objects.update(
        state="declined", title="<script>x</script>", reason="<i>Out of scope</i>"
    )
    page = browser.get(SUBMIT).content.decode()
    assert "&lt;i&gt;Out of scope&lt;/i&gt;" in page
    assert "&lt;script&gt;x&lt;/script&gt;" in page
    assert "<script>x" not in page


def test_a_known_paper_is_linked_to(browser, alice, asked):
    paper = make_paper("An <i>old</i> one", identifier="arxiv:2605.13779")
    remember(browser, alice)
    page = browser.press(SUBMIT, {"paper": "2605.13779"}).content.decode()
    assert "This paper is already listed" in page
    assert paper.get_absolute_url() in page
    assert "An &lt;i&gt;old&lt;/i&gt; one" in page
    assert not Submission.objects.exists()


def test_what_another_reader_submitted_is_said_without_their_name(browser, alice, asked):
    Submission.objects.create(
        identifier="arxiv:2605.13779",
        state="waiting",
        title="T",
        name="Bob Brown",
        submitted_at=NOW,
        check_after=NOW,
        subscriber=make_subscriber("bob@example.org"),
    )
    remember(browser, alice)
    page = browser.press(SUBMIT, {"paper": "2605.13779"}).content.decode()
    assert "It’s waiting for an editor" in page
    assert "Bob" not in page
    assert "bob@" not in page


@pytest.mark.parametrize("text", ["", "nonsense", "https://evil.example/2605.13779", "x" * 400])
def test_what_names_no_paper_is_said(browser, alice, asked, text):
    remember(browser, alice)
    page = browser.press(SUBMIT, {"paper": text})
    assert page.status_code == 200
    assert "errorlist" in page.content.decode()
    assert not Submission.objects.exists()


def test_a_stranger_cannot_submit(browser, asked):
    page = browser.press(SUBMIT, {"paper": "2605.13779"})
    assert page.status_code == 200
    assert 'action="/link/"' in page.content.decode()
    assert not Submission.objects.exists()


def test_submissions_are_limited(browser, alice, asked, settings):
    settings.LIMIT_SUBMISSIONS = 2
    remember(browser, alice)
    codes = [
        browser.press(SUBMIT, {"paper": f"2605.0000{number}"}).status_code for number in range(3)
    ]
    assert codes == [302, 302, 429]


def test_closed_submissions_are_said(browser, alice, asked):
    Source.objects.filter(kind=Source.COMMUNITY).update(is_active=False)
    remember(browser, alice)
    assert "Submissions are closed at the moment" in browser.get(SUBMIT).content.decode()
    browser.press(SUBMIT, {"paper": "2605.13779"})
    assert not Submission.objects.exists()


def test_a_broker_out_of_order_loses_nothing(browser, alice, monkeypatch):
    def fail(*_, **__):
        raise OperationalError("nobody there")

    monkeypatch.setattr(tasks.check_submissions, "apply_async", fail)
    remember(browser, alice)
    assert browser.press(SUBMIT, {"paper": "2605.13779"}).status_code == 302
    assert Submission.objects.get().state == "checking"


@given(st.text(max_size=400), st.text(max_size=100))
def test_the_form_takes_any_text(paper, name):
    form = SubmitForm({"paper": paper, "name": name})
    if form.is_valid():
        assert form.cleaned_data["paper"]
        assert form.cleaned_data["name"].isprintable()
        assert len(form.cleaned_data["name"]) <= 60


@given(st.dictionaries(st.sampled_from(["paper", "name", "action", "x"]), st.text(max_size=60)))
@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)
def test_no_post_breaks_the_pages(browser, alice, paper, asked, settings, data):
    settings.LIMIT_SUBMISSIONS = settings.LIMIT_UPVOTES = 10**6
    remember(browser, alice)
    for page in (SUBMIT, upvote_page(paper), links.upvote_path(alice.pk, 1, paper.pk)):
        assert browser.press(page, data).status_code in {200, 302}


def test_nothing_is_asked_of_arxiv_while_a_visitor_waits(browser, alice, monkeypatch):
    """The view enqueues; only a worker asks."""
    monkeypatch.setattr(tasks.check_submissions, "apply_async", lambda *_, **__: None)
    monkeypatch.setattr("papers.sources.arxiv.lookup", lambda ids: os.abort())
    remember(browser, alice)
    assert browser.press(SUBMIT, {"paper": "2605.13779"}).status_code == 302
