"""Addresses never to be emailed again, in the admin."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from papers.models import AuditEntry
from subscriptions.addresses import address_hash
from subscriptions.models import Subscriber, Suppression
from tests.factories import NOW, make_subscriber

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

Status = Subscriber.Status
SUPPRESSIONS = "/admin/subscriptions/suppression/"


def queries(editor, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert editor.get(path).status_code == 200
    return len(captured)


def test_an_address_is_suppressed_as_a_hash(editor):
    alice = make_subscriber()
    add = f"{SUPPRESSIONS}add/"
    assert 'type="email"' in editor.get(add).content.decode()
    answer = editor.post(add, {"email": "Alice@example.org", "reason": "complaint"}, follow=True)
    assert answer.status_code == 200
    kept = Suppression.objects.get()
    assert (kept.address_hash, kept.reason) == (address_hash("alice@example.org"), "complaint")
    assert kept.created_at == NOW
    alice.refresh_from_db()
    assert alice.status == Status.SUPPRESSED
    again = editor.post(add, {"email": "alice@example.org", "reason": "bounce"})
    assert "already suppressed" in again.content.decode()
    assert "@" not in str(list(AuditEntry.objects.values()))


def test_suppressions_are_found_by_address_and_never_changed(editor):
    Suppression.objects.add_address("alice@example.org", Suppression.Reason.BOUNCE, NOW)
    Suppression.objects.add_address("bob@example.org", Suppression.Reason.REQUEST, NOW)
    page = editor.get(SUPPRESSIONS, {"q": "ALICE@example.org"}).content.decode()
    assert address_hash("alice@example.org") in page
    assert address_hash("bob@example.org") not in page
    one = f"{SUPPRESSIONS}{address_hash('bob@example.org')}/change/"
    assert editor.get(one).status_code == 200
    assert editor.post(one, {"reason": "bounce"}).status_code == 403
    assert queries(editor, SUPPRESSIONS) < 12
