"""Drafts, and issues that wait for somebody to approve them."""

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.urls import reverse

from newsletter.delivery import explanations, planning, welcome
from newsletter.delivery.composing import compose_for
from newsletter.digests.readers import readers_of
from newsletter.issues import publishing
from newsletter.issues.freezing import build_issue, closed_days
from newsletter.issues.publishing import UNAPPROVED, settle_unapproved
from newsletter.models import Delivery, Issue, IssueDraft, Webhook, WebhookEvent
from newsletter.operations.watching import troubles
from newsletter.operations.watching.status import status
from subscriptions.models import Subscriber
from tests.admin_pages import staff
from tests.factories import (
    DAY,
    NOW,
    make_issue,
    make_match,
    make_paper,
    make_subscriber,
    make_topic,
)

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)
HOLD, AT_ONCE = IssueDraft.Publishing.HOLD, IssueDraft.Publishing.AT_ONCE
MAY_CHANGE = ("newsletter.view_issue", "newsletter.change_issue")


def freeze(now: dt.datetime = NOW) -> Issue:
    issue = build_issue(DAY, now)
    assert issue is not None
    return issue


@pytest.fixture
def alice() -> Subscriber:
    topic = make_topic("Robots")
    make_match(make_paper("A robot that reads"), topic)
    make_match(make_paper("A robot that writes"), topic)
    return make_subscriber("alice@example.org", topics=[topic])


@pytest.fixture
def waiting(alice: Subscriber) -> Issue:
    IssueDraft.objects.create(day=DAY, publishing=HOLD)
    return freeze()


@pytest.mark.parametrize(
    ("setting", "of_draft", "state"),
    [
        (False, None, "running"),
        (True, None, "waiting"),
        (False, "", "running"),
        (True, "", "waiting"),
        (False, HOLD, "waiting"),
        (True, HOLD, "waiting"),
        (False, AT_ONCE, "running"),
        (True, AT_ONCE, "running"),
    ],
)
def test_an_issue_waits_where_its_draft_or_else_the_setting_says_so(
    settings, setting, of_draft, state
):
    settings.HOLD_ISSUES = setting
    make_paper()
    if of_draft is not None:
        IssueDraft.objects.create(day=DAY, publishing=of_draft)
    issue = freeze()
    assert issue.state == state
    assert issue.published_at == (NOW if state == "running" else None)
    assert not IssueDraft.objects.exists()
    assert closed_days(DAY) == {DAY}


def test_the_draft_becomes_the_issues_words(alice):
    IssueDraft.objects.create(
        day=DAY, note="Read the first one.", subject="Robots read", preview_line="And they write"
    )
    issue = freeze()
    mail, _ = compose_for(issue, readers_of([alice.pk])[0][alice.pk])
    assert mail is not None
    assert mail.subject == "Robots read · Wed 10 June"
    html = "".join(fragment.text for fragment in mail.html)
    assert "Read the first one." in html
    assert "And they write" in html
    assert "A robot that writes · " not in html


def test_hostile_words_of_an_editor_stay_words(alice):
    hostile = '</div><script>alert(1)</script>{{ x }} & "\r\nBcc: bob@example.org'
    IssueDraft.objects.create(day=DAY, subject=hostile, preview_line=hostile)
    mail, _ = compose_for(freeze(), readers_of([alice.pk])[0][alice.pk])
    assert mail is not None
    assert "\n" not in mail.subject
    assert "<script>alert(1)" not in "".join(fragment.text for fragment in mail.html)


def test_nobody_knows_of_an_issue_that_waits_or_was_dropped(waiting, client):
    earlier = make_issue(DAY - dt.timedelta(days=1))
    page = reverse("newsletter:issue", args=[DAY])
    places = {
        page: 404,
        reverse("newsletter:issues"): 200,
        reverse("newsletter:issue", args=[earlier.day]): 200,
        reverse("newsletter:sample"): 200,
        "/sitemap.xml": 200,
        "/sitemap-issues.xml": 200,
    }
    link = page.encode()
    for _ in ("waiting", "dropped"):
        for path, code in places.items():
            answer = client.get(path)
            assert answer.status_code == code, path
            assert link not in answer.content, path
        waiting.drop("not today")
    Issue.objects.update(state="waiting")
    waiting.refresh_from_db()
    publishing.publish(waiting, NOW)
    assert client.get(page).status_code == 200
    assert link in client.get(reverse("newsletter:issues")).content


def test_while_it_waits_nobody_is_planned_nor_passed_over_to_the_issue_before(waiting, alice):
    make_issue(DAY - dt.timedelta(days=1))
    assert planning.plan(NOW + HOUR).due == 0
    assert not Delivery.objects.exists()
    alice.refresh_from_db()
    assert alice.next_digest_at == NOW


def test_approval_makes_passed_hours_due_at_once_and_deadlines_count_from_it(waiting, alice):
    approved = NOW + 2 * HOUR
    assert publishing.publish(waiting, approved)
    assert not publishing.publish(waiting, approved + HOUR)
    planning.plan(approved)
    delivery = Delivery.objects.get()
    assert (delivery.subscriber, delivery.issue) == (alice, waiting)
    assert delivery.not_before == approved
    assert delivery.deadline == approved + 12 * HOUR


def test_a_newcomer_is_welcomed_with_the_last_published_issue(waiting):
    earlier = make_issue(DAY - dt.timedelta(days=1))
    make_subscriber("bob@example.org", confirmed_at=NOW, welcomed_on=None)
    welcome.plan(NOW + HOUR / 60)
    assert not Delivery.objects.exclude(issue=earlier).exists()


@pytest.mark.parametrize(("drops", "state"), [(False, "running"), (True, "dropped")])
def test_an_issue_that_nobody_approves_is_published_or_dropped_and_the_operator_told(
    settings, waiting, alice, drops, state
):
    settings.DROP_UNAPPROVED = drops
    almost, late = NOW + 3 * HOUR - HOUR / 60, NOW + 3 * HOUR
    assert settle_unapproved(almost) == 0
    assert settle_unapproved(late) == 1
    assert settle_unapproved(late) == 0
    waiting.refresh_from_db()
    assert (waiting.state, waiting.state_reason) == (state, UNAPPROVED)
    assert planning.plan(late).deliveries == (0 if drops else 1)
    told = [one.text for one in troubles.findings(status(late)) if one.key.startswith("unappr")]
    what = "dropped" if drops else "published as it was"
    assert told == [f"Nobody approved the issue of {waiting} in time, so it was {what}."]
    later = status(late + dt.timedelta(days=2))
    assert not [one for one in troubles.findings(later) if one.key.startswith("unapproved")]


def test_why_not_says_that_it_waits_or_was_dropped(waiting, alice):
    alice.confirmed_at = NOW - HOUR
    assert "waits for approval until 11:00 UTC" in explanations.explain(alice, waiting)[0]
    waiting.drop("nothing good today")
    assert "dropped: nothing good today" in explanations.explain(alice, waiting)[0]


@pytest.mark.parametrize(("name", "state"), [("approve", "running"), ("drop", "dropped")])
def test_whoever_may_change_issues_decides_after_a_question(waiting, name, state):
    page = reverse(f"admin:newsletter_issue_{name}", args=[waiting.pk])
    assert staff("newsletter.view_issue").post(page).status_code == 403
    waiting.refresh_from_db()
    assert waiting.state == "waiting"
    User.objects.all().delete()
    editor = staff(*MAY_CHANGE)
    assert editor.get(page).status_code == 200
    waiting.refresh_from_db()
    assert waiting.state == "waiting"
    assert editor.post(page).status_code == 302
    waiting.refresh_from_db()
    assert waiting.state == state
    again = editor.post(page, follow=True)
    assert "Nothing has changed: the issue is" in again.content.decode()


def test_saving_an_edited_note_leaves_a_state_that_changed_meanwhile(waiting):
    editor = staff(*MAY_CHANGE)
    page = reverse("admin:newsletter_issue_change", args=[waiting.pk])
    Issue.objects.update(state="running", published_at=NOW)
    form = {"note": "New.", "subject": "", "preview_line": "", "places-TOTAL_FORMS": 0}
    assert editor.post(page, form | {"places-INITIAL_FORMS": 0}).status_code == 302
    waiting.refresh_from_db()
    assert (waiting.note, waiting.state, waiting.published_at) == ("New.", "running", NOW)


def test_the_command_approves_and_drops(waiting, capsys):
    with pytest.raises(CommandError, match="Use --yes"):
        call_command("control_issue", "drop")
    call_command("control_issue", "approve")
    assert "is running" in capsys.readouterr().out
    with pytest.raises(CommandError, match="nothing has changed"):
        call_command("control_issue", "drop", "--yes")


def test_webhooks_hear_of_an_issue_when_it_is_published_and_not_before(alice):
    Webhook.objects.create(
        name="Bob’s",
        url="https://bob.example.org/",
        kinds=["issue.frozen", "issue.published"],
        created_at=NOW,
    )
    IssueDraft.objects.create(day=DAY, publishing=HOLD)
    issue = freeze()
    assert not WebhookEvent.objects.exists()
    publishing.publish(issue, NOW + HOUR)
    told = dict(WebhookEvent.objects.values_list("kind", "at"))
    assert told == {"issue.frozen": NOW, "issue.published": NOW + HOUR}
