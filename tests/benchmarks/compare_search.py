"""How long a search takes here beside another checkout: the same searches in both, in turns.

    git worktree add ../before COMMIT
    python -m tests.benchmarks.compare_search ../before URL --fill --papers 100000 --more FILE
    python -m tests.benchmarks.compare_search ../before URL --searches 200

Here the papers are those of DATABASE_URL, which `tests.benchmarks.corpus` filled. URL is that
of the database of the other checkout, which it must have migrated; `--fill` puts the same papers
into it. Each search runs in both, one after the other in a random order, so that whatever else the
machine does falls on both alike. The time of the processor is that of the asking process, on
PostgreSQL without that of the server. The other checkout needs an environment of its own in
`.venv`, or a link to the one here.
"""

import argparse
import json
import os
import random
import subprocess
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks import corpus

HERE = Path(__file__).parents[2]

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""A second one that waits for the first takes the processor's time as if it worked."""

_ASKED = """
import json, os, sys, time
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
import django
django.setup()
from django.db import connection
from papers.search import find

def count(execute, *given):
    global statements
    statements += 1
    return execute(*given)

find("warm up")
for line in sys.stdin:
    query, statements = json.loads(line), 0
    began, worked = time.perf_counter(), time.process_time()
    found = find(query)
    spent, worked = time.perf_counter() - began, time.process_time() - worked
    with connection.execute_wrapper(count):
        find(query)
    is_corrected = bool(getattr(found, "corrected", ""))
    print(json.dumps([1000 * spent, 1000 * worked, statements, is_corrected]), flush=True)
"""

_FILLED = """
import importlib.util, os, sys
from pathlib import Path
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
import django
django.setup()
from django.db import connection
from django.utils import timezone
from papers.models import Paper
from papers.semantics.fitting import fit_now
place, size, *more = sys.argv[1:]
spec = importlib.util.spec_from_file_location("corpus", place)
corpus = importlib.util.module_from_spec(spec)
spec.loader.exec_module(corpus)
rows = [Paper(**fields) for fields in corpus.papers(int(size), more=[Path(one) for one in more])]
Paper.objects.bulk_create(rows, batch_size=500)
fit_now(timezone.now())
if connection.vendor == "postgresql":
    connection.cursor().execute("VACUUM ANALYZE")
"""


def child(checkout: Path, database: str, code: str, *arguments: str) -> "subprocess.Popen[str]":
    """A process that runs this code in a checkout."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.Popen(
        [str(checkout / ".venv/bin/python"), "-c", code, *arguments],
        cwd=checkout,
        env=environment | {"DATABASE_URL": database, **ONE_THREAD},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def ask(process: "subprocess.Popen[str]", query: str) -> list[float]:
    """Milliseconds on the clock and of the processor, statements, and whether it was corrected."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(query) + "\n")
    process.stdin.flush()
    answer: list[float] = json.loads(process.stdout.readline())
    return answer


def show(name: str, rows: list[list[float]]) -> None:
    """Print a line."""
    if not rows:
        return
    clock, worked, asked, _, clock_here, worked_here, asked_here, _ = map(
        median, zip(*rows, strict=True)
    )
    print(
        f"{name:22}{len(rows):5}  clock {clock:6.1f} {clock_here:6.1f} {clock_here / clock:5.2f}"
        f"  processor {worked:6.1f} {worked_here:6.1f} {worked_here / worked:5.2f}"
        f"  statements {asked:.0f} {asked_here:.0f}, at most"
        f" {max(row[6] - row[2] for row in rows):+.0f}",
        flush=True,
    )


def main() -> None:
    """Fill the other database, or search in both and print medians, before and here."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
    django.setup()
    from papers.evaluation.search import KINDS, sample

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("before", type=Path, help="the other checkout")
    parser.add_argument("database", help="its database, as DATABASE_URL says it")
    parser.add_argument("--kind", nargs="*", choices=KINDS, default=list(KINDS))
    parser.add_argument("--searches", type=int, default=200, help="of each kind")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--fill", action="store_true", help="put papers in and search for none")
    parser.add_argument("--papers", type=int, default=100_000)
    parser.add_argument("--more", type=Path, nargs="*", default=[], metavar="FILE")
    options = parser.parse_args()
    checkout = options.before.resolve()
    if options.fill:
        files = [str(file.resolve()) for file in options.more]
        given = [str(Path(corpus.__file__).resolve()), str(options.papers), *files]
        raise SystemExit(child(checkout, options.database, _FILLED, *given).wait())
    chance = random.Random(options.seed)
    before = child(checkout, options.database, _ASKED)
    here = child(HERE, os.environ.get("DATABASE_URL", ""), _ASKED)
    for kind in options.kind:
        rows: list[list[float]] = []
        for _, _, query in sample(options.searches, options.seed, kind):
            answers: dict[Any, list[float]] = {}
            for process in chance.sample([before, here], 2):
                answers[process] = ask(process, query)
            rows.append([*answers[before], *answers[here]])
        show(kind, [row for row in rows if not row[7]])
        show(f"{kind}, corrected", [row for row in rows if row[7]])
    for process in (before, here):
        process.communicate()


if __name__ == "__main__":
    main()
