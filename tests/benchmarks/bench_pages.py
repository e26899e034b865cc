"""What public pages and feeds ask of a database with a million papers, and what memory they take.

    python -m tests.benchmarks.bench_pages [--papers 1000000] [--topics 200] [--keep]

Runs on the database server of DATABASE_URL, in a database of its own that it makes and removes
(SQLite without one). The rows are made by the database itself: two thousand papers a day up to
today, of which one in five was counted, one or two topics each, half of a topic's matches sure
enough to be sent, a few common words in every title and a rare one. Each page is asked for twice
with nothing kept, and the second time counts. Printed are the queries, the rows that their steps
read and threw away (PostgreSQL: EXPLAIN ANALYZE), the tables that a step reads as a whole, and the
time on the clock; in the end, the most memory that this process had.
"""

import argparse
import os
import re
import resource
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

A_DAY = 2_000
"""Papers on one day."""


def main() -> None:
    """Make the rows, ask for every page, print."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
    os.environ["STATIC_MANIFEST"] = "false"
    os.environ["PAGE_CACHE_SECONDS"] = "0"
    django.setup()
    from django.conf import settings
    from django.db import connection

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--papers", type=int, default=1_000_000)
    parser.add_argument("--topics", type=int, default=200)
    parser.add_argument("--keep", action="store_true", help="leave the database as it is")
    parser.add_argument("--reuse", action="store_true", help="take the one that was left")
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
            fill(options.papers, options.topics)
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("VACUUM ANALYZE")
            print(f"{options.papers} papers made in {time.perf_counter() - started:.0f} s")
        measure()
    finally:
        connection.creation.destroy_test_db(before, verbosity=0, keepdb=options.keep)


def fill(papers: int, topics: int, a_day: int = A_DAY) -> None:
    """Papers, listings, counts, topics and matches, by statements over whole tables that both
    databases understand.
    """
    from django.db import connection, transaction
    from django.utils import timezone

    from papers.models import Feature, ListedDay, Match, Topic
    from papers.search import index
    from tests.factories import make_source

    source = make_source()
    today = timezone.now().date()
    Topic.objects.all().delete()
    fields = ("cs.LG", "physics.optics", "q-bio.NC", "econ.GN", "math.PR")
    Topic.objects.bulk_create(
        Topic(
            name=f"Topic {n}",
            slug=f"topic-{n}",
            group=f"Group {n % 20}",
            description="What it is about.",
            keywords=[f"phrase {n}"],
            categories=[f"arxiv:{fields[n % len(fields)]}"],
        )
        for n in range(topics)
    )
    first = Topic.objects.order_by("pk").values_list("pk", flat=True)[0]
    is_postgres = connection.vendor == "postgresql"

    def day(n: str) -> str:
        back = f"({papers - 1} - {n}) / {a_day}"
        if is_postgres:
            return f"(DATE '{today}' - ({back})::int)"
        return f"date('{today}', '-' || ({back}) || ' day')"

    with transaction.atomic(), connection.cursor() as cursor:
        index.uninstall(connection)  # made at once in the end, which is much faster
        more = f"SELECT n + 1 FROM numbers WHERE n < {papers - 1}"
        numbers = f"numbers(n) AS (SELECT 0 UNION ALL {more})"
        category = " ".join(f"WHEN {n} THEN '[\"arxiv:{name}\"]'" for n, name in enumerate(fields))
        json = "::jsonb" if is_postgres else ""
        stamp = f"{day('n')}::timestamptz" if is_postgres else f"{day('n')} || ' 09:00:00'"
        cursor.execute(
            "INSERT INTO papers_paper (identifier, title, abstract, summary, authors, organization,"
            " categories, keywords, code_url, project_url, thumbnail_url, upvotes, comments,"
            f" trending_score, created_at) WITH RECURSIVE {numbers} "
            "SELECT 'arxiv:' || (1000 + n / 99999) || '.' || (10000 + n % 99999), "
            "'A model of robots and ' || (n % 997) || ' things ' || (n % 49999) || 'x', "
            "'We study the data of things. It works. We explain why, in ' || n || ' ways.', '', "
            f"'[\"Alice Adams\", \"Bob Brown\"]'{json}, '', "
            f"(CASE n % {len(fields)} {category} END){json}, '[]'{json}, '', '', '', "
            "CASE WHEN n % 5 = 0 THEN n % 300 END, CASE WHEN n % 5 = 0 THEN n % 9 END, "
            f"(n % 1009) / 100.0, {stamp} FROM numbers"
        )
        cursor.execute("SELECT min(id) FROM papers_paper")
        lowest = cursor.fetchone()[0]
        listed = day(f"(id - {lowest})")
        cursor.execute(
            "INSERT INTO papers_feature (source_id, paper_id, day, submitted_by) "
            f"SELECT {source.pk}, id, {listed}, '' FROM papers_paper"
        )
        moment = f"{listed}::timestamptz" if is_postgres else f"{listed} || ' 09:00:00'"
        cursor.execute(
            "INSERT INTO papers_observation (source_id, paper_id, observed_at, upvotes, comments) "
            f"SELECT {source.pk}, id, {moment}, upvotes, comments FROM papers_paper "
            "WHERE upvotes IS NOT NULL"
        )
        for step in (7, 13):  # one or two topics each
            cursor.execute(
                "INSERT INTO papers_match "
                "(paper_id, topic_id, score, is_sendable, evidence, verdict, listed) "
                f"SELECT id, {first} + (id * {step}) % {topics}, (id % 100) / 10.0, "
                f"id % {step} < {step // 2 + 1}, '[]'{json}, '', {listed} FROM papers_paper "
                "WHERE true ON CONFLICT DO NOTHING"
            )
        index.install(connection)
    tell_planner()
    Match.objects.count_papers()
    ListedDay.objects.recount(Feature.objects.order_by().values_list("day", flat=True).distinct())


def tell_planner() -> None:
    """Have the database know how many rows there are, as it does where a site runs."""
    from django.db import connection

    from papers.planner_statistics import renew_grown

    if connection.vendor == "sqlite":
        renew_grown()
        return
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


@dataclass(frozen=True, slots=True)
class Asked:
    """What one page took."""

    queries: int
    rows: int
    """Read by the steps of the plans that touch tables, thrown away or not."""
    whole: frozenset[str]
    """Tables that a step reads from one end to the other."""
    seconds: float


def addresses() -> list[str]:
    """Every kind of public page and feed."""
    from django.utils import timezone

    from papers.models import Feature, Match, Paper
    from papers.pages.periods import month_of, week_of

    day = Feature.objects.order_by("-day").values_list("day", flat=True)[0]
    middle = Feature.objects.order_by("pk").values_list("day", flat=True)[
        Feature.objects.count() // 2
    ]
    topic = Match.objects.order_by("-pk").values_list("topic__slug", flat=True)[0]
    paper = Paper.objects.order_by("-pk")[3]
    assert day <= timezone.now().date()
    return [
        "/",
        f"/?topic={topic}",
        "/?field=biology",
        "/?page=9",
        f"/day/{middle}/",
        f"/day/{middle}/?topic={topic}&field=physics",
        f"/week/{week_of(middle)}/",
        f"/month/{month_of(middle)}/",
        f"/month/{month_of(middle)}/?topic={topic}&page=3",
        "/topics/",
        f"/topics/{topic}/",
        f"/topics/{topic}/feed.atom",
        "/feeds/papers.atom",
        "/feeds/fields/biology.atom",
        "/search/",
        "/search/?q=robots",
        "/search/?q=7777x",
        "/search/?q=model+of+robots",
        f"/search/?q=robots&topic={topic}",
        "/search/?q=robots&order=date",
        f"/search/?q=robots&order=date&topic={topic}",
        "/search/?q=robots&order=trend",
        "/search/?q=wombats",
        "/search/suggestions/?q=777",
        paper.get_absolute_url(),
        f"/picture/day/{middle}.png",
        f"/picture/paper/{paper.pk}.png",
        "/issues/",
        "/subscribe/",
        "/about/",
        "/sitemap.xml",
        "/sitemap-days.xml",
        "/sitemap-months.xml",
        "/sitemap-papers.xml",
        f"/sitemap-papers.xml?p={1 + paper.pk // 20_000}",
        "/fields/biology/",
        f"/fields/biology/?until={middle}",
        f"/topics/{topic}/?after={middle}.{paper.pk}",
    ]


def ask(client: Any, address: str) -> Asked:
    """Ask for a page, and then the database how it went about each of its queries."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(address)
    started = time.perf_counter()
    with CaptureQueriesContext(connection) as asked:
        response = client.get(address)
        for _ in response if response.streaming else ():
            pass
    seconds = time.perf_counter() - started
    if response.status_code >= 400:
        sys.exit(f"{address} answered {response.status_code}")
    rows, whole = 0, set()
    for query in asked:
        sql = str(query["sql"])
        if re.match(r"\s*(SELECT|WITH)\b", sql):
            read, scanned = plan_of(sql)
            rows += read
            whole |= scanned
    return Asked(len(asked), rows, frozenset(whole), seconds)


def plan_of(sql: str, large: Collection[str] = ()) -> tuple[int, set[str]]:
    """The rows that a query's steps read from tables, and the tables that it reads as a whole, on
    SQLite those that are `large`.
    """
    from django.db import connection

    large = set(large or LARGE)

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + sql)
            return read_by(cursor.fetchone()[0][0]["Plan"])
        cursor.execute("EXPLAIN QUERY PLAN " + sql.replace("%", "%%"))
        steps = [str(row[3]) for row in cursor.fetchall()]
    # In the order of an index it may end early, and a virtual table's is one by definition.
    scan = re.compile(r"SCAN (\w+)(?!.* (?:USING|VIRTUAL TABLE) .*INDEX)")
    scans = {found[1] for step in steps if (found := scan.match(step))}
    named = {name: set(re.findall(rf'"(\w+)" {name}\b', sql)) or {name} for name in scans}
    whole = set().union(*(tables for tables in named.values() if tables <= large))
    # Sought with each of many ids, the words are read from the beginning as often.
    again = re.compile(r"SCAN papers_fulltext VIRTUAL TABLE INDEX \d+:=")
    return 0, whole | {"papers_fulltext" for step in steps if again.match(step)}


def read_by(step: dict[str, Any]) -> tuple[int, set[str]]:
    """As `plan_of`, of one step and those below it."""
    loops = step.get("Actual Loops", 1)
    rows, whole = 0, set()
    if "Relation Name" in step:
        thrown = sum(value for name, value in step.items() if name.startswith("Rows Removed by"))
        rows = round((step["Actual Rows"] + thrown) * loops)
        if step["Node Type"] == "Seq Scan":
            whole.add(str(step["Relation Name"]))
    for each in step.get("Plans", ()):
        more, scanned = read_by(each)
        rows += more
        whole |= scanned
    return rows, whole


def measure() -> None:
    """Ask for every page, print."""
    from django.db import connection
    from django.test import Client

    client = Client()
    print(f"{connection.vendor}\n{'page':58}{'queries':>8}{'rows read':>12}{'ms':>8}")
    for address in addresses():
        asked = ask(client, address)
        whole = " ".join(sorted(name for name in asked.whole if name in LARGE))
        spent = f"{asked.queries:8}{asked.rows:12}{1000 * asked.seconds:8.0f}"
        print(f"{address[:57]:58}{spent}  {whole}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"the most memory of this process: {peak:.0f} MB")


LARGE = ("papers_paper", "papers_feature", "papers_match", "papers_observation", "papers_fulltext")
"""Tables that grow with the papers."""


if __name__ == "__main__":
    main()
