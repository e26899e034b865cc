"""What a batch's readers had is read by indexes, however many others got the same issue."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from newsletter.digests.history import papers_had
from newsletter.models import Delivery, Issue
from tests.benchmarks.bench_pages import plan_of
from tests.factories import DAY, NOW, make_issue, make_subscribers

pytestmark = pytest.mark.django_db

READERS, BATCH, EARLIER = 3_000, 100, 3


def deliver(issue: Issue, readers: list[int], **kwargs) -> None:
    Delivery.objects.bulk_create(
        [
            Delivery(
                issue=issue, subscriber_id=pk, due_at=NOW, not_before=NOW, deadline=NOW, **kwargs
            )
            for pk in readers
        ]
    )


@pytest.mark.parametrize("with_earlier", [False, True])
def test_a_new_issue_is_not_read_as_a_whole_for_each_batch(with_earlier):
    """Statistics do not know it yet: its million deliveries were planned a minute ago."""
    readers = [one.pk for one in make_subscribers(READERS)]
    issues = [make_issue(DAY + dt.timedelta(days=n)) for n in range(EARLIER + 1)]
    for issue in issues[:-1]:
        deliver(issue, readers, state="sent", choices=[[7, 1, [], ""]])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    deliver(issues[-1], readers)
    asked_of = issues if with_earlier else issues[-1:]
    with CaptureQueriesContext(connection) as asked:
        had = papers_had(readers[:BATCH], [issue.pk for issue in asked_of])
    assert had == ({pk: {7} for pk in readers[:BATCH]} if with_earlier else {})
    (query,) = asked
    rows, whole = plan_of(str(query["sql"]), {"newsletter_delivery"})
    assert rows <= BATCH * (EARLIER + 1)
    assert "newsletter_delivery" not in whole
