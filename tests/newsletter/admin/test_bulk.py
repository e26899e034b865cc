"""Actions on more rows than a request takes: asked about, begun, followed, stopped, on record."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from papers import audit, bulk
from papers.admin import bulk as pages
from papers.models import AuditEntry, BulkAction
from subscriptions.models import Submission, Subscriber
from subscriptions.readers import in_bulk
from tests.admin_pages import staff, text
from tests.factories import NOW, make_subscriber

pytestmark = pytest.mark.django_db

LIST = reverse("admin:subscriptions_subscriber_changelist")
Status = Subscriber.Status


@pytest.fixture
def many(monkeypatch) -> list[Subscriber]:
    """More readers than are worked off at once."""
    monkeypatch.setattr(audit, "MOST_NAMED", 100)
    made = (
        Subscriber(email=f"r{number}@example.org", status=Status.ACTIVE)
        for number in range(bulk.AT_ONCE + 20)
    )
    return list(Subscriber.objects.bulk_create(made))


def form(action: str, *rows: Any, across: bool = True, **more: str) -> dict[str, Any]:
    chosen = {"_selected_action": [row.pk for row in rows]}
    return {"action": action, "select_across": "1" if across else "0", **chosen, **more}


def hidden(page: str) -> dict[str, str]:
    """What the form on a page sends."""
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))


def test_many_are_asked_about_with_their_number_and_worked_off_by_a_worker(many):
    left = make_subscriber("alice@example.org", status=Status.LEFT)
    browser = staff(is_superuser=True)
    asked = browser.post(f"{LIST}?q=example.org", form("unsubscribe", left))
    page = text(asked)
    assert "120 subscribers" in page
    assert "all that the list shows" in page
    assert not BulkAction.objects.exists()
    assert not AuditEntry.objects.exists()
    sent = hidden(page) | {"reason": "They asked."}
    answer = browser.post(f"{LIST}?q=example.org", sent)
    begun = BulkAction.objects.get()
    assert answer["Location"] == reverse("admin:papers_bulkaction_change", args=[begun.pk])
    assert (begun.total, str(begun.made_by), begun.reason) == (120, "staff", "They asked.")
    # What was searched for may be a part of an address.
    assert "example" not in begun.filter
    entry = AuditEntry.objects.get()
    assert (entry.what, entry.number, entry.reason) == ("Unsubscribe", 120, "They asked.")
    assert entry.filter == begun.filter
    progress = text(browser.get(answer["Location"]))
    assert "0 of 120" in progress
    assert 'http-equiv="refresh"' in progress
    bulk.work({in_bulk.UNSUBSCRIBE.key: in_bulk.UNSUBSCRIBE})
    progress = text(browser.get(answer["Location"]))
    assert "120 of 120 unsubscribed." in progress
    assert 'http-equiv="refresh"' not in progress
    assert LIST in progress
    assert Subscriber.objects.filter(status=Status.LEFT).count() == 121


def test_few_are_done_at_once(many):
    browser = staff(is_superuser=True)
    answer = browser.post(LIST, form("unsubscribe", *many[:3], across=False), follow=True)
    assert "3 of 3 unsubscribed." in text(answer)
    assert not BulkAction.objects.exists()
    assert AuditEntry.objects.get().number == 3


def test_chosen_rows_are_chosen_still_after_the_question(many):
    browser = staff(is_superuser=True)
    chosen = form("suppress", *many[: bulk.AT_ONCE + 5], across=False)
    page = text(browser.post(LIST, chosen))
    assert f"{bulk.AT_ONCE + 5} subscribers" in page
    assert page.count('name="_selected_action"') == bulk.AT_ONCE + 5
    browser.post(LIST, chosen | {"post": "yes"})
    assert BulkAction.objects.get().total == bulk.AT_ONCE + 5


def test_nothing_is_begun_where_nothing_would_change(many):
    Subscriber.objects.update(status=Status.SUPPRESSED)
    browser = staff(is_superuser=True)
    answer = browser.post(LIST, form("suppress", many[0], post="yes"))
    assert "None of the chosen subscribers would change." in text(answer)
    assert not BulkAction.objects.exists()
    assert not AuditEntry.objects.exists()


def test_declining_many_takes_a_reason_and_nothing_is_lost_without():
    rows = Submission.objects.bulk_create(
        Submission(
            identifier=f"arxiv:2606.{number:05d}",
            state=Submission.State.WAITING,
            submitted_at=NOW,
            check_after=NOW,
        )
        for number in range(bulk.AT_ONCE + 1)
    )
    browser = staff(is_superuser=True)
    url = reverse("admin:subscriptions_submission_changelist")
    page = text(browser.post(url, form("decline", rows[0], post="yes")))
    assert "Enter a reason" in page
    assert not BulkAction.objects.exists()
    browser.post(url, hidden(page) | {"reason": "Out of scope"})
    bulk.work({in_bulk.DECLINE.key: in_bulk.DECLINE})
    declined = Submission.objects.filter(state="declined", reason="Out of scope")
    assert declined.count() == bulk.AT_ONCE + 1


def test_erasing_asks_however_few_they_are(many):
    browser = staff(is_superuser=True)
    page = text(browser.post(LIST, form("delete_selected", many[0], across=False)))
    assert "1 subscriber<" in page
    assert "deleted permanently" in page
    assert Subscriber.objects.filter(pk=many[0].pk).exists()
    answer = browser.post(LIST, hidden(page), follow=True)
    assert "1 of 1 deleted." in text(answer)
    assert not Subscriber.objects.filter(pk=many[0].pk).exists()


def test_whoever_began_it_follows_and_stops_it_and_others_do_not(many):
    browser = staff("subscriptions.view_subscriber", "subscriptions.change_subscriber")
    answer = browser.post(LIST, form("unsubscribe", many[0], post="yes"))
    begun = BulkAction.objects.get()
    assert browser.get(answer["Location"]).status_code == 200
    User.objects.create_user("bob", is_staff=True)
    other = Client()
    other.force_login(User.objects.get(username="bob"), "django.contrib.auth.backends.ModelBackend")
    stop = reverse("admin:papers_bulkaction_stop", args=[begun.pk])
    assert other.get(answer["Location"]).status_code == 403
    assert other.post(stop).status_code == 403
    assert browser.get(stop).status_code == 302  # looking changes nothing
    begun.refresh_from_db()
    assert begun.is_running
    assert "What is done stays done" in text(browser.post(stop, follow=True))
    begun.refresh_from_db()
    assert begun.state == "stopped"
    assert "It was over already" in text(browser.post(stop, follow=True))
    assert not Subscriber.objects.filter(status=Status.LEFT).exists()


def test_who_waits_long_is_told_that_no_worker_runs(many, monkeypatch):
    browser = staff(is_superuser=True)
    answer = browser.post(LIST, form("unsubscribe", many[0], post="yes"))
    assert "No worker has begun" not in text(browser.get(answer["Location"]))
    monkeypatch.setattr(pages, "WAITS", -1.0)
    assert "No worker has begun" in text(browser.get(answer["Location"]))
