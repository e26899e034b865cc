r"""What the pages of the admin cost with very many rows, on PostgreSQL.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/bench python -m \
        tests.benchmarks.bench_admin [--readers 100000] [--issues 10] [--topics 200]

Makes a scratch database beside that of DATABASE_URL, with a delivery for each reader and issue.
Printed for each page: statements, rows read as the plans of these statements have them (those that
a filter threw away included), and how many times as long as an empty page of the admin it took,
each asked alternately. What is more than 20 statements, 20,000 rows or 10 times is marked.
"""

import argparse
import json
import os
import time
from statistics import median
from typing import Any

from tests.benchmarks.bench_statistics import fill
from tests.benchmarks.bench_webhooks import a_database

MOST = {"statements": 20, "rows": 20_000, "ratio": 10.0}
ROUNDS = 3

PAGES = {
    "start": "/admin/",
    "topics": "/admin/papers/topic/",
    "a topic": "/admin/papers/topic/1/change/",
    "delete a topic": "/admin/papers/topic/1/delete/",
    "history of a topic": "/admin/papers/topic/1/history/",
    "readers": "/admin/subscriptions/subscriber/",
    "readers, last page": "/admin/subscriptions/subscriber/?p=200",
    "readers, by number": "/admin/subscriptions/subscriber/?q=500",
    "readers, by address": "/admin/subscriptions/subscriber/?q=r500%40example.org",
    "readers, part of an address": "/admin/subscriptions/subscriber/?q=r77",
    "a reader": "/admin/subscriptions/subscriber/500/change/",
    "deliveries": "/admin/newsletter/delivery/",
    "deliveries, last page": "/admin/newsletter/delivery/?p=100",
    "deliveries, by issue": "/admin/newsletter/delivery/?o=3",
    "deliveries, of an issue": "/admin/newsletter/delivery/?issue__id__exact=1",
    "deliveries, failed": "/admin/newsletter/delivery/?state__exact=failed",
    "a delivery": "/admin/newsletter/delivery/500/change/",
    "issues": "/admin/newsletter/issue/",
    "an issue": "/admin/newsletter/issue/1/change/",
    "events": "/admin/newsletter/event/",
    "other emails": "/admin/subscriptions/notice/",
    "papers": "/admin/papers/paper/",
    "submissions": "/admin/subscriptions/submission/",
    "who changed what": "/admin/papers/auditentry/",
    "statistics": "/admin/newsletter/dailycount/",
}
EMPTY = "/admin/newsletter/apiwrite/"


def read(plan: dict[str, Any]) -> int:
    """The rows that the leaves of a plan read, over all their loops."""
    below = plan.get("Plans", [])
    own = 0
    if "Scan" in plan["Node Type"] and plan["Node Type"] not in ("Subquery Scan", "CTE Scan"):
        thrown = sum(value for name, value in plan.items() if name.startswith("Rows Removed by"))
        own = int((plan["Actual Rows"] + thrown) * plan["Actual Loops"])
    return own + sum(read(one) for one in below)


def rows_read(statements: list[tuple[str, Any]]) -> int:
    """The rows that some statements read, run once more under EXPLAIN."""
    from django.db import connection

    total = 0
    with connection.cursor() as cursor:
        for sql, params in statements:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
            found = cursor.fetchone()[0]
            plans = json.loads(found) if isinstance(found, str) else found
            total += read(plans[0]["Plan"])
    return total


def measure(client: Any, path: str) -> tuple[int, int, float, int]:
    """Statements, rows read, and the seconds of the page over those of an empty one; the status."""
    from django.db import connection

    statements: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().upper().startswith(("SELECT", "WITH", "(SELECT")):
            statements.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        status = client.get(path).status_code
    took: dict[str, list[float]] = {path: [], EMPTY: []}
    for _ in range(ROUNDS):
        for one in (path, EMPTY):
            began = time.perf_counter()
            client.get(one)
            took[one].append(time.perf_counter() - began)
    ratio = median(took[path]) / median(took[EMPTY])
    return len(statements), rows_read(statements), ratio, status


def run(readers: int, issues: int, topics: int) -> None:
    """Fill, then measure each page and print it."""
    from django.contrib.auth.models import User
    from django.test import Client
    from django.utils import timezone

    from papers.models import Topic

    fill(readers, issues, timezone.now())
    Topic.objects.bulk_create(
        Topic(slug=f"more-{number}", name=f"More {number}", group="Bench")
        for number in range(topics - Topic.objects.count())
    )
    client = Client()
    client.force_login(
        User.objects.create_superuser("bench"), "django.contrib.auth.backends.ModelBackend"
    )
    client.get(EMPTY)
    print(f"{'page':30} {'statements':>10} {'rows':>10} {'ratio':>7}")
    for name, path in PAGES.items():
        statements, rows, ratio, status = measure(client, path)
        over = [
            what
            for what, value in (("statements", statements), ("rows", rows), ("ratio", ratio))
            if value > MOST[what]
        ]
        said = f"over: {', '.join(over)}" if over else ""
        said += f" (status {status})" if status != 200 else ""
        print(f"{name:30} {statements:10} {rows:10,} {ratio:7.1f}  {said}", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=100_000)
    parser.add_argument("--issues", type=int, default=10)
    parser.add_argument("--topics", type=int, default=200)
    args = parser.parse_args()
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        parser.error("DATABASE_URL must name a PostgreSQL server.")
    with a_database():
        import django

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
        os.environ["STATIC_MANIFEST"] = "false"
        os.environ["DEBUG"] = "false"
        django.setup()
        from django.conf import settings
        from django.core.management import call_command

        settings.ALLOWED_HOSTS = ["testserver"]
        call_command("migrate", verbosity=0)
        run(args.readers, args.issues, args.topics)


if __name__ == "__main__":
    main()
