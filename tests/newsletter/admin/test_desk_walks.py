"""What an editor or owner does in a week, each begun at the start page and within four clicks.

A click follows a link that the page before shows, by the words on it. What the pages then do is
tested where each belongs; here it is that the way is there, and what it leads to works.
"""

import datetime as dt
import html
import re

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from newsletter.issues import corrections
from newsletter.models import Correction, Delivery, Issue, IssueDraft
from newsletter.operations import roles
from papers.models import Topic
from subscriptions.models import Notice, Submission, Subscriber, TopicChange
from tests.factories import (
    DAY,
    NOW,
    make_delivery,
    make_frozen_issue,
    make_match,
    make_paper,
    make_subscriber,
    make_topic,
)

pytestmark = pytest.mark.django_db

TOMORROW = DAY + dt.timedelta(days=1)
LINK = re.compile(r"<a\b([^>]*)>((?:(?!<a\b).)*?)</a>", re.DOTALL)
HREF = re.compile(r'href="([^"]*)"')
CLICKS = 4
QUERIES = 20

COMPOSES = ("/example/", "/look/")
"""Ends of addresses whose page makes an email, which takes as many queries as a worker's first."""


class Walk:
    """One person at the desk: follows links by their words and counts the clicks."""

    def __init__(self, role: str) -> None:
        user = User.objects.create_user("alice", "alice@example.com", is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        self.browser = Client()
        self.browser.force_login(user, "django.contrib.auth.backends.ModelBackend")
        self.clicks = 0
        self.at = ""
        self.open(reverse("admin:index"))

    def open(self, address: str) -> None:
        address = html.unescape(address)
        self.at = address if address[0] == "/" else self.at.partition("?")[0] + address
        with CaptureQueriesContext(connection) as queries:
            answer = self.browser.get(self.at)
        assert answer.status_code == 200, self.at
        sql = [one["sql"] for one in queries]
        asked = [one for one in sql if not one.startswith(("SAVEPOINT", "RELEASE"))]
        most = 4 * QUERIES if self.at.partition("?")[0].endswith(COMPOSES) else QUERIES
        assert len(asked) <= most or "/auth/" in self.at, (self.at, len(asked))
        self.page = answer
        self.text = answer.content.decode()

    def click(self, words: str) -> "Walk":
        """Follow the first link that says this."""
        for attributes, inside in LINK.findall(self.text):
            said = " ".join(re.sub(r"<[^>]+>", " ", inside).split())
            found = HREF.search(attributes)
            if words in html.unescape(said) and found and found[1] not in ("#", ""):
                self.clicks += 1
                assert self.clicks <= CLICKS, f"{words} is {self.clicks} clicks away"
                self.open(found[1])
                return self
        raise AssertionError(f"no link says {words!r} on {self.at}")

    def send(self, **form) -> "Walk":
        """Send the page's form."""
        answer = self.browser.post(self.at, form)
        assert answer.status_code == 302, answer.content.decode()[-3000:]
        return self

    def sees(self, *words: str) -> "Walk":
        for one in words:
            assert one in html.unescape(self.text), f"{one!r} isn't on {self.at}"
        return self


@pytest.fixture
def issue(db):
    """Yesterday's issue with one digest sent and one that waits; papers of tomorrow."""
    roles.make_roles()
    topic = make_topic("Agents")
    make_match(make_paper("Agents everywhere"), topic)
    make_match(make_paper("Agents tomorrow", day=TOMORROW), topic)
    found = make_frozen_issue()
    place = found.places.get()
    chosen = [[place.paper_id, place.pk, [topic.pk], "why"]]
    reader = make_subscriber("bob@example.org", topics=[topic])
    make_delivery(found, reader, state=Delivery.State.SENT, choices=chosen, sent_at=NOW)
    make_delivery(found, make_subscriber("charlie@example.org", topics=[topic]))
    with time_machine.travel(NOW, tick=False):
        yield found


@pytest.fixture
def editor(issue) -> Walk:
    return Walk("editor")


@pytest.fixture
def owner(issue) -> Walk:
    return Walk("owner")


def test_see_tomorrows_issue_and_yesterdays_outcome(editor):
    editor.sees("Agents tomorrow", "Coming: Thursday, 11 June 2026", "1</b> sent", "1</b> waiting")
    editor.click("Preview and test").sees("Agents everywhere")


def test_write_note_subject_and_preview_line(editor):
    editor.click("Note, subject, preview line, approval")
    editor.send(day=str(TOMORROW), publishing="", subject="Robots", preview_line="Read", note="Hi")
    draft = IssueDraft.objects.get()
    assert (draft.subject, draft.preview_line, draft.note) == ("Robots", "Read", "Hi")


def test_preview_tomorrow_as_a_german_reader_on_a_phone_and_test_it(editor):
    editor.click("Preview and test")
    coming = reverse("admin:newsletter_issuedraft_example", args=[TOMORROW])
    editor.open(f"{coming}?language=de&width=phone")
    editor.sees("Agents tomorrow", "desk-phone")
    editor.send(language="de")
    assert (Notice.objects.get().about or {})["day"] == str(TOMORROW)


def test_mend_a_wrong_link_hide_and_send_a_correction(editor, issue):
    editor.click("Correct: hide, replace, fix").click("Agents everywhere")
    form = editor.page.context["form"]
    filled = {name: form[name].value() or "" for name in form.fields}
    editor.send(**filled | {"code_url": "https://example.org/right", "what": "mend"})
    later = NOW + dt.timedelta(minutes=3)
    assert corrections.count_reached(later) == 1
    assert Correction.objects.get().reached == 1
    editor.clicks = 0
    editor.open(reverse("admin:index"))
    editor.click("Correct: hide, replace, fix").sees("1 reader got it before")
    editor.click("Send a correction").sees("Correction: Agents everywhere")


def test_approve_what_waits(editor, issue):
    Issue.objects.update(state=Issue.State.WAITING)
    editor.open(reverse("admin:index"))
    editor.click("Approve").send()
    assert Issue.objects.get().state == Issue.State.RUNNING


def test_pause_resume_and_stop(editor, issue):
    editor.click("Pause").send(reason="wrong papers")
    editor.open(reverse("admin:index"))
    editor.sees("wrong papers (paused by alice)").click("Resume").send()
    editor.open(reverse("admin:index"))
    editor.click("Stop").sees("1 waits", "never sent")
    assert Issue.objects.get().state == Issue.State.RUNNING


def test_decide_submissions(editor):
    for number in range(10):
        Submission.objects.create(
            identifier=f"arxiv:2606.0000{number}",
            state=Submission.State.WAITING,
            submitted_at=NOW,
            check_after=NOW,
        )
    editor.open(reverse("admin:index"))
    editor.click("submissions from readers").sees("arxiv:2606.00009")


def test_add_a_topic_merge_two_and_retire_one(editor):
    editor.click("Topics").click("Merge, split, retire")
    first, second = Topic.objects.order_by("pk")[:2]
    asked = editor.browser.post(editor.at, {"ended": [first.pk], "successors": [second.pk]})
    assert "Papers they keep" in asked.content.decode()
    editor.send(ended=[first.pk], successors=[second.pk], _change="1")
    assert TopicChange.objects.count() == 1
    editor.clicks = 0
    editor.open(reverse("admin:papers_topic_add"))


def test_answer_why_somebody_did_not_get_a_paper(editor, issue):
    editor.click("Why didn’t a reader get a paper?")
    reader = Subscriber.objects.get(deliveries__state=Delivery.State.PENDING)
    paper = issue.places.get().paper
    editor.open(f"?reader={reader.pk}&paper={paper.identifier}")
    editor.sees("Matched?", "nothing is chosen yet", "It matched Agents")


def test_help_a_reader_who_lost_the_link(owner):
    owner.click("Help a reader").sees("bob@example.org")


def test_give_a_colleague_a_role_and_see_who_changed_what(owner):
    owner.click("Roles").sees("topic editor")
    owner.clicks = 0
    owner.open(reverse("admin:index"))
    owner.click("Who changed what")


def test_write_a_letter(editor):
    editor.click("Write a letter to readers").sees("Subject, English", "Text, Deutsch")
