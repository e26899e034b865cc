"""Why did a reader not get a paper? Each step of its way, for any reader and paper."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from newsletter.delivery.explanations import explain_paper
from newsletter.models import Delivery, Issue
from papers.models import Pick
from subscriptions.models import Feedback, Subscriber
from tests.admin_pages import staff, text
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

State = Delivery.State


@pytest.fixture
def topic():
    return make_topic("Agents")


@pytest.fixture
def paper(topic):
    paper = make_paper("Agents everywhere")
    make_match(paper, topic)
    return paper


@pytest.fixture
def issue(paper) -> Issue:
    return make_frozen_issue()


@pytest.fixture
def alice(topic) -> Subscriber:
    return make_subscriber("alice@example.org", topics=[topic], papers_wanted=1)


def answers(reader, paper) -> dict[str, tuple[bool | None, str]]:
    return {step.question: (step.is_passed, step.said) for step in explain_paper(reader, paper)}


def chosen(paper, issue, topic) -> list[Any]:
    return [[paper.pk, issue.places.get(paper=paper).pk, [topic.pk], "why"]]


def test_one_that_came_is_found_with_its_delivery(alice, paper, issue, topic):
    row = make_delivery(issue, alice, state=State.SENT, choices=chosen(paper, issue, topic))
    last = explain_paper(alice, paper)[-1]
    assert (last.is_passed, last.delivery) == (True, row.pk)
    assert all(step.is_passed is not False for step in explain_paper(alice, paper))


def test_one_that_nobody_listed_has_no_issue(alice):
    found = answers(alice, make_paper("Robots", day=None))
    assert found["Listed?"] == (False, "No source listed it.")
    assert found["In an issue?"][0] is False


def test_one_of_no_topic_of_the_readers(issue, paper):
    bob = make_subscriber("bob@example.org", topics=[make_topic("Robots")])
    make_delivery(issue, bob, state=State.SKIPPED, reason="nothing new on the reader's topics")
    found = answers(bob, paper)
    assert found["Matched?"] == (False, "It matched Agents; the reader follows none of that.")
    Subscriber.objects.update(top_papers=True)
    bob.refresh_from_db()
    assert answers(bob, paper)["Matched?"][0] is None


def test_one_that_an_editor_hid_and_one_that_was_retracted(alice, paper, issue):
    Pick.objects.create(day=DAY, paper=paper, kind=Pick.Kind.HIDE)
    assert answers(alice, paper)["Shown?"] == (
        False,
        "An editor hid it, which holds everywhere.",
    )
    paper.status = "retracted"
    assert answers(alice, paper)["Shown?"][0] is False


def test_one_that_the_reader_had_before(alice, paper, issue, topic):
    make_delivery(issue, alice, state=State.SENT, choices=chosen(paper, issue, topic))
    later = build_issue_with(paper, topic, DAY + dt.timedelta(days=1))
    make_delivery(later, alice, state=State.SKIPPED, reason="nothing new")
    found = answers(alice, paper)
    assert "They had it already" in found[f"In the digest of {later.day}?"][1]


def build_issue_with(paper, topic, day) -> Issue:
    issue = Issue.objects.create(day=day, frozen_at=NOW)
    issue.places.create(
        paper=paper, rank=1, score=1.0, card={"title": paper.title}, topics={str(topic.pk): {}}
    )
    return issue


def test_one_whose_place_was_taken(alice, paper, topic):
    other = make_paper("Agents above all")
    make_match(other, topic)
    issue = make_frozen_issue()
    make_delivery(issue, alice, state=State.SENT, choices=chosen(other, issue, topic))
    _, said = answers(alice, paper)[f"In the digest of {DAY}?"]
    assert said.endswith("the reader wants 1 at most: its place was taken.")


def test_one_that_the_reader_wants_less_of_and_a_reader_who_left(alice, paper, issue):
    Feedback.objects.create(subscriber=alice, paper=paper, value=Feedback.Value.LESS, at=NOW)
    assert answers(alice, paper)["Wanted?"][0] is False
    alice.leave(NOW)
    assert answers(alice, paper)["Does the reader get digests?"][0] is False


def test_a_reader_without_a_delivery_is_told_why(alice, paper, issue):
    Issue.objects.update(state=Issue.State.WAITING)
    _, said = answers(alice, paper)[f"In a digest of {DAY}?"]
    assert said


def test_it_takes_few_queries(alice, paper, issue, topic):
    for back in range(1, 5):
        day = DAY - dt.timedelta(days=back)
        make_delivery(build_issue_with(paper, topic, day), alice, state=State.SENT)
    with CaptureQueriesContext(connection) as queries:
        explain_paper(alice, paper)
    assert len(queries) <= 18


@pytest.mark.parametrize("by", ["number", "address"])
def test_the_page_takes_an_address_or_a_number_and_leads_both_ways(alice, paper, issue, topic, by):
    row = make_delivery(issue, alice, state=State.SENT, choices=chosen(paper, issue, topic))
    browser: Client = staff(is_superuser=True)
    address = reverse("admin:newsletter_delivery_why_not")
    reader = alice.pk if by == "number" else "Alice@example.org"
    page = text(browser.get(address, {"reader": reader, "paper": paper.identifier}))
    delivery = reverse("admin:newsletter_delivery_change", args=[row.pk])
    assert delivery in page
    assert f"{address}?reader={alice.pk}" in text(browser.get(delivery))
    of_reader = reverse("admin:subscriptions_subscriber_change", args=[alice.pk])
    assert f"{address}?reader={alice.pk}" in text(browser.get(of_reader))
    for nonsense in ({"reader": "9" * 40}, {"reader": "²"}, {"paper": "x" * 9999, "reader": "?"}):
        assert browser.get(address, nonsense).status_code == 200
    assert staff_again("newsletter.view_delivery").get(address).status_code == 403


def staff_again(*permissions: str) -> Client:
    from django.contrib.auth.models import User

    User.objects.filter(username="staff").delete()
    return staff(*permissions)
