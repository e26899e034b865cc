"""What an import of very many readers costs, on PostgreSQL or SQLite.

    DATABASE_URL=postgres://postgres@127.0.0.1:5432/bench python -m tests.benchmarks.bench_import
        [--lines 1000000] [--json]

Makes a scratch database beside that of DATABASE_URL and a file of lines with oddities: other
spellings, duplicates, unsubscribed and bounced readers, quotes, tags, wrong addresses. Printed for
the check and for the import: seconds, CPU seconds of this process and of the database's backend,
the largest resident memory of this process in megabytes, and statements a line.
"""

import argparse
import json
import os
import random
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.bench_webhooks import a_database

DOMAINS = ("example.org", "b\u00fccher.example", "Mail.test")
TOPICS = ("agents", "robots", "vision")


def content(count: int) -> Iterator[bytes]:
    """A Mailchimp-like file, piece by piece; the same for the same count."""
    draw = random.Random(7)
    yield b"\xef\xbb\xbfEmail Address;First Name;OPTIN_TIME;status;TAGS\r\n"
    rows: list[str] = []
    for number in range(count):
        email = f"Reader{number}@{draw.choice(DOMAINS)}"
        status = draw.choices(("subscribed", "unsubscribed", "cleaned", "?"), (90, 7, 2, 1))[0]
        odd = draw.random()
        if odd < 0.01:
            email = f"reader{draw.randrange(number + 1)}@EXAMPLE.org"
        elif odd < 0.02:
            email = "not an address"
        tags = ",".join(f'""{tag}""' for tag in draw.sample(TOPICS, draw.randrange(3)))
        at = f"20{draw.randrange(10, 26)}-0{draw.randrange(1, 10)}-1{draw.randrange(10)} 10:11:12"
        rows.append(f'{email};"Zo\u00eb; {number}";{at};{status};"{tags}"\r\n')
        if len(rows) == 5000:
            yield "".join(rows).encode()
            rows.clear()
    yield "".join(rows).encode()


def backend_cpu() -> float:
    """CPU seconds of this connection's PostgreSQL process, where it runs on this machine."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(work: Any, lines: int) -> dict[str, float]:
    """The figures of one part."""
    from django.db import connection

    statements = 0

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(sql, params, many, context)

    began, own, other = time.perf_counter(), time.process_time(), backend_cpu()
    with connection.execute_wrapper(count):
        work()
    return {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - own,
        "database_cpu": backend_cpu() - other,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "statements_a_line": statements / lines,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with a_database():
        import django

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        figures = run(args.lines)
    if args.json:
        print(json.dumps(figures, indent=1))
        return
    for part, values in figures.items():
        print(part + ": " + ", ".join(f"{name} {value:,.4g}" for name, value in values.items()))


def run(count: int) -> dict[str, Any]:
    """The parts, in the order of an operator's."""
    from django.utils import timezone

    from papers.models import Topic
    from subscriptions.imports import runs
    from subscriptions.imports.options import DECLARATION, Options

    for slug in TOPICS:
        Topic.objects.get_or_create(slug=slug, defaults={"name": slug, "group": "Bench"})
    made: dict[str, Any] = {}
    figures: dict[str, Any] = {}

    def keep() -> None:
        made["run"] = runs.make(content(count), "bench.csv", "other", Options(), timezone.now())

    def work() -> None:
        runs.work(seconds=1e9)

    figures["file"] = measured(keep, count)
    figures["check"] = measured(work, count)
    one = made["run"]
    one.refresh_from_db()
    figures["outcomes of the check"] = one.counts
    one.refresh_from_db()
    runs.start(one, "bench", timezone.now(), DECLARATION)
    figures["import"] = measured(work, count)
    one.refresh_from_db()
    assert one.state == "done", one.error
    figures["outcomes"] = one.counts
    return figures


if __name__ == "__main__":
    main()
