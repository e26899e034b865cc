"""What the pages of the admin cost with very many rows.

    python -m tests.benchmarks.bench_admin [--readers 100000] [--issues 10] [--topics 200]
        [--papers 100000] [--keep | --reuse] [--only TEXT] [--rounds 3]

Runs on the database server of DATABASE_URL, in a database of its own that it makes and removes
(SQLite without one), with a delivery for each reader and issue. Asked for are all lists, sorted by
each column and narrowed down by each filter, their last pages, a row of each kind with its history
and the page before its deletion, previews, and all else that the admin leads to. Printed for each:
statements, rows read as the plans of these statements have them (those that a filter threw away
included; on SQLite, a tenth of the steps that its machine takes), how many times as long as an
empty page of the admin it took, each asked alternately, and the large tables that are read as a
whole. What is more than 20 statements, 20,000 rows or 10 times is marked; only that is printed with
`--over`.
"""

import argparse
import logging
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from tests.benchmarks import admin_rows
from tests.benchmarks.bench_pages import plan_of

MOST_STATEMENTS, MOST_ROWS, MOST_RATIO = 20, 20_000, 10.0
EACH_STEPS, STEPS_OF_A_ROW = 100, 10
"""SQLite tells how many steps a statement takes; reading a row takes about ten."""

ORDERS = ("", "-")

MOST_CHOICES = 6
"""Choices of one filter that are asked for."""

EMPTY = "/admin/axes/accesslog/"
"""A list of nothing."""


@dataclass(slots=True)
class Cost:
    """What one page took."""

    status: int = 0
    statements: int = 0
    rows: int = 0
    whole: set[str] = field(default_factory=set)
    """Large tables that a step reads from one end to the other."""
    asked: list[tuple[int, str]] = field(default_factory=list)
    """Each statement with the rows that it read."""
    ratio: float = 0.0
    milliseconds: float = 0.0

    @property
    def over(self) -> list[str]:
        """What there is too much of."""
        found = []
        if self.statements > MOST_STATEMENTS:
            found.append("statements")
        if self.rows > MOST_ROWS:
            found.append("rows")
        if self.ratio > MOST_RATIO:
            found.append("time")
        return found


def pages(client: Any, only: str = "") -> Iterator[str]:
    """The addresses of the admin, of lists with every order and filter; with `only`, some of the
    models' that have it in them are enough.
    """
    from django.contrib import admin

    yield from ("/admin/", "/admin/?day=", "/admin/search/?s=topic", "/admin/auth/group/roles/")
    for model, model_admin in admin.site._registry.items():
        begin = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        if only and only[: len(begin)] not in begin[: len(only)]:
            continue
        if model._meta.app_label in ("papers", "subscriptions", "newsletter", "auth"):
            yield from _of_model(client, model, model_admin)
    yield from _others()


def _of_model(client: Any, model: Any, model_admin: Any) -> Iterator[str]:
    from django.urls import NoReverseMatch, reverse

    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    try:
        address = reverse(f"{name}_changelist")
    except NoReverseMatch:
        return
    yield address
    cl = getattr(client.get(address), "context", None)
    cl = cl.get("cl") if cl else None
    if cl is not None:
        yield from _of_list(address, cl)
    rows = model._base_manager.order_by("pk")
    for row in {row.pk: row for row in (rows.first(), rows.last()) if row is not None}.values():
        for view in ("change", "history", "delete"):
            try:
                found = reverse(f"{name}_{view}", args=[row.pk])
            except NoReverseMatch:
                continue
            if client.get(found).status_code == 200:
                yield found
    if client.get(f"{address}add/").status_code == 200:
        yield f"{address}add/"


def _of_list(address: str, cl: Any) -> Iterator[str]:
    if cl.paginator.num_pages > 1:
        yield f"{address}?p={cl.paginator.num_pages}"
    if cl.search_fields:
        yield from (f"{address}?q=500", f"{address}?q=77x")
    for at, column in enumerate(cl.list_display):
        can_sort = cl.sortable_by is None or column in cl.sortable_by
        if can_sort and cl.get_ordering_field(column):
            yield from (f"{address}?o={order}{at}" for order in ORDERS)
    for spec in cl.filter_specs:
        choices = [one for one in spec.choices(cl) if one.get("query_string")]
        choices = [one for one in choices if not one["query_string"].endswith("=")]
        for choice in choices[1 : MOST_CHOICES + 1]:
            yield address + choice["query_string"]


def _others() -> Iterator[str]:
    """Pages of their own."""
    from newsletter.models import Delivery, Issue, Letter
    from papers.models import Topic
    from subscriptions.models import Subscriber

    reader = Subscriber.objects.filter(status="active").order_by("pk")[9]
    readers = "/admin/subscriptions/subscriber/"
    yield f"{readers}?q=r500%40example.org"
    yield f"{readers}?q=r77"
    yield f"{readers}?q=example.org"
    yield f"{readers}forms/"
    ledger = "/admin/newsletter/delivery/"
    yield f"{ledger}?q={reader.pk}"
    yield f"{ledger}?q=r500%40example.org"
    yield f"{ledger}?q=r77"
    yield "/admin/subscriptions/notice/?q=r77"
    yield f"{ledger}why-not/?reader={reader.pk}&paper=arxiv:1000.10500"
    for state in ("failed", "sent", "pending"):
        for issue in Issue.objects.order_by("-day")[:2]:
            yield f"{ledger}?state__exact={state}&issue__id__exact={issue.pk}"
    for state in ("sent", "failed", "expired", "unknown"):
        row = Delivery.objects.filter(state=state).order_by("pk").first()
        yield f"{ledger}{row.pk if row else 0}/resend/"
    issue = Issue.objects.order_by("-day")[0]
    for view in ("example", "preview", "why-not", "correct", "pause", "stop"):
        yield f"/admin/newsletter/issue/{issue.pk}/{view}/"
    yield f"/admin/newsletter/issue/{issue.pk}/example/?part=html"
    yield f"/admin/newsletter/issue/{issue.pk}/preview/?part=html&subscriber={reader.pk}"
    letter = Letter.objects.order_by("pk")[0]
    for view in ("look", "approve", "stop"):
        yield f"/admin/newsletter/letter/{letter.pk}/{view}/"
    topic = Topic.objects.order_by("pk")[0]
    yield f"/admin/subscriptions/topicchange/add/?topic={topic.pk}"
    yield "/admin/papers/topic/packs/"
    yield "/admin/newsletter/trouble/status/"
    yield f"/admin/newsletter/dailycount/issue/{issue.pk}/"
    yield f"/admin/newsletter/dailycount/topic/{topic.slug}/"
    for model, named in (("match", "topic"), ("match", "paper"), ("pick", "paper")):
        query = f"app_label=papers&model_name={model}&field_name={named}&term=77x"
        yield f"/admin/autocomplete/?{query}"


def ask(client: Any, address: str) -> Cost:
    """Ask for a page, and then the database how it went about each of its queries."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    cost = Cost()
    with CaptureQueriesContext(connection) as asked:
        response = client.get(address)
        if not response.streaming:
            _ = response.content
    cost.status = response.status_code
    cost.statements = len(asked)
    for query in asked:
        sql = str(query["sql"])
        if re.match(r"\(*\s*(SELECT|WITH)\b", sql):
            rows, whole = plan_of(sql, admin_rows.LARGE)
            if connection.vendor == "sqlite":
                rows, whole = steps_of(sql) // STEPS_OF_A_ROW, set()
            cost.rows += rows
            cost.asked.append((rows, sql))
            cost.whole |= whole & set(admin_rows.LARGE)
    return cost


def steps_of(sql: str) -> int:
    """The steps of SQLite's machine that a statement takes, in tens."""
    from django.db import connection

    taken = 0

    def count() -> None:
        nonlocal taken
        taken += EACH_STEPS

    connection.ensure_connection()
    machine: Any = connection.connection
    machine.set_progress_handler(count, EACH_STEPS)
    try:
        machine.execute(sql).fetchall()
    finally:
        machine.set_progress_handler(None, 0)
    return taken


def time_it(client: Any, address: str, cost: Cost, rounds: int) -> None:
    """How many times as long as an empty page it takes, each asked alternately."""
    if not rounds:
        return
    took: dict[str, list[float]] = {address: [], EMPTY: []}
    for _ in range(rounds):
        for one in (EMPTY, address):
            began = time.perf_counter()
            client.get(one)
            took[one].append(time.perf_counter() - began)
    cost.milliseconds = 1000 * median(took[address])
    cost.ratio = median(took[address]) / median(took[EMPTY])


def measure(only: str, is_short: bool, rounds: int, shows_each: bool) -> None:
    """Ask for every page, print."""
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client
    from django.test.utils import setup_test_environment
    from django.utils import timezone

    from newsletter.operations.watching import troubles

    setup_test_environment(debug=False)  # which shows what a page was made of
    user, _ = User.objects.get_or_create(username="bench", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    client.get(EMPTY)
    logging.disable(logging.CRITICAL)
    print(f"{connection.vendor}\n{'page':72}{'queries':>8}{'rows':>10}{'times':>7}{'ms':>7}")
    count = over = 0
    for address in pages(client, only):
        if only and only not in address:
            continue
        # As a worker does, whose turn comes once a minute.
        troubles.watch(timezone.now(), tell=lambda _: True, pings=False)
        cost = ask(client, address)
        if cost.over:
            cost = ask(client, address)  # with what is remembered
        if cost.status >= 400:
            print(f"{address} answered {cost.status}")
            continue
        time_it(client, address, cost, rounds)
        count += 1
        over += bool(cost.over)
        if is_short and not cost.over and not cost.whole:
            continue
        spent = f"{cost.statements:8}{cost.rows:10}{cost.ratio:7.1f}{cost.milliseconds:7.0f}"
        said = f"  over: {', '.join(cost.over)}" if cost.over else ""
        whole = f"  reads {' '.join(sorted(cost.whole))}" if cost.whole else ""
        if shows_each and cost.over:
            for rows, sql in cost.asked:
                print(f"{rows:10} {sql[:2000]}")
        print(f"{address.removeprefix('/admin')[:71]:72}{spent}{said}{whole}", flush=True)
    print(f"{count} pages, {over} of them over")


def main() -> None:
    """Make the rows, ask for every page, print."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
    os.environ["STATIC_MANIFEST"] = "false"
    os.environ["DEBUG"] = "false"
    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.utils import timezone

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readers", type=int, default=100_000)
    parser.add_argument("--issues", type=int, default=10)
    parser.add_argument("--topics", type=int, default=200)
    parser.add_argument("--papers", type=int, default=100_000)
    parser.add_argument("--keep", action="store_true", help="leave the database as it is")
    parser.add_argument("--reuse", action="store_true", help="take the one that was left")
    parser.add_argument("--only", default="", help="pages whose address has this in it")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is timed, if at all")
    parser.add_argument("--each", action="store_true", help="print the statements, too")
    parser.add_argument("--over", action="store_true", help="print only what is too much")
    options = parser.parse_args()
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.LOGGING_CONFIG = None
    before = connection.settings_dict["NAME"]
    connection.creation.create_test_db(
        verbosity=0, autoclobber=True, serialize=False, keepdb=options.reuse
    )
    try:
        if not options.reuse:
            started = time.perf_counter()
            admin_rows.fill(
                options.readers, options.issues, options.topics, options.papers, timezone.now()
            )
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("VACUUM ANALYZE")
            print(f"rows made in {time.perf_counter() - started:.0f} s", flush=True)
        measure(options.only, options.over, options.rounds, options.each)
    finally:
        connection.creation.destroy_test_db(before, verbosity=0, keepdb=options.keep)


if __name__ == "__main__":
    main()
