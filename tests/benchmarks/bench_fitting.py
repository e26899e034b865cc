"""How long it takes to fit the semantic model of a stored site and embed every paper.

    python -m tests.benchmarks.bench_fitting [--papers N]

In a database of its own, SQLite in a temporary folder unless DATABASE_URL says otherwise (the one
it names must be empty). The papers are those of `bench_matching.background`. Also: how long a
process takes to read the model and the vectors, and to find the nearest papers of one. Times are
of the processor, all threads together.
"""

import argparse
import gzip
import json
import os
import random
import tempfile
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="broadsheet-bench-")
django.setup()

from django.core.management import call_command  # noqa: E402  # needs Django set up
from django.utils import timezone  # noqa: E402

from papers.models import Paper  # noqa: E402
from papers.semantics import current  # noqa: E402
from papers.semantics.fitting import fit_now  # noqa: E402
from tests.benchmarks.bench_matching import RECORDS, background, peak  # noqa: E402


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--papers", type=int, default=100_000)
    options = parser.parse_args()
    if not RECORDS.is_file():
        raise SystemExit(f"{RECORDS} is not on this machine")
    with gzip.open(RECORDS, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    call_command("migrate", verbosity=0)
    if Paper.objects.exists():
        raise SystemExit("The database is not empty.")
    texts = background(records, options.papers, random.Random(0))
    del records
    for at in range(0, len(texts), 2_000):
        Paper.objects.bulk_create(
            Paper(
                identifier=f"bench:{number}",
                title=text.partition("\n")[0][: Paper.TITLE_LENGTH],
                abstract=text.partition("\n")[2],
            )
            for number, text in enumerate(texts[at : at + 2_000], at)
        )
    del texts
    print(f"{options.papers} papers stored; {peak()} MB")

    spent: dict[str, float] = {}
    last: list[tuple[str, float]] = [("", time.process_time())]

    def report(what: str, done: int, total: int) -> None:
        before, since = last[-1]
        if what != before:
            spent[before] = time.process_time() - since
            last.append((what, time.process_time()))

    row = fit_now(timezone.now(), report)
    assert row is not None
    report("", 0, 0)
    parts = ", ".join(f"{what} {seconds:.1f} s" for what, seconds in spent.items() if what)
    print(
        f"fitted on {row.fitted_on}: {parts}; peak {peak()} MB, {len(row.data) / 1e6:.1f} MB stored"
    )

    current.clear()
    began = time.process_time()
    model = current.current_model()
    assert model is not None
    print(f"model read: {time.process_time() - began:.2f} s")
    query = model.embed(["efficient inference of language models"])[0]
    for turn in ("vectors read, nearest found", "nearest found again"):
        began = time.process_time()
        found = current.nearest(query, 100)
        print(f"{turn}: {(time.process_time() - began) * 1e3:.1f} ms, {len(found)} papers")


if __name__ == "__main__":
    main()
