"""The editors' view of readers: quick, searchable, and without a way to consent for anyone."""

import datetime as dt
from html.parser import HTMLParser

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from papers.models import AuditEntry
from subscriptions.models import Consent, Feedback, Subscriber, Suppression
from subscriptions.readers import feedback
from tests.factories import NOW, make_paper, make_subscriber

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

Status = Subscriber.Status
LIST = "/admin/subscriptions/subscriber/"


class Inputs(HTMLParser):
    """What a browser would send back of a page's fields."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.select = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        if tag == "select":
            self.select = given.get("name", "")
        elif tag == "option" and "selected" in given:
            self.values[self.select] = given["value"]
        elif tag == "input" and given.get("name"):
            is_off = given.get("type") == "checkbox" and "checked" not in given
            if not is_off and given.get("type") != "submit":
                self.values[given["name"]] = given.get(
                    "value", "on" if given.get("type") == "checkbox" else ""
                )


def change_page(subscriber: Subscriber) -> str:
    return f"{LIST}{subscriber.pk}/change/"


def act(editor, action: str, *subscribers: Subscriber) -> str:
    answer = editor.post(
        LIST, {"action": action, "_selected_action": [one.pk for one in subscribers]}, follow=True
    )
    assert answer.status_code == 200
    return str(answer.content.decode())


def queries(editor, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert editor.get(path).status_code == 200
    return len(captured)


@pytest.mark.parametrize(
    "typed", ["alice@bücher.example", "ALICE@xn--bcher-kva.example.", "ice@xn--bch"]
)
def test_a_reader_is_found_by_any_spelling(editor, typed):
    make_subscriber("alice@xn--bcher-kva.example")
    make_subscriber("bob@example.org")
    page = editor.get("/admin/subscriptions/subscriber/", {"q": typed}).content.decode()
    assert "alice@xn--bcher-kva.example" in page
    assert "bob@example.org" not in page


def test_the_list_is_searchable_and_filterable(editor, topics):
    make_subscriber(topics=topics)
    make_subscriber("bob@example.org", status=Status.LEFT)
    page = editor.get(LIST).content.decode()
    assert "alice@example.org" in page
    assert "bob@example.org" in page
    for query in ("?q=alice", "?status__exact=active", f"?topics__id__exact={topics[0].pk}"):
        page = editor.get(LIST + query).content.decode()
        assert "alice@example.org" in page
        assert "bob@example.org" not in page


def test_readers_paused_because_mail_came_back_are_found(editor, topics):
    alice = make_subscriber(topics=topics)
    alice.pause_for_bounces(NOW.date() + dt.timedelta(days=9), "mailbox full", NOW)
    make_subscriber(
        "bob@example.org", topics=topics, paused_until=NOW.date() + dt.timedelta(days=9)
    )
    for query in ({}, {"o": "6"}, {"topics__id__exact": topics[0].pk}, {"q": "example"}):
        answer = editor.get(LIST, {"paused": "bounces"} | query)
        assert answer.status_code == 200
        assert [row.email for row in answer.context["cl"].result_list] == ["alice@example.org"]
        assert [row.topic_count for row in answer.context["cl"].result_list] == [len(topics)]


def test_more_rows_take_no_more_queries(editor, topics):
    alice = make_subscriber(topics=topics[:1])
    feedback.say(alice, make_paper(), Feedback.Value.MORE, NOW)
    alice.record(Consent.Action.CONFIRMED, NOW)
    for path in (LIST, change_page(alice)):  # what is looked up once in a process
        editor.get(path)
    few = queries(editor, LIST), queries(editor, change_page(alice))
    alice.follow(topics)
    for number in range(12):
        make_subscriber(f"{number}@example.org", topics=topics)
        feedback.say(alice, make_paper(), Feedback.Value.LESS, NOW)
        alice.record(Consent.Action.CHANGED, NOW)
    assert (queries(editor, LIST), queries(editor, change_page(alice))) == few


def test_one_subscriber_shows_what_was_agreed_and_said(editor, topics):
    alice = make_subscriber(topics=topics[:2])
    feedback.say(alice, make_paper("Sparse <b>attention</b>"), Feedback.Value.MORE, NOW)
    alice.record(Consent.Action.CONFIRMED, NOW, "Yes, <i>please</i>")
    page = editor.get(change_page(alice)).content.decode()
    for shown in ("Agents", "Robots", "Sparse &lt;b&gt;attention", "Yes, &lt;i&gt;please"):
        assert shown in page
    assert "<b>attention" not in page


def test_nobody_is_added_and_no_address_is_changed(editor, topics):
    alice = make_subscriber(topics=topics, next_digest_at=NOW + dt.timedelta(days=1))
    assert editor.get(f"{LIST}add/").status_code == 403
    typed = {
        "email": "eve@example.org",
        "status": "left",
        "rhythm": "weekly",
        "papers_wanted": "7",
    }
    page = editor.get(change_page(alice)).content.decode()
    answer = editor.post(change_page(alice), Inputs(page).values | typed, follow=True)
    assert answer.redirect_chain == [(LIST, 302)]
    alice.refresh_from_db()
    assert (alice.email, alice.status) == ("alice@example.org", Status.ACTIVE)
    assert (alice.rhythm, alice.papers_wanted) == ("weekly", 7)
    assert alice.next_digest_at == alice.due_after(NOW)
    assert "an editor changed rhythm" in Consent.objects.get().wording
    assert alice.topics.count() == 3


def test_actions(editor, topics, mailoutbox):
    alice = make_subscriber(topics=topics)
    bob = make_subscriber("bob@example.org", status=Status.PENDING)
    assert "1 of 2 will get an email with their link." in act(
        editor, "send_preferences_link", alice, bob
    )
    assert [mail.to for mail in mailoutbox] == [["alice@example.org"]]
    assert "2 of 2 unsubscribed." in act(editor, "unsubscribe", alice, bob)
    assert "0 of 2 unsubscribed." in act(editor, "unsubscribe", alice, bob)
    assert "1 of 1 suppressed." in act(editor, "suppress", bob)
    for subscriber, status in ((alice, Status.LEFT), (bob, Status.SUPPRESSED)):
        subscriber.refresh_from_db()
        assert subscriber.status == status
    assert Suppression.objects.covers("bob@example.org")


def test_deleting_erases_the_address_from_the_history_as_well(editor):
    alice = make_subscriber()
    bob = make_subscriber("bob@example.org")
    editor.post(f"{LIST}{alice.pk}/delete/", {"post": "yes"})
    editor.post(LIST, {"action": "delete_selected", "_selected_action": [bob.pk], "post": "yes"})
    assert not Subscriber.objects.exists()
    assert {entry.name for entry in AuditEntry.objects.all()} == {
        f"reader {one.pk}" for one in (alice, bob)
    }
