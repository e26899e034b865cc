"""Correcting, pausing and stopping an issue in the admin."""

import pytest
from django.urls import reverse

from newsletter.models import Correction, Delivery, Issue
from papers.models import AuditEntry, Pick
from tests.admin_pages import staff, text
from tests.factories import make_delivery, make_paper, make_subscriber

pytestmark = pytest.mark.django_db


def address(name: str, *args: int) -> str:
    return reverse(f"admin:newsletter_issue_{name}", args=args)


@pytest.fixture
def place(row):
    return row.issue.places.get()


def form_of(client, url: str) -> dict[str, str]:
    form = client.get(url).context["form"]
    return {name: form[name].value() or "" for name in form.fields}


def test_an_editor_mends_a_link_and_sees_that_readers_are_counted(client, row, place):
    url = address("correct_place", row.issue_id, place.pk)
    form = form_of(client, url) | {"code_url": "https://example.org/right", "reason": "a typo"}
    page = client.post(url, form | {"what": "mend"}, follow=True)
    assert "Corrected." in text(page)
    assert "Counting how many" in text(page)
    found = Correction.objects.get()
    assert found.card == {"code_url": "https://example.org/right"}
    assert (found.reason, str(found.made_by)) == ("a typo", "admin")
    assert AuditEntry.objects.filter(model="newsletter.issue").count() == 1
    client.post(url, {"what": "take_back"})
    assert not Correction.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("code_url", "javascript:alert(1)", "valid URL"),
        ("title", "", "required"),
        ("title", "\0", "Null characters"),
        ("replacement", "nonsense", "identifier"),
        ("replacement", "arxiv:2606.55555", "isn’t on the site"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(client, row, place, field, value, said):
    url = address("correct_place", row.issue_id, place.pk)
    page = client.post(url, form_of(client, url) | {field: value, "what": "mend"})
    assert said in text(page)
    assert not Correction.objects.exists()


def test_an_editor_replaces_hides_and_shows_again(client, row, place):
    url = address("correct_place", row.issue_id, place.pk)
    other = make_paper("Robots instead", day=None)
    client.post(url, form_of(client, url) | {"replacement": other.identifier, "what": "mend"})
    assert Correction.objects.get().paper == other
    client.post(url, {"what": "hide"})
    assert Pick.objects.get(kind="hide").paper == other
    assert "hidden" in text(client.get(address("correct", row.issue_id)))
    client.post(url, {"what": "show"})
    assert not Pick.objects.exists()


def test_a_place_of_another_issue_is_not_found(client, row, place):
    assert client.get(address("correct_place", row.issue_id + 1, place.pk)).status_code == 404
    assert client.get(address("correct_place", row.issue_id, place.pk + 1)).status_code == 404


def test_hiding_takes_the_permission_to_pick(row, place):
    url = address("correct_place", row.issue_id, place.pk)
    editor = staff("newsletter.change_issue")
    assert editor.post(url, {"what": "hide"}).status_code == 403
    assert not Pick.objects.exists()


def test_a_pause_asks_for_a_reason(client, row):
    url = address("pause_one", row.issue_id)
    client.post(url, {"reason": ""})
    assert Issue.objects.get().state == "running"
    client.post(url, {"reason": "wrong papers"})
    issue = Issue.objects.get()
    assert (issue.state, issue.state_reason) == ("paused", "wrong papers (paused by admin)")
    client.post(address("resume_one", row.issue_id))
    assert Issue.objects.get().state == "running"
    assert AuditEntry.objects.filter(model="newsletter.issue").count() == 2


def test_a_stop_asks_twice_and_says_how_many(client, row):
    for name in ("bob", "charlie"):
        make_delivery(row.issue, make_subscriber(f"{name}@example.org"))
    make_delivery(row.issue, make_subscriber("d@example.org"), state=Delivery.State.SENT)
    url = address("stop_one", row.issue_id)
    asked = text(client.get(url))
    assert "2 wait" in " ".join(asked.split())
    again = client.post(url, {"reason": "all wrong"})
    assert Issue.objects.get().state == "running"
    assert "Are you sure?" in text(again)
    assert "2 readers" in " ".join(text(again).split())
    form = again.context["form"]
    client.post(url, {name: form[name].value() for name in form.fields})
    assert Issue.objects.get().state == "stopped"
    client.post(address("resume_one", row.issue_id))
    assert Issue.objects.get().state == "stopped"
