"""How long a search takes among 100,000 papers, and what the index costs when papers come in.

    python -m tests.benchmarks.bench_search [--papers N] [--searches N]

Runs on the database server of DATABASE_URL, in a database of its own that it makes and removes
(SQLite without one). The papers are those of tests.benchmarks.corpus, the semantic model is fitted
on them, and the process holds their vectors. Measured is `papers.search.find` with everything in
it: full text, meaning, fusion, and leaving hidden papers out; the time on the clock and the time of
this process's processor, which is what counts on a busy machine (on PostgreSQL without the
server's share).
"""

import argparse
import os
import random
import time
from collections.abc import Callable
from statistics import median

COMMON = (
    "model",
    "learning",
    "we",
    "the method of data",
    "language model",
    "model language",
    "learning language model",
    "large language models",
    "reasoning benchmark",
    "training data",
    "graph neural network",
    "a new approach to learning with models from data",
)
"""The hard ones: words of most papers."""


def main() -> None:
    """Make the papers, measure, print."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
    django.setup()
    from django.db import connection

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--papers", type=int, default=100_000)
    parser.add_argument("--searches", type=int, default=500)
    options = parser.parse_args()
    before = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        measure(options.papers, options.searches)
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)


def measure(size: int, searches: int) -> None:
    """Store `size` papers, then search among them."""
    from django.db import connection

    from papers.evaluation.search import sample
    from papers.models import Paper
    from papers.search import find, index
    from tests.benchmarks import corpus

    print(f"{connection.vendor}, {size} papers stored in {corpus.fill(size):.0f} s")
    indexed = storing(5_000)
    index.uninstall(connection)
    print(f"storing 5,000 more: {indexed:.1f} s, without the index {storing(5_000):.1f} s")
    started = time.perf_counter()
    index.install(connection)
    print(f"index of all papers made anew: {time.perf_counter() - started:.0f} s")
    first = list(Paper.objects.order_by("pk")[:2_000])
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")
    for paper in first:
        paper.trending_score += 1
    started = time.perf_counter()
    Paper.objects.bulk_update(first, ["trending_score"], batch_size=500)
    print(f"scores of 2,000 papers updated: {time.perf_counter() - started:.2f} s")

    started = time.perf_counter()
    find("warm up")
    print(f"first search, which reads the vectors: {time.perf_counter() - started:.2f} s")
    titles = [query for _, _, query in sample(searches, seed=7)]
    chance = random.Random(7)
    queries = {
        "three words of a title": titles,
        "two words of a title": [" ".join(query.split()[:2]) for query in titles],
        "one word of a title": [query.split()[0] for query in titles],
        "an author": [
            chance.choice(authors)
            for authors in Paper.objects.order_by("?").values_list("authors", flat=True)[:searches]
            if authors
        ],
    }
    print(f"{'milliseconds':44}{'median':>10}{'p99':>10}{'processor':>12}{'p99':>10}")
    for name, asked in queries.items():
        show(name, [clocked(find, query) for query in asked])
    for query in COMMON:
        show(f"{query!r}", [clocked(find, query) for _ in range(max(50, searches // 10))])


def storing(size: int) -> float:
    """Seconds that storing `size` more papers takes; they are taken back."""
    from django.db import transaction

    from papers.models import Paper
    from tests.benchmarks import corpus

    fields = [each | {"identifier": f"more:{n}"} for n, each in enumerate(corpus.papers(size, 9))]
    with transaction.atomic():
        started = time.perf_counter()
        Paper.objects.bulk_create([Paper(**each) for each in fields], batch_size=500)
        spent = time.perf_counter() - started
        transaction.set_rollback(True)
    return spent


def clocked(function: Callable[[str], object], argument: str) -> tuple[float, float]:
    """Milliseconds that a call takes on the clock, and of the processor."""
    started, worked = time.perf_counter(), time.process_time()
    function(argument)
    return 1000 * (time.perf_counter() - started), 1000 * (time.process_time() - worked)


def show(name: str, times: list[tuple[float, float]]) -> None:
    """Print a line."""
    columns = [
        f"{median(column):10.1f}{sorted(column)[int(len(column) * 0.99)]:10.1f}"
        for column in zip(*times, strict=True)
    ]
    print(f"{name:44}{'  '.join(columns)}", flush=True)


if __name__ == "__main__":
    main()
