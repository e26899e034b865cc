"""What editors do to thousands of rows at once: how long the request takes that notes it, and how
long a worker takes to do it.

    python -m tests.benchmarks.bench_bulk [--readers 100000] [--suppressed 3342] [--resent 9888]
        [--accepted 50]

Runs in a scratch database beside that of DATABASE_URL, with a digest that failed for each reader.
Printed for each action: rows changed, and seconds and statements of the request and of the worker.
"""

import argparse
import os
import time
from collections.abc import Callable
from typing import Any


def rows(readers: int, submissions: int, now: Any) -> None:
    """Readers, each with a digest of one issue that failed, and submissions that wait."""
    from newsletter.models import Delivery
    from subscriptions.models import Submission, Subscriber
    from tests.factories import make_frozen_issue, make_match, make_paper, make_topic

    make_match(make_paper("Robots"), make_topic("Robots"))
    issue = make_frozen_issue()
    for at in range(0, readers, 10_000):
        some = Subscriber.objects.bulk_create(
            Subscriber(
                email=f"r{n}@example.org", email_key=f"r{n}@example.org", status="active",
                confirmed_at=now,
            )
            for n in range(at, min(at + 10_000, readers))
        )  # fmt: skip
        Delivery.objects.bulk_create(
            Delivery(
                issue=issue, subscriber=one, state="failed", due_at=now, not_before=now,
                deadline=now,
            )
            for one in some
        )  # fmt: skip
    Submission.objects.bulk_create(
        Submission(
            identifier=f"arxiv:2606.{n:05d}",
            title=f"A wish {n}",
            facts={
                "abstract": "We study wishes.",
                "authors": [{"name": "Alice Adams"}],
                "categories": ["arxiv:cs.LG"],
                "published_on": "2026-06-01",
            },
            state=Submission.State.WAITING,
            submitted_at=now,
            check_after=now,
        )
        for n in range(submissions)
    )


def timed(what: Callable[[], Any]) -> tuple[float, int, Any]:
    """Seconds, statements, and what came of it."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        began = time.perf_counter()
        found = what()
    return time.perf_counter() - began, len(asked), found


def measure(options: argparse.Namespace) -> None:
    """Make the rows, do it, print."""
    from django.db import connection
    from django.utils import timezone

    from newsletter.delivery import in_bulk
    from newsletter.models import Delivery
    from papers import bulk
    from subscriptions.models import Submission, Subscriber
    from subscriptions.readers import in_bulk as of_readers

    now = timezone.now()
    rows(options.readers, options.accepted, now)
    readers, digests = Subscriber.objects.order_by("pk"), Delivery.objects.order_by("-pk")
    actions = [
        (of_readers.SUPPRESS, readers.filter(pk__in=readers.values("pk")[: options.suppressed])),
        (in_bulk.RESEND, digests.filter(pk__in=digests.values("pk")[: options.resent])),
        (of_readers.ACCEPT, Submission.objects.all()),
    ]
    print(f"{connection.vendor}, {options.readers} readers")
    print(f"{'':30}{'rows':>8}{'request':>12}{'statements':>12}{'worker':>12}{'statements':>12}")
    for kind, chosen in actions:
        noted, asked, action = timed(lambda kind=kind, chosen=chosen: bulk.make(kind, chosen, now))
        worked, taken, _ = timed(lambda kind=kind: bulk.work({kind.key: kind}, seconds=600))
        action.refresh_from_db()
        print(
            f"{kind.key:30}{action.changed:8}{noted:10.2f} s{asked:12}{worked:10.2f} s{taken:12}",
            flush=True,
        )


def main() -> None:
    """Read the options, and measure."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
    django.setup()
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--readers", type=int, default=100_000)
    parser.add_argument("--suppressed", type=int, default=3_342)
    parser.add_argument("--resent", type=int, default=9_888)
    parser.add_argument("--accepted", type=int, default=50)
    options = parser.parse_args()
    from tests.benchmarks.delivery import scratch_database

    with scratch_database():
        measure(options)


if __name__ == "__main__":
    main()
